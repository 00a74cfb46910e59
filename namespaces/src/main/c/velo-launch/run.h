/* One run, as its supervisor knows it. */
#ifndef VELO_RUN_H
#define VELO_RUN_H

#include "enforcement.h"
#include "record.h"

#include <signal.h>

enum { GRACE_MS = 2000 };

struct run {
    const struct plan *plan;
    int base; /* directory descriptor */
    pid_t init;
    int control;
    int signals;
    sigset_t ignored; /* by the caller, as nohup(1) has it */
    int timer;
    int lifeline;
    struct terminal *terminal;
    int memory;    /* where the upper layer is, when it cannot be in the store; else -1 */
    bool reported; /* init has sent the payload's wait status */
    int status;
    bool timed_out;
    bool ending; /* init was told to end all */
    bool killed; /* with the lifeline */
    bool output_exceeded;
    bool out_of_memory;
    struct rusage usage;
    struct limits limits;
    struct output *output;
    struct record *record;
};

/* start.c: from the caller's process to init's. */
/* Closes everything that the plan does not name: the caller may have leaked anything into this process. */
void close_others(const struct plan *plan);
/* A descriptor for all signals, which are blocked from now on; and those that were ignored until now. */
int wait_signals(sigset_t *ignored);
/* Without the descriptor. All have their default action. */
void block_signals(sigset_t *ignored);
void start_init(struct run *run);

/* watch.c: while the payload lives, and until the last of its output has gone on. */
void tell_init(const struct run *run, unsigned char what);
void arm(const struct run *run, uint64_t milliseconds);
/* Returns when init has reported or has died. */
void watch_init(struct run *run);
/* Nothing inside lives any more; what it wrote last is still in the pipes. Whoever wants this process to end
 * is not kept waiting for a reader. */
void drain(struct run *run);

#endif
