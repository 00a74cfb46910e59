package dev.velo.it;

@ByResident
class RecordByResidentIT extends RecordIT {}
