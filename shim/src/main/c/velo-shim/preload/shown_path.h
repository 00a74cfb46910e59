#ifndef VELO_SHOWN_PATH_H
#define VELO_SHOWN_PATH_H

#include "host_path.h"

/* A path of the tree as it stands in the manifest: from its root, without leading slash. */
struct shown_path {
    const char *rest;
    size_t length;
};

enum { SHOWN_MOST = 255 };

/*
 * An absolute path that begins as the prefix does, with something behind it of at most SHOWN_MOST bytes that
 * neither goes up and down nor ends with a slash. What is read is on one page of which the kernel has said
 * that it can be read. False says nothing.
 */
static inline bool is_shown_path(const char *path, struct shown_path *out) {
    uintptr_t at = (uintptr_t)path;
    uint64_t word, carry = 0x80;
    const size_t before = shim.world.prefix_length + 1;
    if (__atomic_load_n(&shim.phase, __ATOMIC_ACQUIRE) != PHASE_VIRTUAL || at >> 56 != 0 ||
        !is_known(known_readable, at / PAGE, __atomic_load_n(&memory_age, __ATOMIC_ACQUIRE))) {
        return false;
    }
    size_t left = PAGE - at % PAGE;
    if (left < before + sizeof word) {
        return false;
    }
    memcpy(&word, path, sizeof word);
    if ((word & shim.prefix_mask) != shim.prefix_word || path[before - 1] != '/' ||
        (before > sizeof word && memcmp(path, shim.world.prefix, before - 1) != 0)) {
        return false;
    }
    out->rest = path + before;
    left -= before;
    for (size_t done = 0; done <= SHOWN_MOST && left >= sizeof word; done += sizeof word) {
        memcpy(&word, out->rest + done, sizeof word);
        uint64_t slash = zero_bytes(word ^ EACH_BYTE('/'));
        uint64_t behind = slash << 8 | carry;
        /* A slash, a point or the end behind a slash. */
        uint64_t winding = behind & (zero_bytes((word | EACH_BYTE(1)) ^ EACH_BYTE('/')) | zero_bytes(word));
        uint64_t end = zero_bytes(word);
        if (end) {
            uint64_t first = end & -end;
            out->length = done + (size_t)__builtin_ctzll(first) / 8;
            return (winding & (first | (first - 1))) == 0 && out->length <= SHOWN_MOST;
        }
        if (winding) {
            return false;
        }
        carry = slash >> 56;
        left -= sizeof word;
    }
    return false;
}

/* Memory of which the kernel has said that it can be written to. False says nothing. */
static inline bool is_known_writable(const void *start, size_t length) {
    const uintptr_t first = (uintptr_t)start, last = first + length - 1;
    const uint64_t age = __atomic_load_n(&memory_age, __ATOMIC_ACQUIRE);
    return first >> 56 == 0 && is_known(known_writable, first / PAGE, age) &&
           (first / PAGE == last / PAGE || is_known(known_writable, last / PAGE, age));
}

#endif
