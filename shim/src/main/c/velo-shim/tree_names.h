#ifndef VELO_TREE_NAMES_H
#define VELO_TREE_NAMES_H

#include "tree_blocks.h"

/* What a name in a directory leads to at this moment. */
struct spot {
    node_id directory;
    const char *name;
    uint32_t length;
    uint32_t block; /* of the session's name; NO_BLOCK where it has none */
    uint32_t entry; /* of the manifest, where block is NO_BLOCK; NO_ENTRY */
    node_id node;   /* NO_NODE: nothing */
};

/* Reading; the directory is one. */
void spot_find(const struct tree *tree, node_id directory, const char *name, size_t length, struct spot *out);

/* The session's name alone. */
uint32_t name_find(const struct tree *tree, node_id directory, const char *name, size_t length);

/* The session's name that was made at this place in the directory. */
uint32_t place_find(const struct tree *tree, node_id directory, uint64_t place);

/* Room for the longest name behind it; its length is at most NAME_MOST. NULL as block_at. */
static inline struct name *name_at(const struct tree *tree, uint32_t unit) {
    return block_at(tree, unit);
}

/* Lets the name lead to this node, or, with NO_NODE, to nothing. Says nothing to either node. -ENOSPC. */
long spot_set(struct mutation *mutation, struct spot *spot, node_id node);

#endif
