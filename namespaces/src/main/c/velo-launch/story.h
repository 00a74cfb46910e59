/*
 * What happened in a run, written down by whichever of its processes knows it. In memory that the supervisor
 * shares with init and with the payload's process until that executes its program.
 */
#ifndef VELO_STORY_H
#define VELO_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they begin; each lasts until the next. */
enum phase {
    PHASE_PREPARE,    /* the supervisor reads the plan and makes what the sandbox needs outside */
    PHASE_NAMESPACES, /* new namespaces, and who the caller is in them */
    PHASE_ROOT,       /* the root file system */
    PHASE_CONFINE,    /* ceilings, and the second user namespace */
    PHASE_PAYLOAD,    /* the payload's process gives up its rights */
    PHASE_RUN,        /* the payload's program */
    PHASE_FINISH,     /* what it changed is captured */
    PHASES
};

enum { SPACES = 3 };

/* A file system in memory that the payload can write to, as it was when the payload ended. */
struct space {
    uint64_t size, used, inodes, inodes_used;
};

struct story {
    uint64_t began[PHASES]; /* CLOCK_MONOTONIC, nanoseconds; 0: never */
    uint64_t ended;
    struct space spaces[SPACES]; /* as space_names */
    bool disk_free;              /* the root's upper layer has no limit although one was asked for */
    bool failed;
    uint32_t stage;     /* a phase */
    uint32_t failed_in; /* a phase */
    int errnum;         /* 0: no system call failed */
    char type[48];      /* of docs/formats/doctor.md, or of a limit; empty: it has none */
    char what[512];     /* "cannot <verb> <object>" */
    char reason[512];
    char remedy[256];
};

extern struct story *story;
extern const char *const phase_names[PHASES];
extern const char *const space_names[SPACES];

/* Before it nothing is written down. */
void story_begin(void);
/* The memory alone, for a child that may be of the run, and joins it then. False: there is none. */
bool story_reserve(void);
void story_join(void);
void enter_phase(enum phase phase);
uint64_t now_ns(void);
/* Of init, before it ends and with it all inside. */
void look_at_spaces(void);
/* Of the failure that is told next. */
extern const char *failure_type;
/* The first failure is the one that counts: what comes after it follows from it. */
void note_failure(const char *text, const char *reason, int errnum, const char *remedy);

#endif
