package dev.velo.it;

@ByResident
class ShimEndByResidentIT extends ShimEndIT {}
