#include "tree_names.h"
#include "manifest_fields.h"
#include "tree_nodes.h"

#include <errno.h>
#include <string.h>

static uint64_t stir(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0xD6E8FEB86659FD93);
    return hash ^ hash >> 32;
}

static uint32_t name_hash(const struct tree *tree, node_id directory, const char *name, size_t length) {
    uint64_t hash = stir(tree->session->seed, (uint64_t)directory << 32 | length);
    for (; length >= 8; name += 8, length -= 8) {
        hash = stir(hash, read64(name));
    }
    uint64_t word = 0;
    memcpy(&word, name, length);
    return (uint32_t)stir(hash, word);
}

static uint32_t place_hash(const struct tree *tree, node_id directory, uint64_t place) {
    return (uint32_t)stir(stir(tree->session->seed, directory), place);
}

uint32_t name_find(const struct tree *tree, node_id directory, const char *name, size_t length) {
    const uint32_t hash = name_hash(tree, directory, name, length);
    uint32_t unit = table_first(tree, TABLE_NAMES, hash);
    for (unsigned i = 0; i < CHAIN_MOST; i++) {
        struct name *found = name_at(tree, unit);
        if (found == NULL) {
            break;
        }
        if (LOAD(found->by_name.hash) == hash && LOAD(found->directory) == directory &&
            LOAD(found->length) == length && memcmp(found->text, name, length) == 0) {
            return unit;
        }
        unit = LOAD(found->by_name.next);
    }
    return NO_BLOCK;
}

uint32_t place_find(const struct tree *tree, node_id directory, uint64_t place) {
    const uint32_t hash = place_hash(tree, directory, place);
    uint32_t unit = table_first(tree, TABLE_PLACES, hash);
    for (unsigned i = 0; i < CHAIN_MOST; i++) {
        struct name *found = name_at(tree, unit);
        if (found == NULL) {
            break;
        }
        if (LOAD(found->directory) == directory && LOAD(found->place) == place) {
            return unit;
        }
        unit = LOAD(found->by_place.next);
    }
    return NO_BLOCK;
}

void spot_find(const struct tree *tree, node_id directory, const char *name, size_t length,
               struct spot *out) {
    const bool lower = is_lower(tree, directory);
    *out = (struct spot){directory, name, (uint32_t)length, NO_BLOCK, NO_ENTRY, NO_NODE};
    if (length == 0 || length > NAME_MOST) {
        return;
    }
    if (!lower || (bits_of(tree, directory) & BIT_NAMES) != 0) {
        out->block = name_find(tree, directory, name, length);
        struct name *found = name_at(tree, out->block);
        if (found != NULL) {
            out->node = LOAD(found->node);
            return;
        }
    }
    if (lower) {
        const uint32_t entry = manifest_child(&tree->lower, directory, name, length);
        if (entry != NO_ENTRY && node_type(tree, entry) != 0) {
            out->entry = out->node = entry;
        }
    }
}

static size_t name_bytes(size_t length) {
    return sizeof(struct name) + length;
}

/* The list of a node's names. */
static void attach(struct mutation *mutation, uint32_t unit, node_id node) {
    struct name *name = name_at(mutation->tree, unit);
    struct record *record = record_for(mutation, node);
    const uint32_t first = GET(mutation, record->names);
    struct name *later = name_at(mutation->tree, first);
    PUT(mutation, name->earlier, NO_BLOCK);
    PUT(mutation, name->later, first);
    if (later != NULL) {
        PUT(mutation, later->earlier, unit);
    }
    PUT(mutation, record->names, unit);
}

static void detach(struct mutation *mutation, uint32_t unit, node_id node) {
    struct name *name = name_at(mutation->tree, unit);
    struct record *record = record_for(mutation, node);
    const uint32_t before = GET(mutation, name->earlier), behind = GET(mutation, name->later);
    struct name *earlier = name_at(mutation->tree, before), *later = name_at(mutation->tree, behind);
    if (earlier == NULL) {
        PUT(mutation, record->names, behind);
    } else {
        PUT(mutation, earlier->later, behind);
    }
    if (later != NULL) {
        PUT(mutation, later->earlier, before);
    }
}

/* The list of a directory's names, in the order of their places. */
static void append(struct mutation *mutation, uint32_t unit, node_id directory) {
    struct tree *tree = mutation->tree;
    struct name *name = name_at(tree, unit);
    struct record *record = record_for(mutation, directory);
    const uint64_t place = GET(mutation, record->made) + 1;
    const uint32_t last = GET(mutation, record->last);
    struct name *before = name_at(tree, last);
    PUT(mutation, record->made, place);
    PUT(mutation, name->place, place);
    PUT(mutation, name->before, last);
    PUT(mutation, name->after, NO_BLOCK);
    if (before == NULL) {
        PUT(mutation, record->first, unit);
    } else {
        PUT(mutation, before->after, unit);
    }
    PUT(mutation, record->last, unit);
    table_add(mutation, TABLE_PLACES, unit, place_hash(tree, directory, place));
}

static void unlist(struct mutation *mutation, uint32_t unit, node_id directory) {
    struct tree *tree = mutation->tree;
    struct name *name = name_at(tree, unit);
    struct record *record = record_for(mutation, directory);
    const uint32_t front = GET(mutation, name->before), behind = GET(mutation, name->after);
    struct name *before = name_at(tree, front), *after = name_at(tree, behind);
    if (before == NULL) {
        PUT(mutation, record->first, behind);
    } else {
        PUT(mutation, before->after, behind);
    }
    if (after == NULL) {
        PUT(mutation, record->last, front);
    } else {
        PUT(mutation, after->before, front);
    }
    table_remove(mutation, TABLE_PLACES, unit);
}

static void count_live(struct mutation *mutation, node_id directory, uint32_t change) {
    struct record *record = record_for(mutation, directory);
    PUT(mutation, record->live, GET(mutation, record->live) + change);
}

static long make(struct mutation *mutation, struct spot *spot, node_id node) {
    struct tree *tree = mutation->tree;
    const uint32_t unit = block_take(mutation, name_bytes(spot->length));
    struct name *name = name_at(tree, unit);
    if (name == NULL) {
        return -ENOSPC;
    }
    memcpy(name->text, spot->name, spot->length);
    PUT(mutation, name->directory, spot->directory);
    PUT(mutation, name->length, spot->length);
    PUT(mutation, name->node, node);
    table_add(mutation, TABLE_NAMES, unit, name_hash(tree, spot->directory, spot->name, spot->length));
    if (spot->entry == NO_ENTRY) {
        append(mutation, unit, spot->directory);
    } else {
        PUT(mutation, name->place, 0);
        bits_set(mutation, spot->entry, BIT_MOVED);
        if (entry_type(&tree->lower, spot->entry) == ENTRY_DIRECTORY) {
            ways_bent(mutation);
        }
    }
    if (is_lower(tree, spot->directory)) {
        bits_set(mutation, spot->directory, BIT_NAMES);
    }
    if (node != NO_NODE) {
        attach(mutation, unit, node);
        count_live(mutation, spot->directory, 1);
    }
    spot->block = unit;
    return 0;
}

static void change(struct mutation *mutation, struct spot *spot, node_id node) {
    struct name *name = name_at(mutation->tree, spot->block);
    const node_id old = spot->node;
    if (old != NO_NODE) {
        detach(mutation, spot->block, old);
    }
    count_live(mutation, spot->directory, (node != NO_NODE) - (uint32_t)(old != NO_NODE));
    if (node != NO_NODE) {
        PUT(mutation, name->node, node);
        attach(mutation, spot->block, node);
    } else if (GET(mutation, name->place) == 0) {
        PUT(mutation, name->node, NO_NODE);
    } else {
        unlist(mutation, spot->block, spot->directory);
        table_remove(mutation, TABLE_NAMES, spot->block);
        block_free(mutation, spot->block, name_bytes(spot->length));
        spot->block = NO_BLOCK;
    }
}

long spot_set(struct mutation *mutation, struct spot *spot, node_id node) {
    long done = 0;
    if (spot->block != NO_BLOCK) {
        change(mutation, spot, node);
    } else {
        done = make(mutation, spot, node);
    }
    spot->node = node;
    return done;
}
