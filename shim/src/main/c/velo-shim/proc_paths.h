#ifndef VELO_PROC_PATHS_H
#define VELO_PROC_PATHS_H

#include "world.h"

struct stat;

/* Paths by which the kernel leads a process to what it has itself: /proc/self/fd/3, /dev/fd/3,
 * /proc/self/cwd... */
struct proc_path {
    enum { PROC_OTHER, PROC_DESCRIPTOR, PROC_CURRENT, PROC_PROGRAM, PROC_ROOT } kind;
    int fd;           /* PROC_DESCRIPTOR; of the caller */
    const char *rest; /* of the path, behind that: "" or from a slash on */
};

void proc_path(struct caller *caller, const char *path, struct proc_path *out);

/* The node that the caller's program is, NO_NODE where it is of the host. */
node_id proc_program(struct caller *caller);

#endif
