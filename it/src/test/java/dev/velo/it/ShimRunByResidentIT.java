package dev.velo.it;

@ByResident
class ShimRunByResidentIT extends ShimRunIT {}
