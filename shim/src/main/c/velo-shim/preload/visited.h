#ifndef VELO_VISITED_H
#define VELO_VISITED_H

#include <stddef.h>
#include <sys/types.h>

/* The directories that a walk has met, by device and inode. All zero: none. For one thread. */
struct visited {
    struct visited_directory *slots;
    size_t count, room; /* room: a power of two */
};

/* 1: it is new; 0: it was met before; -1 with errno: there is no memory for it. */
int visited_add(struct visited *visited, dev_t device, ino_t inode);

void visited_forget(struct visited *visited);

#endif
