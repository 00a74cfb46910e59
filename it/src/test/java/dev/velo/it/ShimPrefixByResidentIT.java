package dev.velo.it;

@ByResident
class ShimPrefixByResidentIT extends ShimPrefixIT {}
