/*
 * A session on a file system without a free block: nothing that a process does ends it by SIGBUS, and things
 * can still be removed and moved. tree_full_test [DIRECTORY]: of a file system that may be filled; without
 * one a small tmpfs is mounted, where even a look at a hole takes a block.
 */
#include "shim_test.h"
#include "tree_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES = 8000, SCATTERED = 60, UPPER = 40, PIECE = 65536 };

static char names[FILES + 1][32];
static struct made_entry entries[FILES + 1];

static struct fixture made_in(const char *directory) {
    struct fixture fixture;
    char path[4096];
    size_t length;
    entries[0] = (struct made_entry){'d', "d", 0755, NULL, 0};
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(names[i], sizeof names[i], "d/file-%05u", i);
        entries[i + 1] = (struct made_entry){'f', names[i], 0644, NULL, 1};
    }
    snprintf(path, sizeof path, "%s/session", directory);
    fixture.bytes = write_manifest(entries, FILES + 1, &length);
    fixture.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!manifest_open(&fixture.lower, fixture.bytes, length) || fixture.file < 0 ||
        tree_make(&real_kernel, fixture.file, &fixture.lower, (struct tree_limits){1 << 30}) != 0 ||
        tree_map(&fixture.tree, &real_kernel, fixture.file, &fixture.lower) != 0) {
        perror("cannot make a session");
        exit(2);
    }
    CHECK(fixture.tree.session->node_end > 4000000); /* a build makes millions of temporary files */
    return fixture;
}

/* To the last byte: what is dirty takes its place first. */
static int fill(const char *directory) {
    static char piece[PIECE];
    char path[4096];
    snprintf(path, sizeof path, "%s/fill", directory);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (unsigned again = 0; again < 2; again++) {
        for (size_t size = sizeof piece; size > 0; size /= 2) {
            while (write(file, piece, size) > 0) {
            }
        }
        fsync(file);
    }
    CHECK(write(file, piece, 4096) < 0 && errno == ENOSPC);
    return file;
}

static void read_all(struct tree *tree) {
    struct node node;
    struct entry entry;
    unsigned told = 0;
    const node_id directory = find(tree, "d");
    for (uint64_t position = 0; tree_list(tree, directory, position, &entry, &position); told++) {
        if (!tree_node(tree, entry.node, &node)) {
            CHECK(false);
        }
    }
    CHECK(told >= FILES + 2);
    CHECK(find(tree, "d/file-00077") != NO_NODE && find(tree, "d/none") == NO_NODE);
}

/* What needs room says that there is none, at the latest when what was ready is used up. */
static void use_up(struct tree *tree) {
    const node_id directory = find(tree, "d");
    char name[32];
    long noted = 0, changed = 0;
    for (unsigned i = 0; i < FILES; i++) {
        const long done = tree_note(tree, 1, i + 1, find(tree, names[i]));
        CHECK(done == 0 || done == -ENOSPC);
        noted = done < 0 ? done : noted;
    }
    for (unsigned i = 0; i < FILES; i++) {
        const long done = tree_change(tree, find(tree, names[i]), CHANGE_MODE, &(struct node){.mode = 0600});
        CHECK(done == 0 || done == -ENOSPC);
        changed = done < 0 ? done : changed;
    }
    node_id id = 0;
    for (unsigned i = 0; i < 4 * FILES && id != NO_NODE; i++) {
        snprintf(name, sizeof name, "new-%u", i);
        id = add(tree, directory, name, i % 2 == 0 ? NODE_LINK : NODE_DIRECTORY);
    }
    CHECK(noted == -ENOSPC && changed == -ENOSPC && id == NO_NODE);
}

static void remove_and_move(struct tree *tree, unsigned first) {
    const node_id directory = find(tree, "d");
    char name[64];
    for (unsigned i = 0; i < UPPER; i++) {
        snprintf(name, sizeof name, "upper-%u", i);
        CHECK(i % 2 == 0 ? unlink_from(tree, directory, name, false) == 0
                         : move(tree, directory, name, directory, "upper", 0) == 0);
    }
    for (unsigned i = 0; i < SCATTERED; i++) {
        const char *lower = names[first + i * (FILES / SCATTERED)] + 2;
        snprintf(name, sizeof name, "moved-to-a-longer-name-%u", i);
        CHECK(i % 4 != 0 ? unlink_from(tree, directory, lower, false) == 0
                         : move(tree, directory, lower, directory, name, 0) == 0);
    }
    CHECK(find(tree, "d/upper-0") == NO_NODE && find(tree, "d/upper") != NO_NODE);
    CHECK(find(tree, names[first + FILES / SCATTERED]) == NO_NODE);
    CHECK(find(tree, "d/moved-to-a-longer-name-4") != NO_NODE);
}

static void whole(const struct tree *tree) {
    const char *fault = tree_fault(tree);
    check_at(fault == NULL, fault == NULL ? "whole" : fault, __FILE__, __LINE__);
}

static int run_in(const char *directory, unsigned part) {
    struct fixture fixture = made_in(directory);
    struct tree *tree = &fixture.tree;
    char name[32];
    for (unsigned i = 0; i < UPPER; i++) {
        snprintf(name, sizeof name, "upper-%u", i);
        CHECK(add(tree, find(tree, "d"), name, NODE_FILE) != NO_NODE);
    }
    const int filled = fill(directory);
    read_all(tree);
    if (part == 0) {
        use_up(tree);
        whole(tree);
    }
    unsigned given = 0;
    while (tree_give_little(tree)) {
        given++;
    }
    CHECK(given > 0); /* and what is left is enough */
    remove_and_move(tree, 1);
    whole(tree);
    tree_give_back(tree);
    CHECK(write(filled, name, 1) == 1);
    CHECK(ftruncate(filled, 0) == 0);
    close(filled);
    fixture_end(&fixture);
    return report("tree on a full disk");
}

/* A tmpfs of this process and its children. */
static const char *mounted(void) {
    static char directory[] = "/tmp/tree-full-XXXXXX";
    if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 || mkdtemp(directory) == NULL ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", directory, "tmpfs", 0, "size=8m") != 0) {
        return NULL;
    }
    return directory;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Nothing can be written there: who says that it is ready has not looked. */
static bool tells_of_room(void) {
    void *page = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED || madvise(page, 65536, MADV_POPULATE_WRITE) != 0;
}

int main(int argc, char **argv) {
    if (!tells_of_room()) {
        printf("SKIPPED: tree on a full disk: nothing tells of room here (an emulator ignores "
               "MADV_POPULATE_WRITE)\n");
        return 0;
    }
    const char *directory = argc > 1 ? argv[1] : mounted();
    int failed = 0;
    if (directory == NULL) {
        printf("SKIPPED: tree on a full disk: a tmpfs cannot be mounted here: %s\n", strerror(errno));
        return 0;
    }
    for (unsigned part = 0; part < 2; part++) {
        int status = 0;
        const pid_t child = fork();
        if (child == 0) {
            exit(run_in(directory, part));
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("FAILED: part %u ended with %s %d\n", part, WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            failed = 1;
        }
    }
    if (argc == 1) {
        umount2(directory, MNT_DETACH);
        rmdir(directory);
    }
    return failed;
}
