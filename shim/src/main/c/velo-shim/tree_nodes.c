#include "tree_nodes.h"
#include "manifest_fields.h"
#include "tree_blocks.h"
#include "tree_inodes.h"

#include <string.h>

static uint32_t *losses_of(const struct tree *tree, node_id id) {
    return (uint32_t *)session_at(tree, tree->session->losses) + id / GROUP;
}

/* A group of which all are forgotten has no memory any more. */
struct record *record_of(const struct tree *tree, node_id id) {
    if (is_lower(tree, id)) {
        return (bits_of(tree, id) & BIT_RECORD) != 0 ? record_at(tree, id) : NULL;
    }
    const bool known = id < LOAD(tree->session->next_node) && id < tree->session->node_end;
    return known && LOAD(*losses_of(tree, id)) < GROUP ? record_at(tree, id) : NULL;
}

unsigned node_type(const struct tree *tree, node_id id) {
    struct record *record = record_of(tree, id);
    if (record != NULL) {
        return LOAD(record->kind) & 15;
    }
    if (!is_lower(tree, id)) {
        return 0;
    }
    const unsigned type = entry_type(&tree->lower, id);
    return type >= ENTRY_DIRECTORY && type <= ENTRY_LINK ? type : 0;
}

bool is_living_directory(const struct tree *tree, node_id id) {
    struct record *record = record_of(tree, id);
    if (record != NULL) {
        return (LOAD(record->kind) & 15) == NODE_DIRECTORY && LOAD(record->parent) != NO_NODE;
    }
    return node_type(tree, id) == NODE_DIRECTORY;
}

node_id node_parent(const struct tree *tree, node_id id) {
    struct record *record = record_of(tree, id);
    if (record != NULL) {
        return LOAD(record->parent);
    }
    if (!is_lower(tree, id)) {
        return NO_NODE;
    }
    return id == ROOT_NODE ? ROOT_NODE : entry_parent(&tree->lower, id);
}

void ways_bent(struct mutation *mutation) {
    PUT(mutation, mutation->tree->session->bent, 1U);
}

void bits_set(struct mutation *mutation, uint32_t entry, uint32_t bits) {
    uint32_t *word = bits_word(mutation->tree, entry);
    PUT(mutation, *word, GET(mutation, *word) | bits << bits_shift(entry));
}

/* Nothing reads a record before its bit is set, but the count that readers may have put there. */
static void fill(struct record *record, const struct manifest_entry *entry, node_id id) {
    const uint32_t counted = LOAD(record->counted);
    const uint32_t backing = entry->type == ENTRY_FILE ? BACKING_BLOB : BACKING_NONE;
    *record = (struct record){
        .kind = (uint32_t)entry->type | backing << 4,
        .mode = entry->mode,
        .uid = TREE_OWNER,
        .gid = TREE_OWNER,
        .links = 1,
        .parent = id == ROOT_NODE ? ROOT_NODE : entry->parent,
        .size = entry->type == ENTRY_DIRECTORY ? 0 : entry->size,
        .accessed = (uint64_t)entry->seconds,
        .modified = (uint64_t)entry->seconds,
        .changed = (uint64_t)entry->seconds,
        .accessed_part = entry->nanoseconds,
        .modified_part = entry->nanoseconds,
        .changed_part = entry->nanoseconds,
        .counted = counted,
    };
}

struct record *record_for(struct mutation *mutation, node_id id) {
    struct tree *tree = mutation->tree;
    struct record *record = record_at(tree, id);
    struct manifest_entry entry;
    if (is_lower(tree, id)) {
        const uint32_t bits = GET(mutation, *bits_word(tree, id)) >> bits_shift(id);
        if ((bits & BIT_RECORD) == 0 && manifest_entry(&tree->lower, id, &entry)) {
            if (mutation->full || !mutation_ready(mutation, record, sizeof *record)) {
                mutation->full = true;
                mutation->nothing = (struct record){0};
                return &mutation->nothing;
            }
            fill(record, &entry, id);
            bits_set(mutation, id, BIT_RECORD);
        }
    }
    return record;
}

void node_changed(struct mutation *mutation, node_id id) {
    struct record *record = record_for(mutation, id);
    PUT(mutation, record->changed, (uint64_t)mutation->now.seconds);
    PUT(mutation, record->changed_part, mutation->now.nanoseconds);
}

void directory_touched(struct mutation *mutation, node_id directory) {
    struct record *record = record_for(mutation, directory);
    PUT(mutation, record->modified, (uint64_t)mutation->now.seconds);
    PUT(mutation, record->modified_part, mutation->now.nanoseconds);
    node_changed(mutation, directory);
}

static void count_directories(struct mutation *mutation, node_id directory, uint32_t change) {
    struct record *record = record_for(mutation, directory);
    PUT(mutation, record->directories, GET(mutation, record->directories) + change);
}

void node_gains(struct mutation *mutation, node_id id, node_id directory) {
    struct record *record = record_for(mutation, id);
    PUT(mutation, record->links, GET(mutation, record->links) + 1);
    if ((GET(mutation, record->kind) & 15) == NODE_DIRECTORY) {
        PUT(mutation, record->parent, directory);
        count_directories(mutation, directory, 1);
    }
    node_changed(mutation, id);
    directory_touched(mutation, directory);
}

/* Of a node that died GRAVES deaths ago. */
static void forget(struct mutation *mutation, node_id id) {
    struct tree *tree = mutation->tree;
    if (id >= tree->session->node_end) {
        return;
    }
    inodes_forget(mutation, id);
    if (is_lower(tree, id)) {
        return;
    }
    struct record *record = record_at(tree, id);
    const uint32_t unit = GET(mutation, record->target);
    struct text *target = block_at(tree, unit);
    if (target != NULL) {
        block_free(mutation, unit, sizeof *target + LOAD(target->length) + 1);
        PUT(mutation, record->target, NO_BLOCK);
    }
    PUT(mutation, record->kind, 0);
    uint32_t *losses = losses_of(tree, id);
    PUT(mutation, *losses, GET(mutation, *losses) + 1);
    mutation->forgotten = id;
}

static uint32_t *grave_at(const struct tree *tree, uint64_t death) {
    return (uint32_t *)session_at(tree, tree->session->graves) + death % GRAVES;
}

/* It is known for some time still: it may be open, or somebody's current directory. */
static void bury(struct mutation *mutation, node_id id) {
    struct tree *tree = mutation->tree;
    const uint64_t deaths = GET(mutation, tree->session->deaths);
    uint32_t *grave = grave_at(tree, deaths);
    if (deaths >= GRAVES) {
        forget(mutation, GET(mutation, *grave));
    }
    PUT(mutation, *grave, id);
    PUT(mutation, tree->session->deaths, deaths + 1);
}

bool node_loses(struct mutation *mutation, node_id id, node_id directory) {
    struct record *record = record_for(mutation, id);
    const uint32_t links = GET(mutation, record->links) - 1, kind = GET(mutation, record->kind);
    PUT(mutation, record->links, links);
    if ((kind & 15) == NODE_DIRECTORY) {
        PUT(mutation, record->parent, NO_NODE);
        count_directories(mutation, directory, UINT32_MAX);
    }
    node_changed(mutation, id);
    directory_touched(mutation, directory);
    if (links == 0) {
        PUT(mutation, record->kind, kind | RECORD_DEAD);
        bury(mutation, id);
    }
    return links == 0;
}

void node_moves(struct mutation *mutation, node_id id, node_id from, node_id to) {
    struct record *record = record_for(mutation, id);
    if ((GET(mutation, record->kind) & 15) == NODE_DIRECTORY && from != to) {
        PUT(mutation, record->parent, to);
        count_directories(mutation, from, UINT32_MAX);
        count_directories(mutation, to, 1);
    }
    node_changed(mutation, id);
    directory_touched(mutation, from);
    directory_touched(mutation, to);
}

long nodes_commit(struct mutation *mutation) {
    struct tree *tree = mutation->tree;
    const node_id id = mutation->forgotten;
    const long stored = mutation_store(mutation);
    if (stored == 0 && id != NO_NODE && LOAD(*losses_of(tree, id)) == GROUP) {
        /* Where the file system cannot do this, or pages are larger than a group, they stay, 96 bytes each.
         */
        memory_remove(tree, record_at(tree, id / GROUP * GROUP), GROUP * sizeof(struct record));
    }
    return mutation_abandon(mutation, stored);
}
