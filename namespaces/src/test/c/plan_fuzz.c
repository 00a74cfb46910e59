/*
 * libFuzzer's target for the decoder of launch plans (docs/fuzzing.md). Its input is a plan, byte for byte;
 * plan_mutator.c makes new ones.
 *
 * What the decoder takes belongs to its process, by design. So that a fuzzer can decode millions of plans in
 * one, plan.c is compiled for it with the allocations of this file, each of which is one of
 * AddressSanitizer's own; after each plan what is left is freed.
 */
#include "plan_fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);
void *fuzz_realloc(void *old, size_t size); /* plan_fuzz_memory.h */
void fuzz_free(void *old);

static struct block {
    void *at;
    size_t size;
} * blocks;
static size_t block_count, block_room;
static size_t taken, most_taken;

static void wrong(const char *what, const char *detail) __attribute__((noreturn));

static void wrong(const char *what, const char *detail) {
    fprintf(stderr, "plan_fuzz: %s: %s\n", what, detail);
    abort();
}

/* Young blocks are the ones that grow. */
static struct block *find_block(const void *at) {
    for (size_t i = block_count; i-- > 0;) {
        if (blocks[i].at == at) {
            return &blocks[i];
        }
    }
    wrong("the decoder", "frees what it did not take");
}

void fuzz_free(void *old) {
    if (old == NULL) {
        return;
    }
    struct block *block = find_block(old);
    taken -= block->size;
    *block = blocks[--block_count];
    free(old);
}

void *fuzz_realloc(void *old, size_t size) {
    if (size == 0) {
        wrong("the decoder", "takes nothing, of which C libraries think differently");
    }
    if (old == NULL && block_count == block_room) {
        block_room = 2 * block_room + 64;
        blocks = realloc(blocks, block_room * sizeof *blocks);
    }
    struct block *block = old == NULL ? &blocks[block_count++] : find_block(old);
    taken += size - (old == NULL ? 0 : block->size);
    most_taken = taken > most_taken ? taken : most_taken;
    *block = (struct block){realloc(old, size), size};
    return block->at;
}

static void free_all(void) {
    while (block_count > 0) {
        free(blocks[--block_count].at);
    }
    taken = 0;
    most_taken = 0;
}

/* The decoder fails only for want of memory, of which there is enough. */
void fail(int status, const char *remedy, const char *format, ...) {
    (void)status;
    (void)remedy;
    wrong("the decoder ends the process", format);
}

void fail_errno(const char *remedy, const char *format, ...) {
    (void)remedy;
    wrong("the decoder ends the process", format);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length) {
    /* Of structures, pointers and copies; at once for the sources of one mount, of which there may be fewer
     * than it says. */
    enum { PER_BYTE = 16, FIXED = 16384 };
    const char *fault = NULL;
    const struct plan *plan = plan_decode(bytes, length, &fault);
    const char *expected = oracle(bytes, length);
    if ((plan == NULL) == (fault == NULL)) {
        wrong("the decoder", "gives both a plan and a fault, or neither");
    }
    if (plan == NULL && expected == NULL) {
        wrong("a good plan is refused", fault);
    }
    if (plan != NULL && expected != NULL) {
        wrong("a bad plan is accepted", expected);
    }
    const char *difference = plan == NULL ? NULL : compare(plan, bytes, length);
    if (difference != NULL) {
        wrong("the plan is not what its bytes say", difference);
    }
    if (most_taken > FIXED + PER_BYTE * length) {
        wrong("the decoder", "takes too much memory for a plan of that length");
    }
    free_all();
    return 0;
}
