package dev.velo.it;

@ByResident
class ShimResultByResidentIT extends ShimResultIT {}
