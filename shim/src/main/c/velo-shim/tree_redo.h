#ifndef VELO_TREE_REDO_H
#define VELO_TREE_REDO_H

#include "tree_lock.h"

/*
 * A mutation: stores are collected in the session's redo record and made by mutation_commit, all or none,
 * whoever is killed when. GET sees what this mutation has PUT. What nothing reaches yet is written at once.
 */
struct mutation {
    struct tree *tree;
    struct moment now;
    uint64_t seen; /* a bit for the hash of each place that was PUT */
    uint32_t count;
    bool full;             /* there was no room for something: nothing will be stored */
    bool frees;            /* it hides or moves something: the reserve is for it */
    node_id forgotten;     /* a node that was forgotten in it, or NO_NODE */
    struct record nothing; /* where a record would be for which there is no room */
    struct hold hold;
};

#define PUT(mutation, field, value) mutation_put((mutation), &(field), sizeof(field), (value))
#define GET(mutation, field)                                                                                 \
    ((__typeof__(field))mutation_get((mutation), &(field), sizeof(field), LOAD(field)))

/* Takes the lock and finishes what a dead process has left. 0 or -errno. */
long mutation_begin(struct mutation *mutation, struct tree *tree);
void mutation_put(struct mutation *mutation, const void *at, size_t width, uint64_t value);
uint64_t mutation_get(const struct mutation *mutation, const void *at, size_t width, uint64_t stored);

/* Makes pages be there before they are stored to, and, on tmpfs, looked at. False: there is no room. */
bool mutation_ready(struct mutation *mutation, const void *at, size_t bytes);

/* Stores, and drops the lock. -ENOSPC where it did not fit into the record: then nothing is stored. */
long mutation_commit(struct mutation *mutation);

/* Stores, and keeps the lock. */
long mutation_store(struct mutation *mutation);

/* Stores nothing more, drops the lock, returns the error. */
long mutation_abandon(struct mutation *mutation, long error);

/*
 * A look at the session without the lock: do { reading_begin; look } while (!reading_end). Ends: after many
 * mutations in between it takes the lock, and what a thread is about to store that was stopped meanwhile, it
 * stores itself.
 */
struct reading {
    uint64_t sequence;
    unsigned tries, rounds;
    bool held, forced;
    struct hold hold;
};
void reading_begin(const struct tree *tree, struct reading *reading);
bool reading_end(const struct tree *tree, struct reading *reading);

#endif
