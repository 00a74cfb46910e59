#include "tree_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

enum { PAGE = 4096, FIRST_BUCKETS = 64, BYTES_PER_NODE = 256 };
#if defined(__aarch64__)
enum { LARGEST_PAGE = 1 << 16, SPENT_AT_ONCE = LARGEST_PAGE / PAGE };
#else
enum { LARGEST_PAGE = 4096, SPENT_AT_ONCE = 4 };
#endif
enum { MOST_UNITS = 0x7FFFFFFF };

static uint64_t pages(uint64_t *end, uint64_t bytes) {
    const uint64_t start = *end;
    *end += (bytes + PAGE - 1) / PAGE * PAGE;
    return start;
}

/* Where everything is. False: too short for even a few nodes. */
static bool lay_out(struct session *session, uint32_t entries, uint64_t bytes) {
    uint64_t end = 0, fixed = 0, nodes;
    pages(&fixed, sizeof *session);
    pages(&fixed, (uint64_t)entries + 8);
    fixed +=
        GRAVES * sizeof(uint32_t) + NODES_MOST / GROUP + RESERVE + (uint64_t)entries * sizeof(struct record);
    nodes = bytes < fixed + 64 * PAGE ? 0 : (bytes - fixed) / BYTES_PER_NODE;
    nodes = nodes < NODES_MOST ? nodes : NODES_MOST;
    if (nodes < GROUP || (uint64_t)entries + nodes >= NO_NODE) {
        return false;
    }
    session->entries = entries;
    session->node_end = entries + (uint32_t)nodes;
    session->bytes = bytes;
    for (session->bucket_limit = FIRST_BUCKETS; session->bucket_limit < nodes;) {
        session->bucket_limit *= 2;
    }
    pages(&end, sizeof *session);
    session->bits = pages(&end, (uint64_t)entries + 8);
    session->graves = pages(&end, GRAVES * sizeof(uint32_t));
    session->losses = pages(&end, session->node_end / GROUP * sizeof(uint32_t) + sizeof(uint32_t));
    end = (end + LARGEST_PAGE - 1) / LARGEST_PAGE * LARGEST_PAGE;
    session->reserve = pages(&end, RESERVE);
    session->records = pages(&end, (uint64_t)session->node_end * sizeof(struct record));
    for (unsigned i = 0; i < TABLES; i++) {
        session->buckets[i] = pages(&end, session->bucket_limit * sizeof(uint32_t));
    }
    session->blocks = end;
    const uint64_t most = end + (uint64_t)MOST_UNITS * UNIT;
    session->block_end = (bytes < most ? bytes : most) - LARGEST_BLOCK;
    return end + 64 * PAGE < bytes;
}

static void *map(const struct kernel *kernel, int file, uint64_t bytes) {
    const long at =
        KERNEL6(kernel, SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (at < 0 && at > -PAGE) {
        return NULL;
    }
    /* Most of the file is holes, which the kernel would else fill with zeros as far as it reads ahead: that
     * is milliseconds for the first use of a page. It is only advice. */
    KERNEL3(kernel, SYS_madvise, at, bytes, MADV_RANDOM);
    return (void *)at;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static long populate(const struct tree *tree, uintptr_t at, size_t bytes, uintptr_t page) {
    const uintptr_t start = at & ~(page - 1);
    return KERNEL3(tree->kernel, SYS_madvise, start, at + bytes - start, MADV_POPULATE_WRITE);
}

/* aarch64 may have pages of 16 or 64 KiB: then a start in the middle of one is -EINVAL. */
bool memory_ready(const struct tree *tree, const void *at, size_t bytes) {
    long done = populate(tree, (uintptr_t)at, bytes, PAGE);
    if (done == -EINVAL && LARGEST_PAGE > 4096) {
        done = populate(tree, (uintptr_t)at, bytes, LARGEST_PAGE);
    }
    return done != -EFAULT && done != -ENOMEM;
}

void memory_remove(const struct tree *tree, void *at, size_t bytes) {
    /* Of whole pages: the kernel would round the end up, over what lies behind. It takes no start in the
     * middle of one. */
    if (KERNEL3(tree->kernel, SYS_madvise, (uintptr_t)at + bytes, 0, MADV_REMOVE) == 0) {
        KERNEL3(tree->kernel, SYS_madvise, at, bytes, MADV_REMOVE);
    }
}

bool memory_spend(const struct tree *tree) {
    struct session *session = tree->session;
    const uint32_t left = LOAD(session->reserve_left);
    if (left < SPENT_AT_ONCE || left > RESERVE / PAGE) {
        return false;
    }
    /* First the number: who is killed in between loses these pages, and nobody takes them twice. */
    __atomic_store_n(&session->reserve_left, left - SPENT_AT_ONCE, __ATOMIC_RELAXED);
    memory_remove(tree, session_at(tree, session->reserve + (uint64_t)(left - SPENT_AT_ONCE) * PAGE),
                  SPENT_AT_ONCE * PAGE);
    return true;
}

/* Blocks of the file system for the start of the file. Where it cannot be asked for them zeros are written.
 */
static long allocate(const struct kernel *kernel, int file, uint64_t bytes) {
    static const uint8_t zeros[PAGE];
    long done = KERNEL4(kernel, SYS_fallocate, file, 0, 0, bytes);
    if (done != -EOPNOTSUPP && done != -ENOSYS) {
        return done;
    }
    for (uint64_t at = 0; at < bytes; at += PAGE) {
        done = KERNEL4(kernel, SYS_pwrite64, file, zeros, PAGE, at);
        if (done != PAGE) {
            return done < 0 ? done : -ENOSPC;
        }
    }
    return 0;
}

/* The first pages of what grows. */
static bool is_begun(const struct tree *tree) {
    bool ready = true;
    for (unsigned i = 0; i < TABLES && ready; i++) {
        ready = memory_ready(tree, session_at(tree, tree->session->buckets[i]), PAGE);
    }
    return ready;
}

long tree_make(const struct kernel *kernel, int file, const struct manifest *lower,
               struct tree_limits limits) {
    const uint64_t bytes = limits.bytes / PAGE * PAGE;
    struct session plan = {.magic = "VELOSES2"};
    struct timespec now = {0};
    if (!lay_out(&plan, lower->entries, bytes)) {
        return -EINVAL;
    }
    long grown = KERNEL2(kernel, SYS_ftruncate, file, bytes);
    if (grown == 0) {
        grown = allocate(kernel, file, plan.records);
    }
    if (grown < 0) {
        return grown;
    }
    struct session *session = map(kernel, file, bytes);
    if (session == NULL) {
        return -ENOMEM;
    }
    /* Whoever chooses names shall not know which of them meet in a bucket. */
    KERNEL2(kernel, SYS_clock_gettime, CLOCK_REALTIME, &now);
    plan.seed =
        (uint64_t)now.tv_nsec * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)now.tv_sec ^ (uintptr_t)session;
    memcpy(plan.manifest, lower->bytes, sizeof plan.manifest);
    plan.next_node = plan.node_ready = lower->entries;
    plan.next_block = 1;
    plan.reserve_left = RESERVE / PAGE;
    for (unsigned i = 0; i < TABLES; i++) {
        plan.table[i].buckets = FIRST_BUCKETS;
    }
    const struct tree tree = {.kernel = kernel, .session = session};
    const bool room = memory_ready(&tree, session, sizeof *session);
    if (room) {
        memcpy(session, &plan, sizeof plan - sizeof plan.redo);
    }
    const long made = room && is_begun(&tree) ? 0 : -ENOSPC;
    KERNEL2(kernel, SYS_munmap, session, bytes);
    return made;
}

static bool is_ours(const struct session *session, const struct manifest *lower, uint64_t bytes) {
    struct session plan;
    return memcmp(session->magic, "VELOSES2", sizeof session->magic) == 0 && session->bytes == bytes &&
           memcmp(session->manifest, lower->bytes, sizeof session->manifest) == 0 &&
           lay_out(&plan, lower->entries, bytes) && session->entries == plan.entries &&
           session->node_end == plan.node_end && session->bucket_limit == plan.bucket_limit &&
           session->bits == plan.bits && session->graves == plan.graves && session->losses == plan.losses &&
           session->reserve == plan.reserve && session->records == plan.records &&
           memcmp(session->buckets, plan.buckets, sizeof plan.buckets) == 0 &&
           session->blocks == plan.blocks && session->block_end == plan.block_end;
}

long tree_map(struct tree *tree, const struct kernel *kernel, int file, const struct manifest *lower) {
    struct statx status = {0};
    const long looked = KERNEL5(kernel, SYS_statx, file, "", AT_EMPTY_PATH, STATX_SIZE, &status);
    if (looked < 0) {
        return looked;
    }
    if (status.stx_size < sizeof(struct session)) {
        return -EINVAL;
    }
    struct session *session = map(kernel, file, status.stx_size);
    if (session == NULL) {
        return -ENOMEM;
    }
    if (!is_ours(session, lower, status.stx_size)) {
        KERNEL2(kernel, SYS_munmap, session, status.stx_size);
        return -EINVAL;
    }
    *tree = (struct tree){
        .kernel = kernel, .lower = *lower, .session = session, .session_length = (size_t)status.stx_size};
    return 0;
}

void tree_unmap(struct tree *tree) {
    KERNEL2(tree->kernel, SYS_munmap, tree->session, tree->session_length);
    tree->session = NULL;
}
