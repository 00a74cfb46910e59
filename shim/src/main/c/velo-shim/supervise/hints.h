#ifndef VELO_HINTS_H
#define VELO_HINTS_H

#include "../world.h"

/*
 * What descriptors that only name a file were opened for, where a blob stands for several files: these can
 * have no tag (descriptor.h). Of so many processes as there is room for; a child of fork(2) is not known.
 */
void hint_keep(int process, int fd, node_id node, uint64_t device, uint64_t inode);
/* NO_NODE: not known, or the inode is another one now. */
node_id hint_find(int process, int fd, uint64_t device, uint64_t inode);

#endif
