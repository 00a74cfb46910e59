/* session_test GOLDEN: what velo-session reads and writes, against the golden files that Java's tests have,
 * too. */
#include "../../main/c/velo-session/session.h"
#include "../../main/c/velo-shim/tree.h"
#include "manifest_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static unsigned char *content(const char *directory, const char *name, size_t *length) {
    char path[4096];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    const int file = open(path, O_RDONLY);
    CHECK(file >= 0 && fstat(file, &status) == 0);
    *length = (size_t)status.st_size;
    unsigned char *bytes = malloc(*length + 1);
    CHECK(bytes != NULL && read(file, bytes, *length) == (ssize_t)*length);
    close(file);
    return bytes;
}

static void expect_string(const char *text, const char *expected) {
    CHECK(text != NULL && strcmp(text, expected) == 0);
}

static void test_plan(const char *golden) {
    size_t length;
    const char *fault = NULL;
    unsigned char *bytes = content(golden, "session-plan-1.bin", &length);
    struct plan *plan = plan_decode(bytes, length, &fault);
    CHECK(plan != NULL && fault == NULL);
    CHECK(plan->arguments.count == 2 && plan->environment.count == 2 && plan->finish.count == 2);
    expect_string(plan->arguments.items[0], "/vrift/bin/tool");
    expect_string(plan->arguments.items[1], "\xff");
    expect_string(plan->environment.items[1], "EMPTY=");
    expect_string(plan->workdir, "dir");
    expect_string(plan->directory, "/store/leases/run-1");
    expect_string(plan->manifest, "/store/manifests/m.velo");
    expect_string(plan->library, "/velo/lib/libvelo-shim.so");
    expect_string(plan->enter, "/velo/libexec/velo-enter");
    expect_string(plan->supervised, "/velo/libexec/velo-supervised");
    CHECK(plan->strict == 1);
    expect_string(plan->finish.items[1], "--session");
    expect_string(plan->result, "/home/r.json");
    CHECK(plan->descriptor_limit == 1024 && plan->time_limit_ms == 1500);
    /* Each byte counts, and so does each that is missing. */
    for (size_t i = 0; i < length; i++) {
        bytes[i] ^= 0x20;
        CHECK(plan_decode(bytes, length, &fault) == NULL && fault != NULL);
        bytes[i] ^= 0x20;
        CHECK(plan_decode(bytes, i, &fault) == NULL && fault != NULL);
    }
    free(bytes);
}

static node_id child(struct tree *tree, node_id directory, const char *name) {
    const node_id id = tree_child(tree, directory, name, strlen(name));
    CHECK(id != NO_NODE);
    return id;
}

static void settle(struct tree *tree, node_id id) {
    const struct node now = {.modified = {1700000000, 5}};
    CHECK(tree_change(tree, id, CHANGE_MODIFIED, &now) == 0);
}

static node_id make(struct tree *tree, const struct node *what, const char *target, node_id directory,
                    const char *name) {
    node_id id;
    CHECK(tree_new(tree, what, target, &id) == 0);
    CHECK(tree_link(tree, id, directory, name, strlen(name)) == 0);
    return id;
}

static void change_everything(struct tree *tree) {
    node_id gone;
    const struct node directory = {.type = NODE_DIRECTORY, .mode = 0751};
    const struct node link = {.type = NODE_LINK, .mode = 0777};
    const struct node upper = {.type = NODE_FILE, .backing = BACKING_UPPER};
    const struct node fifo = {.type = NODE_OTHER, .backing = BACKING_UPPER};
    const struct node closed = {.mode = 0600};
    const node_id kept = child(tree, ROOT_NODE, "kept");
    CHECK(tree_unlink(tree, ROOT_NODE, "removed", 7, false, &gone) == 0);
    CHECK(tree_unlink(tree, kept, "removed", 7, false, &gone) == 0);
    CHECK(tree_change(tree, child(tree, kept, "mode"), CHANGE_MODE, &closed) == 0);
    CHECK(tree_rename(tree, (struct place){ROOT_NODE, "moved", 5}, (struct place){kept, "here", 4}, 0,
                      &gone) == 0);
    settle(tree, make(tree, &directory, NULL, ROOT_NODE, "made"));
    settle(tree, make(tree, &link, "some/where", child(tree, ROOT_NODE, "made"), "link"));
    const node_id file = make(tree, &upper, NULL, child(tree, ROOT_NODE, "made"), "upper");
    CHECK(tree_link(tree, file, kept, "hard", 4) == 0);
    make(tree, &fifo, NULL, kept, "fifo");
    settle(tree, ROOT_NODE);
    settle(tree, kept);
    settle(tree, child(tree, kept, "here"));
    settle(tree, child(tree, ROOT_NODE, "made"));
}

static void test_changes(const char *golden) {
    static const struct made_entry entries[] = {
        {'d', "kept", 0755, NULL, 0},         {'f', "kept/mode", 0644, NULL, 3},
        {'f', "kept/removed", 0644, NULL, 3}, {'f', "kept/same", 0644, NULL, 3},
        {'d', "moved", 0755, NULL, 0},        {'f', "moved/file", 0755, NULL, 4},
        {'f', "removed", 0644, NULL, 5},      {'l', "same", 0777, "kept", 0}};
    char directory[] = "/tmp/velo-session-test-XXXXXX";
    char manifest[64];
    size_t length, wanted;
    CHECK(mkdtemp(directory) != NULL);
    uint8_t *bytes = write_manifest(entries, sizeof entries / sizeof *entries, &length);
    snprintf(manifest, sizeof manifest, "%s/manifest", directory);
    const int file = open(manifest, O_WRONLY | O_CREAT, 0600);
    CHECK(file >= 0 && write(file, bytes, length) == (ssize_t)length);
    close(file);
    free(bytes);
    const struct plan plan = {.directory = directory, .manifest = manifest};
    struct run run = {.plan = &plan, .directory = open(directory, O_RDONLY | O_DIRECTORY)};
    struct tree tree;
    session_make(&run);
    CHECK(session_map(&run, &tree));
    change_everything(&tree);
    tree_unmap(&tree);
    CHECK(write_changes(&run));
    uint8_t *made = content(directory, "changes", &length);
    uint8_t *expected = content(golden, "session-changes-1.bin", &wanted);
    if (length != wanted || memcmp(made, expected, length) != 0) {
        fprintf(stderr, "%s/changes is not the golden file\n", directory);
        exit(1);
    }
    free(made);
    free(expected);
    CHECK(remove_tree(AT_FDCWD, directory) == 0);
    CHECK(access(directory, F_OK) != 0);
}

static void test_removal(void) {
    char directory[] = "/tmp/velo-session-test-XXXXXX";
    char outside[] = "/tmp/velo-session-test-XXXXXX";
    CHECK(mkdtemp(directory) != NULL && mkdtemp(outside) != NULL);
    const int top = open(directory, O_RDONLY | O_DIRECTORY);
    CHECK(mkdirat(top, "dirs", 0700) == 0 && mkdirat(top, "dirs/1", 0700) == 0);
    CHECK(mkdirat(top, "dirs/1/stray", 0700) == 0 && symlinkat(outside, top, "dirs/1/stray/link") == 0);
    CHECK(fchmodat(top, "dirs/1", 0, 0) == 0);
    CHECK(remove_tree(AT_FDCWD, directory) == 0);
    CHECK(access(directory, F_OK) != 0 && access(outside, F_OK) == 0);
    CHECK(rmdir(outside) == 0);
    close(top);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    test_plan(argv[1]);
    test_changes(argv[1]);
    test_removal();
    puts("velo-session: plan, changes, removal");
    return 0;
}
