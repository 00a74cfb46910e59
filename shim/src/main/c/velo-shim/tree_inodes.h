#ifndef VELO_TREE_INODES_H
#define VELO_TREE_INODES_H

#include "tree_redo.h"

/* Forgets the inodes of a node that nobody will ask for again. */
void inodes_forget(struct mutation *mutation, node_id id);

#endif
