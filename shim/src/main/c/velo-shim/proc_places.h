#ifndef VELO_PROC_PLACES_H
#define VELO_PROC_PLACES_H

#include "world.h"

struct stat;

/* Paths that lead to what a process has open, where they do not begin with /proc or /dev. */

/*
 * A relative path from the directory fd of the host (AT_FDCWD: the current one), which is one of /proc: true,
 * and the same path from the root on in room, PATH_MAX bytes. Costs nothing for names that lead to no
 * descriptor there, and one system call for those that are numbers or named like files of /proc.
 */
bool proc_relative(const struct world *world, int fd, const char *path, char *room);

/*
 * The node behind a path of the host, whichever way leads there: a link to /proc/self/fd,
 * /proc/self/map_files, the descriptor of another process. NO_NODE where the file is the host's. *open: the
 * descriptor of this process that it seems to be, or -1. Costs one stat(2).
 */
node_id proc_behind(struct caller *caller, int fd, const char *path, bool follow, int *open);

#endif
