package dev.velo.it;

@ByResident
class ReadCommandsByResidentIT extends ReadCommandsIT {}
