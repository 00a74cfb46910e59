package dev.velo.it;

@ByResident
class AttackByResidentIT extends AttackIT {}
