package dev.velo.it;

@ByResident
class RunIsolationByResidentIT extends RunIsolationIT {}
