package dev.velo.it;

@ByResident
class OutputByResidentIT extends OutputIT {}
