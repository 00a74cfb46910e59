#ifndef VELO_COPY_UP_H
#define VELO_COPY_UP_H

#include "world.h"

/*
 * Makes a file BACKING_UPPER: its content, at most so many bytes, its mode, owner and times are those of
 * files/<node>. 0 also where another process was first. -errno: nothing has changed.
 */
long copy_up(struct world *world, node_id id, uint64_t most);

/* All bytes, or the first of them, of a file into another one that is empty. */
long copy_content(const struct kernel *kernel, int from, int to, uint64_t length);

#endif
