package dev.velo.it;

@ByResident
class SupervisionByResidentIT extends SupervisionIT {}
