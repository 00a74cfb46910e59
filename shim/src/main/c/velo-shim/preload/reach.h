#ifndef VELO_REACH_H
#define VELO_REACH_H

#include "../door.h"
#include "shim.h"

/* Real paths of the session and the store, which a process that became another user reaches by the door. */

/* The core's system calls; those on a real path go by the door where the kernel says EACCES of the way. */
extern const struct kernel reach_kernel;

#define REACH1(nr, a) KERNEL1(&reach_kernel, nr, a)
#define REACH3(nr, a, b, c) KERNEL3(&reach_kernel, nr, a, b, c)
#define REACH4(nr, a, b, c, d) KERNEL4(&reach_kernel, nr, a, b, c, d)
#define REACH5(nr, a, b, c, d, e) KERNEL5(&reach_kernel, nr, a, b, c, d, e)

/* "world", "session" or the manifest of a session, before there is a world. */
long reach_open(const char *session, const char *path, int flags);

/* As door_way, of this process. */
long reach_way(const char *path, struct door_way *out);
void reach_end(struct door_way *way);

/*
 * This process is no longer who started the session: what it starts as another user may not be able to load
 * the library. False: it is not, and a line on standard error has said so.
 */
bool reach_loads_library(int at, const char *program, int flags);

#endif
