#ifndef VELO_TREE_NODES_H
#define VELO_TREE_NODES_H

#include "tree_redo.h"

/* ---- Reading, under the sequence number or the lock. ---- */

/* NULL: the manifest alone tells of this node, or there is none. */
struct record *record_of(const struct tree *tree, node_id id);

/* 0: there is no such node. A whiteout of the manifest is none. */
unsigned node_type(const struct tree *tree, node_id id);

/* A directory that has a name, or the root. */
bool is_living_directory(const struct tree *tree, node_id id);

/* Of a directory; NO_NODE where it was removed. */
node_id node_parent(const struct tree *tree, node_id id);

static inline bool is_lower(const struct tree *tree, node_id id) {
    return id < tree->session->entries;
}

/* ---- Writing. ---- */

/* A node's record, filled from the manifest where it had none. The node exists. Where there is no room for it
 * the mutation is full, and this is a record that nobody else sees. */
struct record *record_for(struct mutation *mutation, node_id id);

void bits_set(struct mutation *mutation, uint32_t entry, uint32_t bits);

/* The names in this directory have changed. */
void directory_touched(struct mutation *mutation, node_id directory);
void node_changed(struct mutation *mutation, node_id id);

/* A name of this node in this directory has come or gone; the name itself is not here. */
void node_gains(struct mutation *mutation, node_id id, node_id directory);
/* True: it was the last; the node is dead. */
bool node_loses(struct mutation *mutation, node_id id, node_id directory);

/* A directory, or another node, goes from one directory to another, or stays where it is under another name.
 */
void node_moves(struct mutation *mutation, node_id id, node_id from, node_id to);

/* mutation_commit, and gives back the memory of nodes of which nobody will ask again. */
long nodes_commit(struct mutation *mutation);

#endif
