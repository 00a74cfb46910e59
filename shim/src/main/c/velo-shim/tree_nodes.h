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

enum { EVERYBODY_SEARCHES = 0111 };

/* A directory has a mode that lets everybody search it. */
bool everybody_searches(const struct tree *tree, node_id directory);

/* Whether the manifest's path of this entry is its path still. *searchable stays as it is only where
 * everybody may search all directories above it. */
bool is_in_place(const struct tree *tree, uint32_t entry, bool *searchable);

/* BIT_OPEN of an entry of the manifest, where it can be believed. */
static inline bool is_known_open(const struct tree *tree, uint32_t entry) {
    return (bits_of(tree, entry) & (BIT_OPEN | BIT_MOVED)) == BIT_OPEN && LOAD(tree->session->bent) == 0;
}

/* ---- Writing. ---- */

/* A node's record, filled from the manifest where it had none. The node exists. Where there is no room for it
 * the mutation is full, and this is a record that nobody else sees. */
struct record *record_for(struct mutation *mutation, node_id id);

void bits_set(struct mutation *mutation, uint32_t entry, uint32_t bits);

/* A directory of the manifest is not where it was, or not everybody may search it: BIT_OPEN holds no more. */
void ways_bent(struct mutation *mutation);

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
