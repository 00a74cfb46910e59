#include "tree_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

enum { PAGE = 4096, FIRST_BUCKETS = 64, BYTES_PER_NODE = 256 };
#if defined(__aarch64__)
enum { LARGEST_PAGE = 1 << 16, SPENT_AT_ONCE = LARGEST_PAGE / PAGE };
#else
enum { LARGEST_PAGE = 4096, SPENT_AT_ONCE = 4 };
#endif
enum { MOST_UNITS = 0x7FFFFFFF };
/* Of a limit of address space a session takes one part in so many, beside what it has already. Behind a part
 * follows what begins in it, or is made ready with that. */
enum { SHARE = 8, SLACK = 1 << 18 };

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

static void *map(const struct kernel *kernel, int file, uint64_t offset, uint64_t bytes) {
    const long at =
        KERNEL6(kernel, SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, offset);
    if (at < 0 && at > -PAGE) {
        return NULL;
    }
    /* Most of the file is holes, which the kernel would else fill with zeros as far as it reads ahead: that
     * is milliseconds for the first use of a page. It is only advice. */
    KERNEL3(kernel, SYS_madvise, at, bytes, MADV_RANDOM);
    return (void *)at;
}

void *memory_far(const struct tree *tree, uint64_t offset) {
    static const char TEXT[] =
        "velo: cannot go on: the session has outgrown what a limit of address space has left "
        "for it (ulimit -v); allow more\n";
    for (unsigned i = 0; i < PARTS; i++) {
        if (offset - tree->parts[i].offset < tree->parts[i].length) {
            return tree->parts[i].at + (offset - tree->parts[i].offset);
        }
    }
    KERNEL3(tree->kernel, SYS_write, 2, TEXT, sizeof TEXT - 1);
    for (;;) {
        KERNEL1(tree->kernel, SYS_exit_group, 125);
    }
}

uint64_t memory_offset(const struct tree *tree, const void *at) {
    for (unsigned i = 0; i < PARTS; i++) {
        const uint64_t within = (uint64_t)((const uint8_t *)at - tree->parts[i].at);
        if (within < tree->parts[i].length + SLACK) {
            return tree->parts[i].offset + within;
        }
    }
    return (uint64_t)((const uint8_t *)at - (const uint8_t *)tree->session);
}

static void unmap(struct tree *tree) {
    for (unsigned i = 0; i < PARTS; i++) {
        if (tree->parts[i].at != NULL) {
            KERNEL2(tree->kernel, SYS_munmap, tree->parts[i].at, tree->parts[i].length + SLACK);
        }
    }
    KERNEL2(tree->kernel, SYS_munmap, tree->session, tree->near);
    tree->session = NULL;
}

/* A part from where something begins, as long as it is in use and a share of the room goes. */
static bool map_part(struct tree *tree, int file, struct part *part, uint64_t start, uint64_t most,
                     uint64_t wanted) {
    const uint64_t length = (wanted < most ? wanted : most) + PAGE - 1;
    part->offset = start;
    part->length = length / PAGE * PAGE;
    part->at = map(tree->kernel, file, start, part->length + SLACK);
    return part->at != NULL;
}

/* The first of them that is near has been mapped, and is this session's. */
static bool map_parts(struct tree *tree, int file, uint64_t room) {
    const struct session *session = tree->session;
    const uint64_t records = session->buckets[0] - session->records;
    const uint64_t buckets = session->buckets[1] - session->buckets[0];
    bool mapped =
        map_part(tree, file, &tree->parts[0], session->records, records,
                 (uint64_t)LOAD(session->node_ready) * sizeof(struct record) + room * 3 / 8) &&
        map_part(tree, file, &tree->parts[1], session->blocks, session->bytes - session->blocks - SLACK,
                 (uint64_t)LOAD(session->block_ready) * UNIT + room * 3 / 8);
    for (unsigned i = 0; i < TABLES && mapped; i++) {
        mapped = map_part(tree, file, &tree->parts[2 + i], session->buckets[i], buckets,
                          LOAD(session->table[i].buckets) * sizeof(uint32_t) + room / 12);
    }
    return mapped;
}

/* Of the address space that the process may have, or 0: as much as it likes. */
static uint64_t address_space(const struct kernel *kernel) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    KERNEL4(kernel, SYS_prlimit64, 0, RLIMIT_AS, NULL, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? 0 : limit.rlim_cur;
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
    struct tree tree = {.kernel = kernel, .near = plan.records, .session_length = bytes};
    tree.session = map(kernel, file, 0, tree.near);
    if (tree.session == NULL) {
        return -ENOMEM;
    }
    /* Whoever chooses names shall not know which of them meet in a bucket. */
    KERNEL2(kernel, SYS_clock_gettime, CLOCK_REALTIME, &now);
    plan.seed =
        (uint64_t)now.tv_nsec * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)now.tv_sec ^ (uintptr_t)tree.session;
    memcpy(plan.manifest, lower->bytes, sizeof plan.manifest);
    plan.next_node = plan.node_ready = lower->entries;
    plan.next_block = 1;
    plan.reserve_left = RESERVE / PAGE;
    for (unsigned i = 0; i < TABLES; i++) {
        plan.table[i].buckets = FIRST_BUCKETS;
    }
    long made = memory_ready(&tree, tree.session, sizeof *tree.session) ? 0 : -ENOSPC;
    if (made == 0) {
        memcpy(tree.session, &plan, sizeof plan - sizeof plan.redo);
        made = !map_parts(&tree, file, 0) ? -ENOMEM : is_begun(&tree) ? 0 : -ENOSPC;
    }
    unmap(&tree);
    return made;
}

/* On a frame of its own, since a stack grows by pages that a process pays for. */
static __attribute__((noinline)) bool is_ours(const struct session *session, const struct manifest *lower,
                                              uint64_t bytes) {
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

/* 0: too short. */
static __attribute__((noinline)) uint64_t records_begin(uint32_t entries, uint64_t bytes) {
    struct session plan;
    return lay_out(&plan, entries, bytes) ? plan.records : 0;
}

long tree_map(struct tree *tree, const struct kernel *kernel, int file, const struct manifest *lower) {
    struct statx status = {0};
    const long looked =
        KERNEL5(kernel, SYS_statx, file, "", AT_EMPTY_PATH, STATX_SIZE | STATX_UID | STATX_GID, &status);
    if (looked < 0) {
        return looked;
    }
    if (status.stx_size < sizeof(struct session)) {
        return -EINVAL;
    }
    const uint64_t records = records_begin(lower->entries, status.stx_size);
    if (records == 0) {
        return -EINVAL;
    }
    const uint64_t limit = address_space(kernel);
    const bool all = limit == 0 || status.stx_size < limit / SHARE;
    *tree = (struct tree){.kernel = kernel,
                          .lower = *lower,
                          .session_length = (size_t)status.stx_size,
                          .owner_uid = status.stx_uid,
                          .owner_gid = status.stx_gid};
    tree->near = all ? tree->session_length : (size_t)records;
    tree->session = map(kernel, file, 0, tree->near);
    if (tree->session == NULL) {
        return -ENOMEM;
    }
    long mapped = is_ours(tree->session, lower, status.stx_size) ? 0 : -EINVAL;
    if (mapped == 0 && !all && !map_parts(tree, file, limit / SHARE)) {
        mapped = -ENOMEM;
    }
    if (mapped < 0) {
        unmap(tree);
    }
    return mapped;
}

void tree_unmap(struct tree *tree) {
    unmap(tree);
}
