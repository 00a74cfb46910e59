#ifndef VELO_HOST_PATH_H
#define VELO_HOST_PATH_H

#include "pointer.h"

#include <string.h>

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* 0x80 in each byte that is zero, and in no other. */
static inline uint64_t zero_bytes(uint64_t word) {
    const uint64_t low = EACH_BYTE(0x7f);
    return ~(((word & low) + low) | word | low);
}

static inline bool begins(uint64_t word, const char *text, size_t length) {
    uint64_t wanted = 0;
    memcpy(&wanted, text, length);
    return (word & (UINT64_MAX >> (64 - 8 * length))) == wanted;
}

/*
 * An absolute path that can be told to be the kernel's by a look at its bytes alone, eight at a time: it does
 * not begin as the prefix does, nor with what leads to a process's own files, and has no name after a slash
 * that begins with a point, and no two slashes, so nothing of it goes up and down again. False says nothing.
 * What is read is on one page, of which the kernel has said that it can be read; of another page, or one that
 * is new, the answer is false. Where the kernel finds nothing, symbolic links may still lead into the tree.
 */
static inline __attribute__((always_inline)) bool is_host_path(const char *path) {
    uintptr_t at = (uintptr_t)path;
    uint64_t word, carry = 0;
    if (__atomic_load_n(&shim.phase, __ATOMIC_ACQUIRE) != PHASE_VIRTUAL || at >> 56 != 0 ||
        !is_known(known_readable, at / PAGE, __atomic_load_n(&memory_age, __ATOMIC_ACQUIRE))) {
        return false;
    }
    size_t left = PAGE - at % PAGE;
    if (left < sizeof word) {
        return false;
    }
    memcpy(&word, path, sizeof word);
    if (path[0] != '/' || (word & shim.prefix_mask) == shim.prefix_word || begins(word, "/proc/", 6) ||
        begins(word, "/dev/", 5)) {
        return false;
    }
    for (;;) {
        uint64_t slash = zero_bytes(word ^ EACH_BYTE('/'));
        uint64_t slash_or_point = zero_bytes((word | EACH_BYTE(1)) ^ EACH_BYTE('/'));
        uint64_t winding = (slash << 8 | carry) & slash_or_point, end = zero_bytes(word);
        if (end) {
            return (winding & ((end & -end) - 1)) == 0;
        }
        if (winding || (left -= sizeof word) < sizeof word) {
            return false;
        }
        carry = slash >> 56;
        path += sizeof word;
        memcpy(&word, path, sizeof word);
    }
}

/* The kernel's answer to such a path, and the only look at it: but where it finds nothing. */
#define ANSWER_HOST(path, KERNEL)                                                                            \
    do {                                                                                                     \
        if (is_host_path(path)) {                                                                            \
            long answered = (KERNEL);                                                                        \
            if (answered != -ENOENT || !world_expects_host_links(&shim.world))                               \
                return answered;                                                                             \
        }                                                                                                    \
    } while (0)

#endif
