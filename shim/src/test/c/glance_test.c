/* The quick look at a path never says anything else than the slow one, whatever was changed before. */
#include "recent.h"
#include "shim_test.h"
#include "tree_glance.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIRECTORIES = 300, FILES = 6000, LINKS = 40, PATHS = DIRECTORIES + FILES + LINKS, THREADS = 4 };
enum { LONG_PATHS = 50, LOOKS = 20000, CHANGES = 150, CONTESTED = 40 };

static struct made_entry entries[PATHS];
static char *paths[PATHS];
static struct fixture fixture;
static struct tree *tree = &fixture.tree;
static struct recent recent;

static char *text(const char *above, const char *name, unsigned number) {
    char path[700];
    snprintf(path, sizeof path, "%s%s%s%u", above, *above == 0 ? "" : "/", name, number);
    return strdup(path);
}

/* A few directories are shut, and a few files have paths longer than what is remembered. */
static void plant(uint64_t *seed) {
    static const char long_name[] =
        "a-name-that-is-longer-than-others-since-paths-of-all-lengths-have-to-be-looked"
        "-at-and-this-is-one-of-them-";
    for (unsigned i = 0; i < PATHS; i++) {
        const bool directory = i < DIRECTORIES, link = i >= DIRECTORIES + FILES;
        const char *above = i < 10 ? "" : paths[draw(seed, directory ? i : DIRECTORIES)];
        above = strlen(above) > 80 ? "" : above;
        const char *name = directory                       ? "d"
                           : link                          ? "link"
                           : i % (FILES / LONG_PATHS) == 0 ? long_name
                                                           : "file";
        paths[i] = text(above, name, i);
        const unsigned mode = !directory ? 0600 + draw(seed, 0200) : i % 23 == 22 ? 0700 : 0755;
        entries[i] = (struct made_entry){directory ? 'd'
                                         : link    ? 'l'
                                                   : 'f',
                                         paths[i], mode, link ? "d0" : NULL, link ? 2 : draw(seed, 1 << 30)};
    }
}

static bool is_same_moment(struct moment one, struct moment other) {
    return one.seconds == other.seconds && one.nanoseconds == other.nanoseconds;
}

/* Whether it had something to say. */
static bool agrees(const char *path) {
    bool certain, searchable;
    struct glanced seen;
    struct node node;
    const size_t length = strlen(path);
    const enum glance glance = tree_glance(tree, path, length, &seen);
    const node_id id = tree_find(tree, path, length, &certain, &searchable);
    if (glance == GLANCE_NOTHING) {
        CHECK(id == NO_NODE && certain && searchable);
    } else if (glance == GLANCE_FILE) {
        CHECK(id == seen.id && searchable && tree_node(tree, id, &node));
        CHECK(node.type == NODE_FILE && node.backing == BACKING_BLOB && node.uid == seen.uid &&
              node.gid == seen.gid && node.links == seen.links && node.mode == seen.mode &&
              node.size == seen.size && is_same_moment(node.modified, seen.modified) &&
              is_same_moment(node.changed, seen.changed));
    }
    return glance != GLANCE_UNSURE;
}

static void look_around(uint64_t *seed, unsigned looks) {
    char missing[800];
    for (unsigned i = 0; i < looks; i++) {
        const char *path = paths[draw(seed, PATHS)];
        agrees(path);
        snprintf(missing, sizeof missing, draw(seed, 2) == 0 ? "%s~" : "%s/not", path);
        agrees(missing);
    }
}

/* Of a tree that nobody has changed it always has something to say. */
static void test_unchanged(uint64_t *seed) {
    bool certain, searchable;
    char missing[800];
    fixture_make(&fixture, entries, PATHS, &real_kernel);
    tree->recent = &recent;
    for (unsigned i = 0; i < LOOKS; i++) {
        const unsigned which = draw(seed, DIRECTORIES + FILES);
        const char *path = paths[which];
        tree_find(tree, path, strlen(path), &certain, &searchable);
        CHECK(agrees(path) == (searchable && which >= DIRECTORIES));
        snprintf(missing, sizeof missing, "%s~", path);
        CHECK(agrees(missing) == searchable);
    }
    CHECK(recent.last != 0);
    /* An open file is noted, and is no other for that. */
    unsigned which = DIRECTORIES;
    while (tree_find(tree, paths[which], strlen(paths[which]), &certain, &searchable) == NO_NODE ||
           !searchable) {
        which++;
    }
    CHECK(tree_note(tree, 1, 2, find(tree, paths[which])) == 0 && agrees(paths[which]));
    fixture_end(&fixture);
}

static void change(uint64_t *seed, bool directories) {
    const struct node closed = {
        .mode = draw(seed, 2) == 0 ? 0700 : 0755, .uid = 5, .gid = 6, .modified = {7, 8}};
    const char *from = paths[draw(seed, PATHS)], *slash = strrchr(from, '/');
    const char *name = slash == NULL ? from : slash + 1;
    char above[700];
    snprintf(above, sizeof above, "%.*s", slash == NULL ? 0 : (int)(slash - from), from);
    const node_id id = find(tree, from), parent = find(tree, above);
    const node_id other = find(tree, paths[draw(seed, DIRECTORIES)]);
    struct node node;
    if (id == NO_NODE || parent == NO_NODE || other == NO_NODE || !tree_node(tree, id, &node) ||
        (!directories && node.type == NODE_DIRECTORY)) {
        return;
    }
    switch (draw(seed, 5)) {
    case 0:
        move(tree, parent, name, other, draw(seed, 2) == 0 ? name : "moved", 0);
        break;
    case 1:
        unlink_from(tree, parent, name, node.type == NODE_DIRECTORY);
        break;
    case 2:
        tree_change(tree, id,
                    CHANGE_MODE | (draw(seed, 2) == 0 ? CHANGE_OWNER | CHANGE_GROUP | CHANGE_MODIFIED : 0),
                    &closed);
        break;
    case 3:
        link_to(tree, id, other, "linked");
        break;
    default:
        add(tree, other, draw(seed, 2) == 0 ? "not" : "new", NODE_FILE);
        break;
    }
}

/* What is remembered is of the manifest, so it goes from one session to the next. */
static void test_changes(uint64_t *seed, bool directories) {
    fixture_make(&fixture, entries, PATHS, &real_kernel);
    tree->recent = &recent;
    for (unsigned i = 0; i < CHANGES; i++) {
        change(seed, directories);
        look_around(seed, 40);
    }
    const char *fault = tree_fault(tree);
    CHECK(fault == NULL);
    fixture_end(&fixture);
}

/* One by one, so that each comes to be the first change of a directory. */
static void test_first_change(void) {
    for (unsigned way = 0; way < 4; way++) {
        const struct node closed = {.mode = 0700};
        struct glanced seen;
        fixture_make(&fixture, entries, PATHS, &real_kernel);
        tree->recent = &recent;
        node_id directory = find(tree, "d1");
        const node_id file = add(tree, directory, "made", NODE_FILE);
        CHECK(file != NO_NODE && !agrees("d1/made"));
        CHECK(tree_glance(tree, "d1/not", 6, &seen) == GLANCE_UNSURE);
        CHECK(tree_glance(tree, "d2/not", 6, &seen) == GLANCE_NOTHING);
        CHECK(way != 0 || move(tree, ROOT_NODE, "d2", ROOT_NODE, "other", 0) == 0);
        CHECK(way != 1 || tree_change(tree, find(tree, "d2"), CHANGE_MODE, &closed) == 0);
        CHECK(way != 2 || move(tree, ROOT_NODE, "d2", directory, "d2", 0) == 0);
        CHECK(way != 3 || tree_change(tree, ROOT_NODE, CHANGE_MODE, &closed) == 0);
        CHECK(tree_glance(tree, "d2/not", 6, &seen) == GLANCE_UNSURE);
        fixture_end(&fixture);
    }
}

static void *look_again(void *with) {
    uint64_t seed = (uintptr_t)with;
    unsigned *wrong = calloc(1, sizeof *wrong);
    for (unsigned i = 0; i < 50 * LOOKS; i++) {
        const unsigned which = DIRECTORIES + draw(&seed, CONTESTED);
        struct glanced seen;
        const enum glance glance = tree_glance(tree, paths[which], strlen(paths[which]), &seen);
        *wrong +=
            glance == GLANCE_FILE && (seen.size != entries[which].size || seen.mode != entries[which].mode ||
                                      seen.modified.seconds != made_seconds(paths[which]) ||
                                      seen.modified.nanoseconds != strlen(paths[which]));
    }
    return wrong;
}

/* Several threads fill one small memory. */
static void test_threads(void) {
    pthread_t threads[THREADS];
    fixture_make(&fixture, entries, PATHS, &real_kernel);
    memset(&recent, 0, sizeof recent);
    recent.last = 1;
    tree->recent = &recent;
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, look_again, (void *)(i + 1)) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        CHECK(pthread_join(threads[i], &wrong) == 0 && *(unsigned *)wrong == 0);
        free(wrong);
    }
    fixture_end(&fixture);
}

int main(int count, char **words) {
    uint64_t seed = count > 1 ? strtoull(words[1], NULL, 10) : 7;
    plant(&seed);
    test_unchanged(&seed);
    for (unsigned i = 0; i < 4; i++) {
        test_changes(&seed, false);
        test_changes(&seed, true);
    }
    test_first_change();
    test_threads();
    for (unsigned i = 0; i < PATHS; i++) {
        free(paths[i]);
    }
    return report("glance");
}
