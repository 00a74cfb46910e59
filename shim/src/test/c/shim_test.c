#include "shim_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int checks, failures;

void check_at(bool right, const char *what, const char *file, int line) {
    checks++;
    if (!right) {
        failures++;
        printf("FAILED: %s:%d: %s\n", file, line, what);
        fflush(stdout);
    }
}

int report(const char *name) {
    printf("%s: %d checks, %d failures\n", name, checks, failures);
    return failures == 0 ? 0 : 1;
}

static long real_call(long number, long a, long b, long c, long d, long e, long f) {
    const long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}

const struct kernel real_kernel = {real_call};

static void must(bool right, const char *what) {
    if (!right) {
        fprintf(stderr, "cannot %s\n", what);
        exit(2);
    }
}

void fixture_make(struct fixture *fixture, const struct made_entry *entries, size_t count,
                  const struct kernel *kernel) {
    size_t length;
    fixture->bytes = write_manifest(entries, count, &length);
    must(manifest_open(&fixture->lower, fixture->bytes, length), "open the manifest");
    fixture->file = memfd_create("session", MFD_CLOEXEC);
    must(tree_make(kernel, fixture->file, &fixture->lower, (struct tree_limits){UINT64_C(16) << 30}) == 0,
         "make the session");
    must(tree_map(&fixture->tree, kernel, fixture->file, &fixture->lower) == 0, "map the session");
}

void fixture_end(struct fixture *fixture) {
    tree_unmap(&fixture->tree);
    close(fixture->file);
    free(fixture->bytes);
}

node_id find(const struct tree *tree, const char *path) {
    bool certain, searchable;
    return tree_find(tree, path, strlen(path), &certain, &searchable);
}

node_id make_node(struct tree *tree, enum node_type type, const char *target) {
    const struct node what = {.type = type,
                              .backing =
                                  type == NODE_FILE || type == NODE_OTHER ? BACKING_UPPER : BACKING_NONE,
                              .mode = 0755,
                              .uid = 7,
                              .gid = 8};
    node_id id;
    return tree_new(tree, &what, target, &id) == 0 ? id : NO_NODE;
}

node_id add(struct tree *tree, node_id directory, const char *name, enum node_type type) {
    const node_id id = make_node(tree, type, "target");
    return id != NO_NODE && link_to(tree, id, directory, name) == 0 ? id : NO_NODE;
}

long link_to(struct tree *tree, node_id id, node_id directory, const char *name) {
    return tree_link(tree, id, directory, name, strlen(name));
}

long unlink_from(struct tree *tree, node_id directory, const char *name, bool directories) {
    node_id gone;
    return tree_unlink(tree, directory, name, strlen(name), directories, &gone);
}

long move(struct tree *tree, node_id from, const char *name, node_id to, const char *new_name,
          unsigned flags) {
    node_id gone;
    return tree_rename(tree, (struct place){from, name, strlen(name)},
                       (struct place){to, new_name, strlen(new_name)}, flags, &gone);
}

uint32_t draw(uint64_t *seed, uint32_t below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*seed >> 33) % below);
}
