#ifndef VELO_TREE_MEMORY_H
#define VELO_TREE_MEMORY_H

#include "tree.h"

/*
 * The session's shared memory: a header, then sparse arrays whose places follow from the number of entries
 * and the length of the file. A page that was never written to may have no block of the file system behind
 * it: on a full one a store there is a SIGBUS, and on tmpfs a read, too. So what any process may look at or
 * store to at any time is allocated from the start, up to records; all else is made ready before it is used,
 * and known to be ready before it is read.
 *
 *   bits     8 for each entry of the manifest
 *   graves   nodes that lost their last name not long ago, a ring
 *   losses   how many nodes of each group of records have been forgotten
 *   reserve  pages that are given back to a full file system, one mutation after another, so that things can
 *            still be removed and moved
 *   records  one for each node number, those of the manifest's entries first
 *   buckets  of the three hash tables
 *   blocks   names, targets of links, inodes: in units of 32 bytes
 */

enum bit {
    BIT_MOVED = 1,   /* the name that the manifest gives it is shadowed by one of the session */
    BIT_RECORD = 2,  /* its record says what it is, not the manifest */
    BIT_NAMES = 4,   /* a directory: the session has names in it */
    BIT_COUNTED = 8, /* a directory: its record's count is there. Not by redo: it may be lost and set again */
    BIT_OPEN = 16 /* it and all directories above it are where the manifest has them, and these, and it where
                     it is one, let everybody search them. Of a directory it holds while the session's bent is
                     0, of others, too, where BIT_MOVED is not set. Not by redo either */
};

enum {
    NODES_MOST = 1 << 24, /* of a session, beside those of the manifest */
    GRAVES = 1 << 16,     /* this many nodes without a name are known */
    GROUP = 256,          /* records that are given back together: 7 pages */
    UNIT = 32,
    RESERVE = 1 << 20,
    LARGEST_BLOCK = 8192,
    CLASSES = 9,
    REDO_MOST = 240,
    NO_BLOCK = 0,
    NAME_MOST = 255
};

struct record {
    uint32_t kind; /* type | backing << 4 | RECORD_DEAD; 0: no such node */
    uint32_t mode, uid, gid, links;
    uint32_t parent; /* of a directory */
    uint64_t size;
    uint64_t accessed, modified, changed;
    uint32_t accessed_part, modified_part, changed_part;
    uint32_t directories; /* in it, those of the manifest not counted */
    uint32_t counted;     /* with BIT_COUNTED: those of the manifest plus 1, or 0 */
    uint32_t names;       /* block: its first name of the session */
    uint32_t first, last; /* blocks: names of the session in this directory that shadow nothing */
    uint32_t live;        /* names of the session in this directory that lead to a node */
    uint64_t made;        /* names of the session that shadow nothing, ever made */
    uint32_t target;      /* block: of a link that is not the manifest's */
    uint32_t inodes;      /* block: its first */
};
_Static_assert(sizeof(struct record) == 112, "a group of records is whole pages");

enum { RECORD_DEAD = 1 << 8 };

/* A block in a hash table's chain. */
struct link {
    uint32_t next, hash;
};

/* Every kind of block begins with the next free one: nothing else may be written there without redo. */
struct name {
    uint32_t free;
    struct link by_name, by_place;
    uint32_t directory, node; /* NO_NODE: nothing is there, whatever the manifest says */
    uint32_t before, after;   /* in the directory */
    uint32_t earlier, later;  /* names of the node */
    uint32_t length;
    uint64_t place; /* when it was made in its directory, from 1; 0: it shadows a name of the manifest */
    char text[];
};

struct text {
    uint32_t free, length;
    char text[];
};

struct inode {
    uint32_t free;
    struct link by_inode;
    uint32_t node, earlier, later;
    uint64_t device, inode;
};

enum table_kind { TABLE_NAMES, TABLE_PLACES, TABLE_INODES, TABLES };

struct table {
    uint32_t count, buckets;
};

struct redo_write {
    uint64_t value;
    uint64_t at; /* offset << 4 | width */
};

struct session {
    char magic[8];
    uint32_t entries, node_end, bucket_limit, reserved;
    uint64_t bytes, seed, bits, graves, losses, reserve, records, buckets[TABLES], blocks, block_end;
    uint8_t manifest[128]; /* its header */

    _Alignas(64) uint32_t lock;
    uint32_t redo_valid, redo_count;
    uint32_t helper;                /* a second lock: of who stores a record for its owner */
    _Alignas(64) uint64_t sequence; /* odd while a mutation is stored */

    uint32_t next_node; /* not by redo: who takes a number has it, even where he is killed with it */
    uint32_t node_ready, block_ready;         /* below these, pages are there */
    uint32_t next_block, free_block[CLASSES]; /* in units */
    struct table table[TABLES];
    uint64_t deaths;
    uint32_t reserve_left; /* pages; with the lock, and not by redo */
    uint32_t bent;         /* 1 since a directory of the manifest lost its place, or was closed to somebody */

    _Alignas(64) struct redo_write redo[REDO_MOST];
};

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* What is not near: its part, or the process ends. */
void *memory_far(const struct tree *tree, uint64_t offset);

/* The bytes behind it are there as far as what begins there goes: a record, a bucket, a block, or what
 * memory_ready is asked for. */
static inline void *session_at(const struct tree *tree, uint64_t offset) {
    return __builtin_expect(offset < tree->near, 1) ? (uint8_t *)tree->session + offset
                                                    : memory_far(tree, offset);
}

/* The offset of a place that session_at has given. */
uint64_t memory_offset(const struct tree *tree, const void *at);

/* The number must be below node_end. */
static inline struct record *record_at(const struct tree *tree, node_id id) {
    return (struct record *)session_at(tree, tree->session->records + (uint64_t)id * sizeof(struct record));
}

static inline uint32_t *bits_word(const struct tree *tree, uint32_t entry) {
    return (uint32_t *)session_at(tree, tree->session->bits) + entry / 4;
}

static inline uint32_t bits_shift(uint32_t entry) {
    return entry % 4 * 8;
}

static inline uint32_t bits_of(const struct tree *tree, uint32_t entry) {
    return LOAD(*bits_word(tree, entry)) >> bits_shift(entry) & 255;
}

/* NULL: no block is there. Behind every unit that this accepts lie bytes enough for the largest kind. */
static inline void *block_at(const struct tree *tree, uint32_t unit) {
    const struct session *session = tree->session;
    return unit == NO_BLOCK || unit >= LOAD(session->block_ready)
               ? NULL
               : session_at(tree, session->blocks + (uint64_t)unit * UNIT);
}

/*
 * Makes the pages be there before they are written to: a store to a hole of a full file system is a SIGBUS.
 * False: it is full. Kernels before 5.14 cannot tell.
 */
bool memory_ready(const struct tree *tree, const void *at, size_t bytes);

/* Gives pages back to the file system, where they are whole ones of this kernel. What was in them is zero, or
 * as it was. */
void memory_remove(const struct tree *tree, void *at, size_t bytes);

/* Gives some of the reserve back to the file system, with the lock. False: there is none left. */
bool memory_spend(const struct tree *tree);

#endif
