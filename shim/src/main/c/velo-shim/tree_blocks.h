#ifndef VELO_TREE_BLOCKS_H
#define VELO_TREE_BLOCKS_H

#include "tree_redo.h"

/* Memory for what has a length of its own: nine sizes, each with a list of free blocks. */

/* NO_BLOCK: there is no room. All but its first word may be written at once. */
uint32_t block_take(struct mutation *mutation, size_t bytes);

/* bytes as it was taken with. */
void block_free(struct mutation *mutation, uint32_t unit, size_t bytes);

/* Chains of the hash tables, which grow by one bucket with each block, so that nobody ever waits for all to
 * move (linear hashing). */
uint32_t table_first(const struct tree *tree, enum table_kind kind, uint32_t hash);
struct link *table_link(const struct tree *tree, enum table_kind kind, uint32_t unit);
void table_add(struct mutation *mutation, enum table_kind kind, uint32_t unit, uint32_t hash);
void table_remove(struct mutation *mutation, enum table_kind kind, uint32_t unit);

/* Longer chains do not occur but in a look at a table that is just being changed. */
enum { CHAIN_MOST = 1 << 16 };

#endif
