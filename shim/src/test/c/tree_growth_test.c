/* A build makes and removes millions of files: the memory of a session must not grow with them. */
#include "shim_test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum { FILES = 1000000, BEFORE = 200000, KEPT_EVERY = 50000 };

/* One thread alone: what concerns signals and the robust list needs no kernel. */
static long quiet_call(long number, long a, long b, long c, long d, long e, long f) {
    switch (number) {
    case SYS_rt_sigprocmask:
    case SYS_set_robust_list:
        return 0;
    case SYS_get_robust_list:
        return -1;
    case SYS_gettid:
        return 1;
    case SYS_clock_gettime:
        return clock_gettime((clockid_t)a, (struct timespec *)b);
    default:
        return real_kernel.call(number, a, b, c, d, e, f);
    }
}

static const struct kernel quiet = {quiet_call};

static double mebibytes(const struct fixture *fixture) {
    struct stat status;
    return fstat(fixture->file, &status) == 0 ? (double)status.st_blocks / 2048 : 0;
}

/* The kernel refuses what is no file's: who answers otherwise has not looked. */
static bool takes_back(void) {
    void *page = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED || madvise(page, 65536, MADV_REMOVE) != 0;
}

int main(void) {
    if (!takes_back()) {
        printf("SKIPPED: tree growth: memory is not given back here (an emulator ignores MADV_REMOVE)\n");
        return 0;
    }
    static const struct made_entry entries[] = {{'d', "d", 0755, NULL, 0}};
    struct fixture fixture;
    struct timespec start, stop;
    char name[64];
    fixture_make(&fixture, entries, 1, &quiet);
    struct tree *tree = &fixture.tree;
    const node_id directory = find(tree, "d");
    double before = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned i = 0; i < FILES; i++) {
        const enum node_type type = i % 10 == 0 ? NODE_LINK : i % 10 == 1 ? NODE_DIRECTORY : NODE_FILE;
        if (i == BEFORE) {
            before = mebibytes(&fixture);
        }
        snprintf(name, sizeof name, i % KEPT_EVERY == 0 ? "kept-%u" : "temporary-file-%u.o", i);
        const node_id id = add(tree, directory, name, type);
        CHECK(id != NO_NODE && tree_note(tree, 1, i, id) == 0);
        CHECK(i % KEPT_EVERY == 0 || unlink_from(tree, directory, name, type == NODE_DIRECTORY) == 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &stop);
    const double after = mebibytes(&fixture);
    const double seconds =
        (double)(stop.tv_sec - start.tv_sec) + (double)(stop.tv_nsec - start.tv_nsec) / 1e9;
    printf("tree growth: %.1f MiB after %d files, %.1f MiB after %d; %.0f ns for a file made, noted and "
           "removed\n",
           before, BEFORE, after, FILES, seconds / FILES * 1e9);
    CHECK(before > 1 && after < before + 2);
    CHECK(find(tree, "d/kept-50000") != NO_NODE && find(tree, "d/temporary-file-50001.o") == NO_NODE);
    const char *fault = tree_fault(tree);
    check_at(fault == NULL, fault == NULL ? "whole" : fault, __FILE__, __LINE__);
    fixture_end(&fixture);
    return report("tree growth");
}
