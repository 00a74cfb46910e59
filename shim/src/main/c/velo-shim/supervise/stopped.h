#ifndef VELO_STOPPED_H
#define VELO_STOPPED_H

#include "call.h"
#include "filter.h"
#include "registers.h"

#include <sys/types.h>

/* A thread that was stopped behind its caught call, with all signals held back. */
struct stopped {
    pid_t thread;
    registers before; /* behind the call */
    uint64_t mask;    /* of signals */
    bool gone;        /* it has ended */
    bool executed;    /* it runs another program */
    pid_t process;    /* whose id it gets by execve(2); 0: it has that already */
};

/* Traces the thread of the call that is being answered. 0, or -errno: nothing was done. */
long seize_thread(struct stopped *out);
/* Stops it, which so has its answer. Afterwards gone may be true. */
void stop_seized(struct stopped *out);
/* Both. */
long stop_thread(struct stopped *out);
/* Has a caught call answered, and its thread look for signals behind it, which it need not have any of.
 * False: it cannot be stopped, and there is no answer yet. */
bool release_thread(pid_t thread, void (*answer)(const void *with), const void *with);
/* Lets it make a call. The filter looks at it, unless exempt: then from the page that prepare_memory made.
 * -ESRCH where it is gone. */
long stopped_call(struct stopped *stopped, bool exempt, long number, const long arguments[6]);
/* Makes sure that there are the page for exempt calls and SCRATCH_SIZE bytes at SCRATCH in its memory. */
long prepare_memory(struct stopped *stopped);
long put_memory(const struct stopped *stopped, unsigned long to, const void *from, size_t length);
/* Lets it go on, its call having this result. */
void stopped_return(struct stopped *stopped, long result);
/* Lets it go on, making its call once more. */
void stopped_repeat(struct stopped *stopped, const struct seccomp_data *call);

#define SCRATCH (SUPERVISED_PAGE + EXEMPT_SIZE)
#define SCRATCH_SIZE (1ul << 20)

#endif
