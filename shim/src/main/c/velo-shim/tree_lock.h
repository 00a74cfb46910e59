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

/* How long it is waited for: who holds it may be stopped (SIGSTOP, a debugger), but not for ever. */
enum patience { PATIENCE_SHORT, PATIENCE_LONG };

/* 0, or -EIO where it is not to be had for a tenth of a second, or a minute. */
long lock_take(const struct tree *tree, struct hold *hold, enum patience patience);
void lock_drop(const struct tree *tree, struct hold *hold);
/* Somebody who lives holds it. */
bool lock_is_held(const struct tree *tree);

/*
 * The right to store what the lock's owner has marked as valid, without the lock, for one process at a time.
 * False: another one has it, and was waited for a little. Who takes the lock, or has stored and goes on with
 * it, waits in helpers_end: from then on nobody stores what was valid before. -EIO after the given time.
 */
bool helper_begin(const struct tree *tree, struct hold *hold);
void helper_end(const struct tree *tree, struct hold *hold);
long helpers_end(const struct tree *tree);

#endif
