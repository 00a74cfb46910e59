#ifndef VELO_TREE_LOCK_H
#define VELO_TREE_LOCK_H

#include "tree_memory.h"

#include <linux/futex.h>

/*
 * The session's lock, one for all processes. While a thread holds it its signals are blocked, and its robust
 * list names the lock as a pending operation, so the kernel marks it when the thread ends. Without robust
 * lists who waits for it finds out after a second. Not recursive.
 */
struct hold {
    uint64_t signals;
    struct robust_list_head *list; /* the thread's; NULL where the kernel tells of none */
    struct robust_list *pending;   /* what stood there */
    struct robust_list_head own;   /* for a thread that has none */
};

/* 0, or -EIO where it is not to be had for a minute. */
long lock_take(const struct tree *tree, struct hold *hold);
void lock_drop(const struct tree *tree, struct hold *hold);

#endif
