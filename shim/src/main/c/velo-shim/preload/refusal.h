#ifndef VELO_REFUSAL_H
#define VELO_REFUSAL_H

#include "sys.h"

/*
 * Calls that change what is mounted, or how the machine uses a file, do not know the tree: nothing can be
 * mounted on what is nowhere. Inside the prefix they fail as they do for an ordinary user.
 */
long refused(int at, const char *path, long number, long a, long b, long c, long d, long e);
long refused_either(const char *path, const char *other, long number, long a, long b, long c, long d, long e);
long refused_mount(const char *source, const char *target, long type, unsigned long flags, long data);

/* Calls for which "" is the descriptor, or the current directory: what stands there for a directory of the
 * tree is as little to be mounted. */
bool is_refused(int at, const char *path);
long refused_at(int at, const char *path, long number, long a, long b, long c, long d, long e);

#endif
