#include "tree_blocks.h"

static const uint16_t sizes[CLASSES] = {64, 96, 128, 192, 320, 640, 1280, 2560, 4608};

static unsigned class_of(size_t bytes) {
    unsigned class = 0;
    while (class < CLASSES && sizes[class] < bytes) {
        class ++;
    }
    return class;
}

enum { READY_AT_ONCE = 2048, READY_AT_LEAST = 256 };

/* Up to this unit, and behind it what is looked at without being there. */
static bool ready_to(struct mutation *mutation, uint32_t end) {
    struct session *session = mutation->tree->session;
    const uint64_t start = session->blocks + (uint64_t)LOAD(session->block_ready) * UNIT;
    const uint64_t stop = session->blocks + (uint64_t)end * UNIT + LARGEST_BLOCK;
    if (!mutation_ready(mutation, session_at(mutation->tree, start),
                        (stop < session->bytes ? stop : session->bytes) - start)) {
        return false;
    }
    __atomic_store_n(&session->block_ready, end, __ATOMIC_RELAXED);
    return true;
}

/* Whether blocks up to this unit may be written to. With the lock. The reserve is not for more than is
 * needed. */
static bool is_ready(struct mutation *mutation, uint32_t end) {
    const struct session *session = mutation->tree->session;
    const uint32_t ready = LOAD(session->block_ready);
    if (end <= ready) {
        return true;
    }
    const bool frees = mutation->frees;
    mutation->frees = false;
    const bool done = ready_to(mutation, ready + READY_AT_ONCE);
    mutation->frees = frees;
    return done || ready_to(mutation, ready + READY_AT_LEAST);
}

uint32_t block_take(struct mutation *mutation, size_t bytes) {
    struct tree *tree = mutation->tree;
    struct session *session = tree->session;
    const unsigned class = class_of(bytes);
    if (class == CLASSES) {
        return NO_BLOCK;
    }
    const uint32_t free = GET(mutation, session->free_block[class]);
    uint32_t *next = block_at(tree, free);
    if (next != NULL) {
        PUT(mutation, session->free_block[class], GET(mutation, *next));
        return free;
    }
    const uint32_t unit = GET(mutation, session->next_block);
    if (session->blocks + (uint64_t)unit * UNIT >= session->block_end ||
        !is_ready(mutation, unit + sizes[class] / UNIT)) {
        return NO_BLOCK;
    }
    PUT(mutation, session->next_block, unit + sizes[class] / UNIT);
    return unit;
}

void block_free(struct mutation *mutation, uint32_t unit, size_t bytes) {
    struct session *session = mutation->tree->session;
    const unsigned class = class_of(bytes);
    uint32_t *next = block_at(mutation->tree, unit);
    if (next != NULL && class < CLASSES) {
        PUT(mutation, *next, GET(mutation, session->free_block[class]));
        PUT(mutation, session->free_block[class], unit);
    }
}

static uint32_t bucket_of(uint32_t hash, uint32_t buckets) {
    const uint32_t round = buckets < 2 ? 1 : UINT32_C(2) << (31 - __builtin_clz(buckets - 1));
    const uint32_t bucket = hash & (round - 1);
    return bucket < buckets ? bucket : hash & (round / 2 - 1);
}

static uint32_t *bucket_at(const struct tree *tree, enum table_kind kind, uint32_t bucket) {
    const struct session *session = tree->session;
    const uint64_t within = bucket < session->bucket_limit ? bucket : 0;
    return session_at(tree, session->buckets[kind] + within * sizeof(uint32_t));
}

uint32_t table_first(const struct tree *tree, enum table_kind kind, uint32_t hash) {
    return LOAD(*bucket_at(tree, kind, bucket_of(hash, LOAD(tree->session->table[kind].buckets))));
}

struct link *table_link(const struct tree *tree, enum table_kind kind, uint32_t unit) {
    void *block = block_at(tree, unit);
    if (block == NULL) {
        return NULL;
    }
    switch (kind) {
    case TABLE_NAMES:
        return &((struct name *)block)->by_name;
    case TABLE_PLACES:
        return &((struct name *)block)->by_place;
    default:
        return &((struct inode *)block)->by_inode;
    }
}

enum { SPLIT_MOST = 16, BUCKETS_OF_PAGE = 1024 };

static unsigned chain_length(const struct mutation *mutation, enum table_kind kind, uint32_t unit) {
    unsigned length = 0;
    for (struct link *link; length <= SPLIT_MOST; length++) {
        if ((link = table_link(mutation->tree, kind, unit)) == NULL) {
            break;
        }
        unit = GET(mutation, link->next);
    }
    return length;
}

/* One more bucket: it takes its share of the chain that it is split from. A chain too long for one mutation
 * stays, and the table as it is, until a chain is split that is not. */
static void split(struct mutation *mutation, enum table_kind kind) {
    struct tree *tree = mutation->tree;
    struct table *table = &tree->session->table[kind];
    const uint32_t buckets = GET(mutation, table->buckets);
    const uint32_t old = bucket_of(buckets, buckets);
    uint32_t *from = bucket_at(tree, kind, old), *to = bucket_at(tree, kind, buckets), last = NO_BLOCK;
    struct link *link;
    if (buckets >= tree->session->bucket_limit ||
        chain_length(mutation, kind, GET(mutation, *from)) > SPLIT_MOST ||
        (buckets % BUCKETS_OF_PAGE == 0 && !memory_ready(tree, to, sizeof *to))) {
        return;
    }
    for (uint32_t unit = GET(mutation, *from); (link = table_link(tree, kind, unit)) != NULL;) {
        const uint32_t next = GET(mutation, link->next);
        if (bucket_of(GET(mutation, link->hash), buckets + 1) == buckets) {
            PUT(mutation, *from, next);
            PUT(mutation, link->next, last);
            last = unit;
        } else {
            from = &link->next;
        }
        unit = next;
    }
    PUT(mutation, *to, last);
    PUT(mutation, table->buckets, buckets + 1);
}

void table_add(struct mutation *mutation, enum table_kind kind, uint32_t unit, uint32_t hash) {
    struct tree *tree = mutation->tree;
    struct table *table = &tree->session->table[kind];
    const uint32_t count = GET(mutation, table->count) + 1;
    PUT(mutation, table->count, count);
    if (count > GET(mutation, table->buckets)) {
        split(mutation, kind);
    }
    uint32_t *bucket = bucket_at(tree, kind, bucket_of(hash, GET(mutation, table->buckets)));
    struct link *link = table_link(tree, kind, unit);
    if (link != NULL) {
        PUT(mutation, link->hash, hash);
        PUT(mutation, link->next, GET(mutation, *bucket));
        PUT(mutation, *bucket, unit);
    }
}

void table_remove(struct mutation *mutation, enum table_kind kind, uint32_t unit) {
    struct tree *tree = mutation->tree;
    struct table *table = &tree->session->table[kind];
    struct link *link = table_link(tree, kind, unit), *other;
    if (link == NULL) {
        return;
    }
    uint32_t *from =
        bucket_at(tree, kind, bucket_of(GET(mutation, link->hash), GET(mutation, table->buckets)));
    for (unsigned i = 0; i < CHAIN_MOST; i++) {
        const uint32_t next = GET(mutation, *from);
        if (next == unit) {
            PUT(mutation, *from, GET(mutation, link->next));
            PUT(mutation, table->count, GET(mutation, table->count) - 1);
            return;
        }
        if ((other = table_link(tree, kind, next)) == NULL) {
            return;
        }
        from = &other->next;
    }
}
