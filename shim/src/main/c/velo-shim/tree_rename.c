#include "tree_edit.h"
#include "tree_names.h"
#include "tree_nodes.h"

#include <errno.h>
#include <stdio.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

enum { DEPTH_MOST = 1 << 20 };

/* Whether a node is this directory or one above it. */
static bool is_above(const struct tree *tree, node_id id, node_id directory) {
    for (unsigned i = 0; i < DEPTH_MOST && directory != ROOT_NODE && directory != NO_NODE; i++) {
        if (directory == id) {
            return true;
        }
        directory = node_parent(tree, directory);
    }
    return directory == id;
}

static long rename_check(const struct tree *tree, const struct spot *from, const struct spot *to,
                         unsigned flags) {
    const bool exchange = (flags & RENAME_EXCHANGE) != 0;
    if (from->node == NO_NODE) {
        return -ENOENT;
    }
    if ((flags & RENAME_NOREPLACE) != 0 && to->node != NO_NODE) {
        return -EEXIST;
    }
    if (exchange && to->node == NO_NODE) {
        return -ENOENT;
    }
    const bool directory = node_type(tree, from->node) == NODE_DIRECTORY;
    if (directory && is_above(tree, from->node, to->directory)) {
        return -EINVAL;
    }
    if (to->node == NO_NODE) {
        return 0;
    }
    const bool onto_directory = node_type(tree, to->node) == NODE_DIRECTORY;
    if (onto_directory && is_above(tree, to->node, from->directory)) {
        return exchange ? -EINVAL : -ENOTEMPTY;
    }
    if (exchange || from->node == to->node) {
        return 0;
    }
    if (directory != onto_directory) {
        return directory ? -ENOTDIR : -EISDIR;
    }
    return directory && !directory_is_empty(tree, to->node) ? -ENOTEMPTY : 0;
}

static long exchange_names(struct mutation *mutation, struct spot *from, struct spot *to) {
    const node_id one = from->node, other = to->node;
    long done = spot_set(mutation, from, other);
    if (done == 0) {
        done = spot_set(mutation, to, one);
    }
    if (done == 0) {
        node_moves(mutation, one, from->directory, to->directory);
        node_moves(mutation, other, to->directory, from->directory);
    }
    return done;
}

static long move_name(struct mutation *mutation, struct spot *from, struct spot *to, node_id *gone) {
    const node_id moved = from->node, replaced = to->node;
    long done = spot_set(mutation, to, moved);
    if (done == 0) {
        done = spot_set(mutation, from, NO_NODE);
    }
    if (done < 0) {
        return done;
    }
    if (replaced != NO_NODE && node_loses(mutation, replaced, to->directory)) {
        *gone = replaced;
    }
    node_moves(mutation, moved, from->directory, to->directory);
    return 0;
}

static long rename_names(struct mutation *mutation, struct place from, struct place to, unsigned flags,
                         node_id *gone) {
    struct tree *tree = mutation->tree;
    struct spot here, there;
    long done = directory_check(tree, from.directory);
    if (done == 0) {
        done = directory_check(tree, to.directory);
    }
    if (done < 0) {
        return done;
    }
    spot_find(tree, from.directory, from.name, from.length, &here);
    spot_find(tree, to.directory, to.name, to.length, &there);
    done = rename_check(tree, &here, &there, flags);
    if (done < 0 || here.node == there.node) {
        return done; /* two names of one file: nothing happens */
    }
    return (flags & RENAME_EXCHANGE) != 0 ? exchange_names(mutation, &here, &there)
                                          : move_name(mutation, &here, &there, gone);
}

long tree_rename(struct tree *tree, struct place from, struct place to, unsigned flags, node_id *gone) {
    struct mutation mutation;
    *gone = NO_NODE;
    if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0 ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE)) {
        return -EINVAL;
    }
    long done = name_check(from.name, from.length);
    if (done == 0) {
        done = name_check(to.name, to.length);
    }
    if (done == 0) {
        done = mutation_begin(&mutation, tree);
    }
    if (done < 0) {
        return done;
    }
    mutation.frees = true;
    done = rename_names(&mutation, from, to, flags, gone);
    done = done < 0 ? mutation_abandon(&mutation, done) : nodes_commit(&mutation);
    if (done < 0) {
        *gone = NO_NODE;
    }
    return done;
}
