package dev.velo.it;

@ByResident
class StreamsByResidentIT extends StreamsIT {}
