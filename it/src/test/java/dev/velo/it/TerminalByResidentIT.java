package dev.velo.it;

@ByResident
class TerminalByResidentIT extends TerminalIT {}
