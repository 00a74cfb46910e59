/* A build makes and removes millions of files: the memory of a session must not grow with them. */
#include "shim_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static void map_within(struct fixture *fixture, uint64_t limit) {
    const struct rlimit space = {limit, limit};
    const struct manifest lower = fixture->tree.lower;
    tree_unmap(&fixture->tree);
    CHECK(setrlimit(RLIMIT_AS, &space) == 0);
    CHECK(tree_map(&fixture->tree, &quiet, fixture->file, &lower) == 0);
}

/* A process that may map less than a session is long sees all of it, and changes it. */
static int work_within(struct fixture *fixture) {
    char name[64];
    map_within(fixture, UINT64_C(1000000) << 10);
    struct tree *tree = &fixture->tree;
    const node_id directory = find(tree, "d");
    CHECK(find(tree, "d/kept-50000") != NO_NODE);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "within-%u", i);
        const node_id id = add(tree, directory, name, i % 2 == 0 ? NODE_LINK : NODE_FILE);
        CHECK(id != NO_NODE && tree_note(tree, 2, i, id) == 0 && tree_noted(tree, 2, i) == id);
        CHECK(i < 100 || unlink_from(tree, directory, name, false) == 0);
    }
    CHECK(move(tree, directory, "within-1", directory, "within", 0) == 0);
    return failures == 0 ? 0 : 1;
}

/* What others have made since, behind the room for it, is not taken for nothing. */
static int look_behind(struct fixture *fixture, int ready) {
    char byte = 0;
    map_within(fixture, UINT64_C(256) << 20);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    if (read(ready, &byte, 1) != 1) {
        return 1;
    }
    struct node node;
    const node_id last = find(&fixture->tree, "d/last");
    return last == NO_NODE ? 2 : tree_node(&fixture->tree, last, &node) ? 3 : 4;
}

static void test_limits(struct fixture *fixture) {
    struct tree *tree = &fixture->tree;
    const node_id directory = find(tree, "d");
    int status = -1, ready[2];
    pid_t child = fork();
    if (child == 0) {
        _exit(work_within(fixture));
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(find(tree, "d/within") != NO_NODE && find(tree, "d/within-1") == NO_NODE);
    CHECK(find(tree, "d/within-98") != NO_NODE && find(tree, "d/within-100") == NO_NODE);
    CHECK(pipe(ready) == 0);
    child = fork();
    if (child == 0) {
        _exit(look_behind(fixture, ready[0]));
    }
    usleep(200000);
    for (unsigned i = 0; i < 200000; i++) {
        node_id id;
        CHECK(tree_new(tree, &(struct node){.type = NODE_DIRECTORY, .mode = 0755}, NULL, &id) == 0);
    }
    CHECK(add(tree, directory, "last", NODE_DIRECTORY) != NO_NODE && write(ready[1], "x", 1) == 1);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    printf("tree growth: beyond a limit of address space: exit %d\n", WEXITSTATUS(status));
    CHECK(WEXITSTATUS(status) == 125);
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
    test_limits(&fixture);
    fixture_end(&fixture);
    return report("tree growth");
}
