#include "tree_redo.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

enum { WIDTH = 15, WIDTH_BITS = 4, TRIES = 64, SPINS = 4096, ROUNDS = 600 };

static uint64_t mark_of(uint64_t at) {
    return UINT64_C(1) << (at * UINT64_C(0x9E3779B97F4A7C15) >> 58);
}

static uint64_t place_of(const struct tree *tree, const void *at, size_t width) {
    const uint64_t offset = (uint64_t)((const uint8_t *)at - (const uint8_t *)tree->session);
    return (offset < tree->near ? offset : memory_offset(tree, at)) << WIDTH_BITS | width;
}

static struct redo_write *pending(const struct mutation *mutation, uint64_t place) {
    struct redo_write *redo = mutation->tree->session->redo;
    if ((mutation->seen & mark_of(place)) != 0) {
        for (uint32_t i = mutation->count; i-- > 0;) {
            if (redo[i].at == place) {
                return &redo[i];
            }
        }
    }
    return NULL;
}

bool mutation_ready(struct mutation *mutation, const void *at, size_t bytes) {
    while (!memory_ready(mutation->tree, at, bytes)) {
        if (!mutation->frees || !memory_spend(mutation->tree)) {
            return false;
        }
    }
    return true;
}

void mutation_put(struct mutation *mutation, const void *at, size_t width, uint64_t value) {
    if (mutation->full) {
        return;
    }
    const uint64_t place = place_of(mutation->tree, at, width);
    struct redo_write *write = pending(mutation, place);
    if (write == NULL) {
        if (mutation->count == REDO_MOST) {
            mutation->full = true;
            return;
        }
        write = &mutation->tree->session->redo[mutation->count++];
        write->at = place;
        mutation->seen |= mark_of(place);
    }
    write->value = value;
}

uint64_t mutation_get(const struct mutation *mutation, const void *at, size_t width, uint64_t stored) {
    if (mutation->full) {
        return stored;
    }
    const struct redo_write *write = pending(mutation, place_of(mutation->tree, at, width));
    return write == NULL ? stored : write->value;
}

static void store(const struct tree *tree) {
    struct session *session = tree->session;
    const uint32_t count = session->redo_count < REDO_MOST ? session->redo_count : REDO_MOST;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t at = session->redo[i].at >> WIDTH_BITS, width = session->redo[i].at & WIDTH;
        if (at + width > tree->session_length || at % 4 != 0) {
            continue;
        }
        if (width == sizeof(uint64_t)) {
            __atomic_store_n((uint64_t *)session_at(tree, at), session->redo[i].value, __ATOMIC_RELAXED);
        } else {
            __atomic_store_n((uint32_t *)session_at(tree, at), (uint32_t)session->redo[i].value,
                             __ATOMIC_RELAXED);
        }
    }
}

/* From "valid" to "not valid" it may be done again from its start, by anybody, and comes out the same. */
static void store_valid(const struct tree *tree) {
    struct session *session = tree->session;
    const uint64_t odd = LOAD(session->sequence) | 1;
    __atomic_store_n(&session->sequence, odd, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    store(tree);
    __atomic_store_n(&session->sequence, odd + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&session->redo_valid, 0, __ATOMIC_RELEASE);
}

/*
 * Does for a thread that holds the lock, and may be stopped, what it is about to do: what it has marked as
 * valid is not changed before helpers_end has let it, or whoever comes after it, go on. It stores the same
 * once more when it runs again.
 */
static void help(const struct tree *tree) {
    struct session *session = tree->session;
    struct hold hold;
    if (!helper_begin(tree, &hold)) {
        return;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t odd = __atomic_load_n(&session->sequence, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&session->redo_valid, __ATOMIC_SEQ_CST) != 0 && (odd & 1) != 0) {
        store(tree);
        __atomic_compare_exchange_n(&session->sequence, &odd, odd + 1, false, __ATOMIC_RELEASE,
                                    __ATOMIC_RELAXED);
    }
    helper_end(tree, &hold);
}

static long take(const struct tree *tree, struct hold *hold, enum patience patience) {
    long taken = lock_take(tree, hold, patience);
    if (taken == 0) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        taken = helpers_end(tree);
        if (taken < 0) {
            lock_drop(tree, hold);
        } else if (__atomic_load_n(&tree->session->redo_valid, __ATOMIC_ACQUIRE) != 0) {
            store_valid(tree);
        }
    }
    /* What is written at once, and the next record, comes behind what the last one has stored, for those who
     * look, too. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return taken;
}

long mutation_begin(struct mutation *mutation, struct tree *tree) {
    struct timespec now = {0};
    mutation->tree = tree;
    mutation->seen = 0;
    mutation->count = 0;
    mutation->full = mutation->frees = false;
    mutation->forgotten = NO_NODE;
    const long taken = take(tree, &mutation->hold, PATIENCE_LONG);
    if (taken == 0) {
        KERNEL2(tree->kernel, SYS_clock_gettime, CLOCK_REALTIME, &now);
        mutation->now = (struct moment){now.tv_sec, (uint32_t)now.tv_nsec};
    }
    return taken;
}

static long store_all(struct mutation *mutation) {
    struct session *session = mutation->tree->session;
    if (mutation->full) {
        return -ENOSPC;
    }
    session->redo_count = mutation->count;
    __atomic_store_n(&session->redo_valid, 1, __ATOMIC_RELEASE);
    store_valid(mutation->tree);
    mutation->seen = 0;
    mutation->count = 0;
    return 0;
}

long mutation_store(struct mutation *mutation) {
    const long stored = store_all(mutation);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    while (stored == 0 && helpers_end(mutation->tree) < 0) {
    }
    return stored;
}

void tree_give_back(struct tree *tree) {
    struct mutation mutation;
    if (mutation_begin(&mutation, tree) == 0) {
        while (memory_spend(tree)) {
        }
        mutation_abandon(&mutation, 0);
    }
}

bool tree_give_little(struct tree *tree) {
    struct mutation mutation;
    bool given = false;
    if (mutation_begin(&mutation, tree) == 0) {
        given = LOAD(tree->session->reserve_left) > RESERVE / 4096 / 2 && memory_spend(tree);
        mutation_abandon(&mutation, 0);
    }
    return given;
}

long mutation_commit(struct mutation *mutation) {
    const long stored = store_all(mutation);
    lock_drop(mutation->tree, &mutation->hold);
    return stored;
}

long mutation_abandon(struct mutation *mutation, long error) {
    lock_drop(mutation->tree, &mutation->hold);
    return error;
}

/* False: somebody has been storing for long. */
static bool is_quiet(const struct session *session, struct reading *reading) {
    for (unsigned i = 0; i < SPINS; i++) {
        reading->sequence = __atomic_load_n(&session->sequence, __ATOMIC_ACQUIRE);
        if ((reading->sequence & 1) == 0) {
            return true;
        }
    }
    return false;
}

void reading_begin(const struct tree *tree, struct reading *reading) {
    for (; reading->rounds < ROUNDS; reading->rounds++) {
        if (reading->tries < TRIES && is_quiet(tree->session, reading)) {
            return;
        }
        if (reading->tries < TRIES && lock_is_held(tree)) {
            help(tree);
        } else if (take(tree, &reading->hold, PATIENCE_SHORT) == 0) {
            reading->held = true;
            return;
        } else {
            /* Who holds it stores nothing. */
            reading->tries = 0;
        }
    }
    reading->forced = true;
}

bool reading_end(const struct tree *tree, struct reading *reading) {
    if (reading->held) {
        lock_drop(tree, &reading->hold);
        return true;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    reading->tries++;
    return reading->forced ||
           __atomic_load_n(&tree->session->sequence, __ATOMIC_RELAXED) == reading->sequence;
}
