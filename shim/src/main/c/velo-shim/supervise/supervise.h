#ifndef VELO_SUPERVISE_H
#define VELO_SUPERVISE_H

#include "../world.h"

struct seccomp_notif;

/*
 * The supervisor: answers the system calls of processes under the filter (filter.h) through the same core as
 * the preload library. It must be an ancestor of them all, or be allowed to trace them, and must not be under
 * the filter itself.
 */
struct supervision {
    struct world *world; /* world_begin was done. Its kernel's call must be the plain system call. */
    int listener;        /* of the first filter; -1: none yet */
    /* Readable when another filter is offered: arrived is called then, gives its listener or -1, and must
     * not wait for anything. -1: there will be none. */
    int arrivals;
    int (*arrived)(int arrivals, void *with);
    int stop; /* readable, or closed at its other end: supervise returns. -1: when the last filter is gone */
    /* Told of each call before it is answered, while its thread stands still; NULL: nobody wants to know. */
    void (*caught)(const struct seccomp_notif *call, void *with);
    /* Told why a process is refused what it asks, once a process; NULL: nobody wants to know. */
    void (*refused)(int process, const char *reason, void *with);
    void *with;
};

/*
 * Runs in the calling thread, which gets a current directory and a umask of its own (unshare(CLONE_FS)), and
 * should have all signals blocked. Takes the listeners and closes them. 0 after stop, or -errno where it
 * could not begin. Children that it starts for calls that wait end with it; it reaps them by their ids.
 *
 * For chdir(2) and execve(2) into the tree it traces the calling thread for a moment. The kernel shows that
 * to every thread of this process that waits for its own child, and lets it take the stop away. So another
 * thread that waits asks waitid(2) with WNOWAIT and __WNOTHREAD first, leaves CLD_TRAPPED alone, and takes
 * the rest.
 */
long supervise(const struct supervision *supervision);

#endif
