#ifndef VELO_WALK_H
#define VELO_WALK_H

#include "resolve.h"

/* One resolution on its way. */
struct walk {
    struct caller *caller;
    unsigned how;
    unsigned links; /* symbolic links that were followed */
    struct target *out;
    node_id base; /* RESOLVE_STAYING, RESOLVE_ROOTED: what the path must not leave; else NO_NODE */
};

enum { WALK_LEAVES = 1, LINKS_MOST = 40, NAME_MOST = 255 };

/*
 * Walks a path from a directory of the tree on. 0: out is filled in. WALK_LEAVES: the path has left the tree,
 * or a symbolic link is absolute; where it goes on is in out->room, an absolute path. -errno.
 */
long walk_tree(struct walk *walk, node_id directory, const char *path);

/* The end of a walk at a node, which may be NO_NODE. -ENOTDIR where a slash follows what is no directory. */
long walk_end(struct walk *walk, node_id node);

#endif
