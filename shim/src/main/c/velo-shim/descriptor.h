#ifndef VELO_DESCRIPTOR_H
#define VELO_DESCRIPTOR_H

#include "world.h"

/*
 * Descriptors of a blob that stands for several files of the tree. The inode tells the file that was opened
 * first; a descriptor of another one has a tag, which the kernel keeps with the open file: the number of the
 * signal that F_SETSIG sets, and that no regular file ever sends but when a lease of it is broken. So dup(2),
 * fork(2), execve(2) and sockets keep it.
 */

/* A descriptor of a blob was opened for a node. */
void descriptor_opened(struct caller *caller, int fd, node_id id);

/* What a descriptor with this inode stands for; fd below 0: not known. NO_NODE: nothing of the tree. */
node_id descriptor_node(struct caller *caller, int fd, uint64_t device, uint64_t inode);

#endif
