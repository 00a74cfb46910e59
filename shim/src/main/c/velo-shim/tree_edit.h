#ifndef VELO_TREE_EDIT_H
#define VELO_TREE_EDIT_H

#include "tree.h"

/* What unlink and rename have in common; all but name_check with the lock, before anything is PUT. */

/* -EBUSY for no name at all, -ENAMETOOLONG, -EINVAL. */
long name_check(const char *name, size_t length);

/* -ENOENT where it is gone or was never there, -ENOTDIR. */
long directory_check(const struct tree *tree, node_id directory);

bool directory_is_empty(const struct tree *tree, node_id directory);

#endif
