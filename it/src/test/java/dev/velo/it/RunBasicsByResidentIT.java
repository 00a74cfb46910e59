package dev.velo.it;

@ByResident
class RunBasicsByResidentIT extends RunBasicsIT {}
