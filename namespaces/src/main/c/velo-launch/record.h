/* record.c: what happened in a run, as JSON in a file (docs/formats/run-record.md). */
#ifndef VELO_RECORD_H
#define VELO_RECORD_H

#include "enforcement.h"

#include <sys/resource.h>

/* Values that only the supervisor knows. */
struct ending {
    int exit;
    int signal; /* that ended the payload; 0: none */
    const char *cause;
    bool timed_out;
    bool out_of_memory;
    bool truncated;      /* not all of the output was passed on */
    struct rusage usage; /* of all that ran inside */
    uint64_t peak_memory, peak_processes;
    uint64_t output; /* bytes; UINT64_MAX: not counted */
};

/* Opened before anything runs, so that a run whose record has no place does not begin. */
struct record;
struct record *record_open(const char *path);
/* Whole, synced and under its name, or not there at all. False with a message where it cannot be written. */
bool record_write(struct record *record, const struct ending *ending, const struct limits *limits);

#endif
