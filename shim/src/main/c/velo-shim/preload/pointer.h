#ifndef VELO_POINTER_H
#define VELO_POINTER_H

#include "shim.h"

/* Pages of which the kernel has said that they can be read, each with the age that the memory had then. */
#define PAGE 4096ul
#define KNOWN 512
#define AGE_BITS 20
#define AGE_MASK ((1ull << AGE_BITS) - 1)
extern uint64_t known_readable[KNOWN], known_writable[KNOWN];
extern uint64_t memory_age;

/* Memory may have been taken away, or protected: nothing that was known of it holds. Returns result. */
long memory_changed(long result);

/* What is kept of a page below 2^44: never zero. */
static inline uint64_t known_page(uintptr_t page, uint64_t age) {
    return ((uint64_t)page + 1) << AGE_BITS | (age & AGE_MASK);
}

static inline bool is_known(const uint64_t *known, uintptr_t page, uint64_t age) {
    return __atomic_load_n(&known[page % KNOWN], __ATOMIC_RELAXED) == known_page(page, age);
}

#endif
