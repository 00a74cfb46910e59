package dev.velo.it;

@ByResident
class BindByResidentIT extends BindIT {}
