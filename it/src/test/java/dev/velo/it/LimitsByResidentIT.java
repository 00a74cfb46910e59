package dev.velo.it;

@ByResident
class LimitsByResidentIT extends LimitsIT {}
