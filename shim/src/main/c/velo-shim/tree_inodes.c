#include "tree_inodes.h"
#include "tree_blocks.h"
#include "tree_nodes.h"

#include <errno.h>

/* A node has that of its blob, of its file and of its directory; more are those of blobs that were replaced.
 */
enum { INODES_MOST = 6 };

static uint32_t inode_hash(const struct tree *tree, uint64_t device, uint64_t inode) {
    uint64_t hash = (tree->session->seed ^ inode) * UINT64_C(0xD6E8FEB86659FD93);
    hash = (hash ^ hash >> 32 ^ device) * UINT64_C(0xD6E8FEB86659FD93);
    return (uint32_t)(hash >> 32);
}

static uint32_t inode_find(const struct tree *tree, uint64_t device, uint64_t inode) {
    uint32_t unit = table_first(tree, TABLE_INODES, inode_hash(tree, device, inode));
    for (unsigned i = 0; i < CHAIN_MOST; i++) {
        struct inode *found = block_at(tree, unit);
        if (found == NULL) {
            break;
        }
        if (LOAD(found->inode) == inode && LOAD(found->device) == device) {
            return unit;
        }
        unit = LOAD(found->by_inode.next);
    }
    return NO_BLOCK;
}

static void attach(struct mutation *mutation, uint32_t unit, node_id id) {
    struct inode *inode = block_at(mutation->tree, unit);
    struct record *record = record_for(mutation, id);
    const uint32_t first = GET(mutation, record->inodes);
    struct inode *later = block_at(mutation->tree, first);
    PUT(mutation, inode->node, id);
    PUT(mutation, inode->earlier, NO_BLOCK);
    PUT(mutation, inode->later, first);
    if (later != NULL) {
        PUT(mutation, later->earlier, unit);
    }
    PUT(mutation, record->inodes, unit);
}

static void detach(struct mutation *mutation, uint32_t unit) {
    struct tree *tree = mutation->tree;
    struct inode *inode = block_at(tree, unit);
    struct record *record = record_for(mutation, GET(mutation, inode->node));
    const uint32_t front = GET(mutation, inode->earlier), behind = GET(mutation, inode->later);
    struct inode *earlier = block_at(tree, front), *later = block_at(tree, behind);
    if (earlier == NULL) {
        PUT(mutation, record->inodes, behind);
    } else {
        PUT(mutation, earlier->later, behind);
    }
    if (later != NULL) {
        PUT(mutation, later->earlier, front);
    }
}

static void drop(struct mutation *mutation, uint32_t unit) {
    detach(mutation, unit);
    table_remove(mutation, TABLE_INODES, unit);
    block_free(mutation, unit, sizeof(struct inode));
}

/* The last of the list is the oldest. */
static void drop_oldest(struct mutation *mutation, node_id id, unsigned keep) {
    struct record *record = record_for(mutation, id);
    uint32_t unit = GET(mutation, record->inodes), count = 0;
    for (struct inode *inode; (inode = block_at(mutation->tree, unit)) != NULL; count++) {
        const uint32_t later = GET(mutation, inode->later);
        if (later == NO_BLOCK && count >= keep) {
            drop(mutation, unit);
        }
        unit = later;
    }
}

void inodes_forget(struct mutation *mutation, node_id id) {
    struct record *record = record_of(mutation->tree, id);
    for (unsigned i = 0; record != NULL && i < INODES_MOST; i++) {
        const uint32_t unit = GET(mutation, record->inodes);
        if (unit == NO_BLOCK) {
            break;
        }
        drop(mutation, unit);
    }
}

static long forget(struct tree *tree, uint64_t device, uint64_t inode) {
    struct mutation mutation;
    const long begun = mutation_begin(&mutation, tree);
    if (begun < 0) {
        return begun;
    }
    const uint32_t unit = inode_find(tree, device, inode);
    if (unit != NO_BLOCK) {
        drop(&mutation, unit);
    }
    return mutation_commit(&mutation);
}

static long note(struct tree *tree, uint64_t device, uint64_t inode, node_id id, bool replaces) {
    struct mutation mutation;
    const long begun = mutation_begin(&mutation, tree);
    if (begun < 0) {
        return begun;
    }
    if (node_type(tree, id) == 0) {
        return mutation_abandon(&mutation, -ENOENT);
    }
    uint32_t unit = inode_find(tree, device, inode);
    if (unit != NO_BLOCK && !replaces) {
        return mutation_abandon(&mutation, -EEXIST);
    }
    if (unit != NO_BLOCK) {
        detach(&mutation, unit);
    } else {
        unit = block_take(&mutation, sizeof(struct inode));
        struct inode *made = block_at(tree, unit);
        if (made == NULL) {
            return mutation_abandon(&mutation, -ENOSPC);
        }
        PUT(&mutation, made->device, device);
        PUT(&mutation, made->inode, inode);
        table_add(&mutation, TABLE_INODES, unit, inode_hash(tree, device, inode));
    }
    drop_oldest(&mutation, id, INODES_MOST - 1);
    attach(&mutation, unit, id);
    return mutation_commit(&mutation);
}

long tree_note(struct tree *tree, uint64_t device, uint64_t inode, node_id id) {
    if (id == NO_NODE) {
        return forget(tree, device, inode);
    }
    return tree_noted(tree, device, inode) == id ? 0 : note(tree, device, inode, id, true);
}

long tree_note_first(struct tree *tree, uint64_t device, uint64_t inode, node_id id) {
    return note(tree, device, inode, id, false);
}

node_id tree_noted(const struct tree *tree, uint64_t device, uint64_t inode) {
    struct reading reading = {0};
    node_id id;
    do {
        reading_begin(tree, &reading);
        struct inode *found = block_at(tree, inode_find(tree, device, inode));
        id = found == NULL ? NO_NODE : LOAD(found->node);
    } while (!reading_end(tree, &reading));
    return id;
}
