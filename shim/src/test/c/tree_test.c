/* Each function of the tree, with each of its errors. */
#include "shim_test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static const struct made_entry entries[] = {
    {'d', "a", 0755, NULL, 0},       {'d', "a/b", 0755, NULL, 0},    {'f', "a/b/c", 0640, NULL, 5},
    {'d', "a/b/d", 0755, NULL, 0},   {'f', "a/f", 0644, NULL, 1},    {'w', "a/w", 0, NULL, 0},
    {'d', "shut", 0700, NULL, 0},    {'f', "shut/f", 0644, NULL, 1}, {'l', "l", 0, "a/b", 0},
    {'d', "empty", 0755, NULL, 0},   {'f', "top", 0644, NULL, 9},    {'d', "white", 0755, NULL, 0},
    {'w', "white/gone", 0, NULL, 0},
};
static struct fixture fixture;
static struct tree *tree = &fixture.tree;

static void begin(void) {
    fixture_make(&fixture, entries, sizeof entries / sizeof *entries, &real_kernel);
}

static void end(void) {
    const char *fault = tree_fault(tree);
    CHECK(fault == NULL);
    if (fault != NULL) {
        printf("  %s\n", fault);
    }
    fixture_end(&fixture);
}

static void test_find(void) {
    bool certain, searchable;
    begin();
    CHECK(find(tree, "") == ROOT_NODE);
    const node_id c = find(tree, "a/b/c");
    CHECK(c != NO_NODE && tree_child(tree, find(tree, "a/b"), "c", 1) == c);
    CHECK(tree_find(tree, "a/b/c", 5, &certain, &searchable) == c && searchable);
    CHECK(tree_find(tree, "shut/f", 6, &certain, &searchable) != NO_NODE && !searchable);
    CHECK(tree_find(tree, "shut", 4, &certain, &searchable) != NO_NODE && searchable);
    CHECK(tree_find(tree, "shut/x", 6, &certain, &searchable) == NO_NODE && certain && !searchable);
    CHECK(tree_find(tree, "a/b/x", 5, &certain, &searchable) == NO_NODE && certain && searchable);
    CHECK(tree_find(tree, "a/w", 3, &certain, &searchable) == NO_NODE && certain);
    CHECK(tree_find(tree, "l/c", 3, &certain, &searchable) == NO_NODE && !certain);
    CHECK(tree_find(tree, "top/c", 5, &certain, &searchable) == NO_NODE && !certain);
    CHECK(tree_find(tree, "l", 1, &certain, &searchable) != NO_NODE);
    CHECK(tree_child(tree, ROOT_NODE, "", 0) == NO_NODE);
    CHECK(tree_child(tree, c, "x", 1) == NO_NODE && tree_child(tree, 12345678, "x", 1) == NO_NODE);
    const node_id made = add(tree, find(tree, "a/b"), "new", NODE_FILE);
    CHECK(tree_find(tree, "a/b/new", 7, &certain, &searchable) == made && made != NO_NODE && searchable);
    CHECK(tree_find(tree, "a/b/x", 5, &certain, &searchable) == NO_NODE && certain);
    CHECK(find(tree, "a/b/c") == c);
    const struct node shut = {.mode = 0600};
    CHECK(tree_change(tree, find(tree, "a"), CHANGE_MODE, &shut) == 0);
    CHECK(tree_find(tree, "a/b/c", 5, &certain, &searchable) == c && !searchable);
    char name[300];
    memset(name, 'n', sizeof name);
    CHECK(tree_find(tree, name, sizeof name, &certain, &searchable) == NO_NODE);
    end();
}

static void test_node(void) {
    struct node node;
    char target[16];
    begin();
    CHECK(tree_node(tree, ROOT_NODE, &node) && node.type == NODE_DIRECTORY && node.parent == ROOT_NODE &&
          node.children == 4);
    CHECK(tree_node(tree, find(tree, "a/b/c"), &node) && node.type == NODE_FILE &&
          node.backing == BACKING_BLOB && node.mode == 0640 && node.size == 5 && node.links == 1 &&
          node.uid == TREE_OWNER && node.digest[0] == 6 && node.modified.seconds == made_seconds("a/b/c") &&
          node.modified.nanoseconds == 5);
    CHECK(tree_node(tree, find(tree, "a"), &node) && node.children == 1 && node.parent == ROOT_NODE);
    const node_id link = find(tree, "l");
    CHECK(tree_node(tree, link, &node) && node.type == NODE_LINK && strcmp(node.target, "a/b") == 0 &&
          node.size == 3 && node.mode == 0777);
    CHECK(tree_target(tree, link, target, sizeof target) == 3 && strcmp(target, "a/b") == 0);
    CHECK(tree_target(tree, link, target, 3) == -ERANGE && tree_target(tree, 0, target, 3) == -EINVAL);
    const struct node moved = {.mode = 0123, .uid = 5, .gid = 6, .accessed = {-9, 10}, .modified = {-7, 8}};
    CHECK(tree_change(tree, link, CHANGE_OWNER | CHANGE_GROUP | CHANGE_MODIFIED | CHANGE_ACCESSED, &moved) ==
          0);
    CHECK(tree_node(tree, link, &node) && node.uid == 5 && node.gid == 6 && node.modified.seconds == -7 &&
          node.modified.nanoseconds == 8 && node.mode == 0777 && strcmp(node.target, "a/b") == 0);
    CHECK(node.changed.seconds >= 1700000000 && node.accessed.seconds == -9 &&
          node.accessed.nanoseconds == 10);
    const node_id made = make_node(tree, NODE_LINK, "some/where");
    CHECK(tree_node(tree, made, &node) && node.size == 10 && strcmp(node.target, "some/where") == 0 &&
          node.links == 0 && node.uid == 7 && node.gid == 8);
    CHECK(!tree_node(tree, made + 1, &node) && !tree_node(tree, NO_NODE, &node));
    CHECK(tree_change(tree, made + 1, CHANGE_MODE, &moved) == -ENOENT);
    const node_id file = make_node(tree, NODE_FILE, NULL);
    CHECK(tree_change(tree, file, CHANGE_MODE, &moved) == -EINVAL);
    const struct node wrong = {.type = NODE_FILE, .backing = BACKING_BLOB};
    node_id id;
    CHECK(tree_new(tree, &wrong, NULL, &id) == -EINVAL && id == NO_NODE);
    char text[4200];
    memset(text, 't', sizeof text);
    text[4095] = 0;
    CHECK(make_node(tree, NODE_LINK, text) != NO_NODE);
    text[4095] = 't';
    text[4096] = 0;
    CHECK(make_node(tree, NODE_LINK, text) == NO_NODE && make_node(tree, NODE_LINK, "") == NO_NODE);
    end();
}

static void test_link(void) {
    struct node node;
    char name[300] = "";
    begin();
    const node_id a = find(tree, "a"), c = find(tree, "a/b/c");
    struct node before;
    CHECK(tree_node(tree, a, &before));
    CHECK(link_to(tree, c, a, "second") == 0 && find(tree, "a/second") == c);
    CHECK(tree_node(tree, c, &node) && node.links == 2 && node.mode == 0640 && node.backing == BACKING_BLOB);
    CHECK(tree_node(tree, a, &node) && node.modified.seconds > before.modified.seconds && node.children == 1);
    CHECK(link_to(tree, c, a, "second") == -EEXIST && link_to(tree, c, a, "b") == -EEXIST);
    CHECK(link_to(tree, c, c, "x") == -ENOTDIR && link_to(tree, c, 999999, "x") == -ENOENT);
    CHECK(link_to(tree, a, ROOT_NODE, "x") == -EPERM && link_to(tree, ROOT_NODE, a, "x") == -EPERM);
    CHECK(link_to(tree, 999999, a, "x") == -ENOENT);
    CHECK(link_to(tree, c, a, "w") == 0 && find(tree, "a/w") == c);
    CHECK(link_to(tree, c, a, "") == -EBUSY && link_to(tree, c, a, "x/y") == -EINVAL);
    memset(name, 'n', 256);
    CHECK(link_to(tree, c, a, name) == -ENAMETOOLONG);
    name[255] = 0;
    CHECK(link_to(tree, c, a, name) == 0 && tree_child(tree, a, name, 255) == c);
    const node_id made = add(tree, a, "dir", NODE_DIRECTORY);
    CHECK(tree_node(tree, a, &node) && node.children == 2);
    CHECK(tree_node(tree, made, &node) && node.parent == a && node.children == 0 && node.links == 1);
    const node_id many = make_node(tree, NODE_FILE, NULL);
    for (unsigned i = 0; i < 65000; i++) {
        snprintf(name, sizeof name, "%u", i);
        if (link_to(tree, many, made, name) != 0) {
            CHECK(false);
            break;
        }
    }
    CHECK(link_to(tree, many, made, "more") == -EMLINK);
    end();
}

static void test_unlink(void) {
    node_id gone;
    struct node node;
    begin();
    const node_id a = find(tree, "a"), b = find(tree, "a/b"), c = find(tree, "a/b/c");
    CHECK(unlink_from(tree, a, "none", false) == -ENOENT && unlink_from(tree, a, "w", false) == -ENOENT);
    CHECK(unlink_from(tree, a, "b", false) == -EISDIR && unlink_from(tree, b, "c", true) == -ENOTDIR);
    CHECK(unlink_from(tree, a, "b", true) == -ENOTEMPTY && unlink_from(tree, a, "", true) == -EBUSY);
    CHECK(unlink_from(tree, c, "x", false) == -ENOTDIR && unlink_from(tree, 999999, "x", false) == -ENOENT);
    CHECK(tree_unlink(tree, b, "c", 1, false, &gone) == 0 && gone == c && find(tree, "a/b/c") == NO_NODE);
    CHECK(tree_node(tree, c, &node) && node.links == 0);
    CHECK(link_to(tree, c, b, "c") == -ENOENT);
    CHECK(unlink_from(tree, b, "c", false) == -ENOENT);
    CHECK(tree_unlink(tree, b, "d", 1, true, &gone) == 0 && gone != NO_NODE);
    CHECK(tree_node(tree, gone, &node) && node.parent == NO_NODE && node.links == 0);
    CHECK(link_to(tree, make_node(tree, NODE_FILE, NULL), gone, "x") == -ENOENT);
    CHECK(tree_child(tree, gone, "x", 1) == NO_NODE);
    CHECK(tree_node(tree, b, &node) && node.children == 0);
    const node_id file = add(tree, b, "c", NODE_FILE);
    CHECK(find(tree, "a/b/c") == file && unlink_from(tree, a, "b", true) == -ENOTEMPTY);
    CHECK(link_to(tree, file, b, "twin") == 0);
    CHECK(tree_unlink(tree, b, "c", 1, false, &gone) == 0 && gone == NO_NODE);
    CHECK(tree_unlink(tree, b, "twin", 4, false, &gone) == 0 && gone == file);
    CHECK(tree_unlink(tree, a, "b", 1, true, &gone) == 0 && gone == b && find(tree, "a/b") == NO_NODE);
    CHECK(unlink_from(tree, ROOT_NODE, "white", true) == 0 &&
          unlink_from(tree, ROOT_NODE, "empty", true) == 0);
    const node_id again = add(tree, a, "b", NODE_DIRECTORY);
    CHECK(find(tree, "a/b") == again && find(tree, "a/b/c") == NO_NODE);
    end();
}

static void test_rename(void) {
    node_id gone;
    char path[64];
    begin();
    const node_id a = find(tree, "a"), b = find(tree, "a/b"), c = find(tree, "a/b/c"), f = find(tree, "a/f");
    CHECK(move(tree, a, "none", a, "x", 0) == -ENOENT && move(tree, 999999, "x", a, "x", 0) == -ENOENT);
    CHECK(move(tree, a, "b", c, "x", 0) == -ENOTDIR && move(tree, a, "", a, "x", 0) == -EBUSY);
    CHECK(move(tree, a, "f", a, "b", RENAME_NOREPLACE) == -EEXIST &&
          move(tree, a, "b", a, "f", 0) == -ENOTDIR);
    CHECK(move(tree, a, "f", a, "b", 0) == -EISDIR &&
          move(tree, ROOT_NODE, "empty", a, "b", 0) == -ENOTEMPTY);
    CHECK(move(tree, ROOT_NODE, "a", b, "x", 0) == -EINVAL && move(tree, a, "b", b, "x", 0) == -EINVAL);
    CHECK(move(tree, b, "d", ROOT_NODE, "a", 0) == -ENOTEMPTY);
    CHECK(move(tree, b, "d", ROOT_NODE, "a", RENAME_EXCHANGE) == -EINVAL);
    CHECK(move(tree, a, "f", a, "none", RENAME_EXCHANGE) == -ENOENT);
    CHECK(move(tree, a, "f", a, "g", RENAME_EXCHANGE | RENAME_NOREPLACE) == -EINVAL);
    CHECK(move(tree, a, "f", a, "g", 4) == -EINVAL);
    CHECK(move(tree, a, "f", a, "f", 0) == 0 && find(tree, "a/f") == f);
    /* A directory with all below it. */
    CHECK(move(tree, ROOT_NODE, "a", ROOT_NODE, "z", 0) == 0 && find(tree, "a") == NO_NODE);
    CHECK(find(tree, "z/b/c") == c && find(tree, "a/b/c") == NO_NODE);
    CHECK(tree_path(tree, c, path, sizeof path) == 5 && strcmp(path, "z/b/c") == 0);
    CHECK(move(tree, find(tree, "z"), "b", ROOT_NODE, "empty", 0) == 0 && find(tree, "empty/c") == c);
    CHECK(tree_path(tree, c, path, sizeof path) == 7 && tree_path(tree, c, path, 7) == -ERANGE);
    CHECK(tree_path(tree, ROOT_NODE, path, 1) == 0 && tree_path(tree, ROOT_NODE, path, 0) == -ERANGE);
    struct node node;
    CHECK(tree_node(tree, ROOT_NODE, &node) && node.children == 4);
    CHECK(tree_node(tree, b, &node) && node.parent == ROOT_NODE);
    /* Back: what was shadowed is itself again. */
    CHECK(move(tree, ROOT_NODE, "empty", find(tree, "z"), "b", 0) == 0);
    CHECK(move(tree, ROOT_NODE, "z", ROOT_NODE, "a", 0) == 0 && find(tree, "a/b/c") == c);
    const node_id top = find(tree, "top");
    CHECK(move(tree, a, "b", ROOT_NODE, "top", RENAME_EXCHANGE) == 0 && find(tree, "a/b") == top &&
          find(tree, "top/c") == c);
    CHECK(tree_rename(tree, (struct place){a, "b", 1}, (struct place){a, "f", 1}, 0, &gone) == 0 &&
          gone == f && find(tree, "a/f") == top);
    CHECK(tree_path(tree, f, path, sizeof path) == -ENOENT);
    CHECK(link_to(tree, top, a, "h") == 0 && move(tree, a, "h", a, "f", 0) == 0 && find(tree, "a/h") == top);
    end();
}

static unsigned count_entries(node_id directory) {
    struct entry entry;
    unsigned count = 0;
    for (uint64_t position = 0; tree_list(tree, directory, position, &entry, &position);) {
        count++;
    }
    return count;
}

static void test_list(void) {
    struct entry entry;
    uint64_t position = 0;
    begin();
    const node_id a = find(tree, "a");
    CHECK(tree_list(tree, a, 0, &entry, &position) && entry.node == a && strcmp(entry.name, ".") == 0);
    CHECK(tree_list(tree, a, position, &entry, &position) && entry.node == ROOT_NODE &&
          entry.name_length == 2);
    CHECK(tree_list(tree, a, position, &entry, &position) && strcmp(entry.name, "b") == 0 &&
          entry.type == NODE_DIRECTORY);
    CHECK(tree_list(tree, a, position, &entry, &position) && strcmp(entry.name, "f") == 0);
    CHECK(!tree_list(tree, a, position, &entry, &position) && count_entries(a) == 4);
    /* A file that takes another's place is told once, where that was. */
    add(tree, a, "tmp", NODE_FILE);
    CHECK(move(tree, a, "tmp", a, "f", 0) == 0 && count_entries(a) == 4);
    CHECK(!tree_list(tree, find(tree, "top"), 0, &entry, &position));
    /* Names made and removed while somebody reads; those that stay are told once. */
    char name[16];
    const node_id empty = find(tree, "empty");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%u", i);
        add(tree, empty, name, NODE_FILE);
    }
    unsigned told[1000] = {0}, made = 1000;
    uint64_t seed = 5;
    for (position = 2; tree_list(tree, empty, position, &entry, &position);) {
        unsigned number = 0;
        if (sscanf(entry.name, "%u", &number) == 1 && number < 1000) {
            told[number]++;
        }
        snprintf(name, sizeof name, "%u", draw(&seed, 500) * 2);
        unlink_from(tree, empty, name, false);
        if (made < 1200) {
            snprintf(name, sizeof name, "%u", made++);
            add(tree, empty, name, NODE_FILE);
        }
    }
    bool right = true;
    for (unsigned i = 0; i < 1000; i++) {
        right = right && (i % 2 == 1 ? told[i] == 1 : told[i] <= 1);
    }
    CHECK(right);
    /* As rm -r does it. */
    for (position = 2; tree_list(tree, empty, position, &entry, &position);) {
        CHECK(unlink_from(tree, empty, entry.name, false) == 0);
    }
    CHECK(unlink_from(tree, ROOT_NODE, "empty", true) == 0 && !tree_list(tree, empty, 0, &entry, &position));
    end();
}

static int published;
static long publish(void *with) {
    published++;
    return *(long *)with;
}

static void test_raise(void) {
    struct node node;
    long answer = -EIO;
    begin();
    const node_id c = find(tree, "a/b/c");
    CHECK(tree_raise(tree, c, publish, &answer) == -EIO && published == 1);
    CHECK(tree_node(tree, c, &node) && node.backing == BACKING_BLOB);
    answer = 0;
    CHECK(tree_raise(tree, c, publish, &answer) == 0 && published == 2);
    CHECK(tree_node(tree, c, &node) && node.backing == BACKING_UPPER && node.type == NODE_FILE);
    CHECK(tree_raise(tree, c, publish, &answer) == -EALREADY && published == 2);
    CHECK(tree_raise(tree, find(tree, "a"), publish, &answer) == -EINVAL);
    CHECK(tree_raise(tree, find(tree, "l"), publish, &answer) == -EINVAL);
    CHECK(tree_raise(tree, 999999, publish, &answer) == -ENOENT && published == 2);
    CHECK(find(tree, "a/b/c") == c);
    end();
}

static void test_inodes(void) {
    begin();
    const node_id c = find(tree, "a/b/c"), f = find(tree, "a/f");
    CHECK(tree_noted(tree, 1, 2) == NO_NODE && tree_note(tree, 1, 2, c) == 0 && tree_noted(tree, 1, 2) == c);
    CHECK(tree_noted(tree, 2, 2) == NO_NODE && tree_noted(tree, 1, 1) == NO_NODE);
    CHECK(tree_note(tree, 1, 2, f) == 0 && tree_noted(tree, 1, 2) == f);
    CHECK(tree_note_first(tree, 1, 2, c) == -EEXIST && tree_noted(tree, 1, 2) == f);
    CHECK(tree_note_first(tree, 1, 9, c) == 0 && tree_noted(tree, 1, 9) == c);
    CHECK(tree_note(tree, 1, 9, NO_NODE) == 0 && tree_noted(tree, 1, 9) == NO_NODE);
    const uint64_t generation = tree_generation(tree);
    CHECK(tree_note(tree, 1, 2, f) == 0 && tree_generation(tree) == generation);
    CHECK(tree_note(tree, 1, 3, 999999) == -ENOENT && tree_noted(tree, 1, 3) == NO_NODE);
    for (uint64_t i = 0; i < 5000; i++) {
        CHECK(tree_note(tree, 3, i, make_node(tree, NODE_FILE, NULL)) == 0);
    }
    for (uint64_t i = 1; i < 5000; i++) {
        CHECK(tree_noted(tree, 3, i) == tree_noted(tree, 3, 0) + i);
    }
    for (uint64_t i = 0; i < 100; i++) {
        CHECK(tree_note(tree, 4, i, c) == 0);
    }
    CHECK(tree_noted(tree, 4, 99) == c && tree_noted(tree, 4, 0) == NO_NODE);
    unlink_from(tree, find(tree, "a/b"), "c", false);
    CHECK(tree_noted(tree, 4, 99) == c && tree_generation(tree) != generation);
    end();
}

static void test_session(void) {
    struct fixture other;
    struct tree mapped;
    begin();
    fixture_make(&other, entries, 4, &real_kernel);
    CHECK(tree_map(&mapped, &real_kernel, fixture.file, &other.lower) == -EINVAL);
    CHECK(tree_map(&mapped, &real_kernel, fixture.file, &fixture.lower) == 0);
    CHECK(add(&mapped, ROOT_NODE, "new", NODE_FILE) == find(tree, "new") && find(tree, "new") != NO_NODE);
    tree_unmap(&mapped);
    CHECK(ftruncate(other.file, 100) == 0);
    CHECK(tree_map(&mapped, &real_kernel, other.file, &other.lower) == -EINVAL);
    CHECK(tree_map(&mapped, &real_kernel, -1, &other.lower) == -EBADF);
    CHECK(tree_make(&real_kernel, other.file, &other.lower, (struct tree_limits){100000}) == -EINVAL);
    CHECK(tree_make(&real_kernel, -1, &other.lower, (struct tree_limits){1 << 30}) == -EBADF);
    /* A session that is full: errors, and nothing broken. */
    CHECK(ftruncate(other.file, 0) == 0);
    CHECK(tree_make(&real_kernel, other.file, &other.lower, (struct tree_limits){4 << 20}) == 0);
    CHECK(tree_map(&mapped, &real_kernel, other.file, &other.lower) == 0);
    const struct node what = {.type = NODE_LINK};
    char target[4000], name[256];
    memset(target, 't', sizeof target - 1);
    target[sizeof target - 1] = 0;
    memset(name, 'n', sizeof name);
    long done = 0;
    node_id id;
    unsigned count = 0;
    while (count < 1000000 && (done = tree_new(&mapped, &what, target, &id)) == 0) {
        snprintf(name, 9, "%08u", count++);
        name[8] = 'n';
        if ((done = tree_link(&mapped, id, ROOT_NODE, name, 255)) != 0) {
            break;
        }
    }
    CHECK(done == -ENOSPC && count > 100);
    const char *fault = tree_fault(&mapped);
    CHECK(fault == NULL);
    while ((done = tree_new(&mapped, &(struct node){.type = NODE_DIRECTORY}, NULL, &id)) == 0) {
    }
    CHECK(done == -ENOSPC && tree_fault(&mapped) == NULL);
    tree_unmap(&mapped);
    fixture_end(&other);
    end();
}

int main(void) {
    test_find();
    test_node();
    test_link();
    test_unlink();
    test_rename();
    test_list();
    test_raise();
    test_inodes();
    test_session();
    return report("tree");
}
