/*
 * Random operations on the tree and on a model of it that is nothing but a list of names: both must answer
 * the same, and look the same.
 */
#include "shim_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS = 100000, NODES = 200000, NAMES = 4000, LOOK_EVERY = 997 };
enum { NOREPLACE = 1, EXCHANGE = 2 };

static const struct made_entry entries[] = {
    {'d', "a", 0755, NULL, 0},     {'d', "a/a", 0755, NULL, 0}, {'f', "a/a/a", 0640, NULL, 5},
    {'d', "a/a/b", 0755, NULL, 0}, {'f', "a/b", 0644, NULL, 1}, {'w', "a/c", 0, NULL, 0},
    {'d', "b", 0700, NULL, 0},     {'f', "b/a", 0644, NULL, 1}, {'l', "c", 0, "a/b", 0},
    {'d', "d", 0755, NULL, 0},     {'f', "e", 0644, NULL, 9},   {'d', "f", 0755, NULL, 0},
    {'w', "f/a", 0, NULL, 0},      {'d', "g", 0755, NULL, 0},   {'d', "g/a", 0755, NULL, 0},
    {'d', "g/a/a", 0755, NULL, 0}, {'l', "g/a/b", 0, "x", 0},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

struct model_node {
    enum node_type type;
    unsigned links;
    bool known, dead, upper;
    unsigned mode;
};

struct model_name {
    node_id directory, node;
    char text[16];
};

static struct model_node *nodes;
static struct model_name names[NAMES];
static unsigned name_count;
static node_id ids[NODES], last;
static unsigned id_count;
static struct fixture fixture;
static struct tree *tree = &fixture.tree;
static uint64_t seed;

static struct model_name *name_of(node_id directory, const char *text) {
    for (unsigned i = 0; i < name_count; i++) {
        if (names[i].directory == directory && strcmp(names[i].text, text) == 0) {
            return &names[i];
        }
    }
    return NULL;
}

static void add_name(node_id directory, const char *text, node_id node) {
    struct model_name *name = &names[name_count++];
    if (name_count == NAMES) {
        abort();
    }
    *name = (struct model_name){.directory = directory, .node = node};
    snprintf(name->text, sizeof name->text, "%s", text);
    nodes[node].links++;
}

/* True: it was the last of its node. */
static bool drop_name(struct model_name *name) {
    const node_id node = name->node;
    *name = names[--name_count];
    nodes[node].dead = --nodes[node].links == 0;
    return nodes[node].dead;
}

static void know(node_id id, enum node_type type, bool upper, unsigned mode) {
    nodes[id] = (struct model_node){.type = type, .known = true, .upper = upper, .mode = mode};
    ids[id_count++] = id;
    last = id > last ? id : last;
}

static void load(void) {
    know(ROOT_NODE, NODE_DIRECTORY, false, 0755);
    nodes[ROOT_NODE].links = 1;
    for (unsigned i = 0; i < ENTRIES; i++) {
        const char *slash = strrchr(entries[i].path, '/');
        char above[64] = "";
        if (entries[i].type == 'w') {
            continue;
        }
        const node_id id = find(tree, entries[i].path);
        know(id,
             entries[i].type == 'd'   ? NODE_DIRECTORY
             : entries[i].type == 'f' ? NODE_FILE
                                      : NODE_LINK,
             false, entries[i].type == 'l' ? 0777 : entries[i].mode);
        if (slash != NULL) {
            memcpy(above, entries[i].path, (size_t)(slash - entries[i].path));
        }
        add_name(find(tree, above), slash == NULL ? entries[i].path : slash + 1, id);
    }
}

static bool is_directory(node_id id) {
    return nodes[id].type == NODE_DIRECTORY;
}

static bool is_empty(node_id directory) {
    for (unsigned i = 0; i < name_count; i++) {
        if (names[i].directory == directory) {
            return false;
        }
    }
    return true;
}

static long directory_error(node_id id) {
    if (!is_directory(id)) {
        return -ENOTDIR;
    }
    return nodes[id].dead || nodes[id].links == 0 ? 1 : 0; /* 1: not in the tree */
}

static node_id parent_of(node_id id) {
    for (unsigned i = 0; i < name_count; i++) {
        if (names[i].node == id) {
            return names[i].directory;
        }
    }
    return NO_NODE;
}

static bool is_above(node_id id, node_id directory) {
    for (; directory != NO_NODE && directory != ROOT_NODE; directory = parent_of(directory)) {
        if (directory == id) {
            return true;
        }
    }
    return directory == id;
}

static long model_link(node_id id, node_id directory, const char *text) {
    const long error = directory_error(directory);
    if (error != 0) {
        return error == 1 ? -ENOENT : error;
    }
    if (name_of(directory, text) != NULL) {
        return -EEXIST;
    }
    if (nodes[id].dead) {
        return -ENOENT;
    }
    if (is_directory(id) && nodes[id].links != 0) {
        return -EPERM;
    }
    add_name(directory, text, id);
    return 0;
}

static long model_unlink(node_id directory, const char *text, bool directories, node_id *gone) {
    const long error = directory_error(directory);
    struct model_name *name = name_of(directory, text);
    if (error != 0) {
        return error == 1 ? -ENOENT : error;
    }
    if (name == NULL) {
        return -ENOENT;
    }
    if (is_directory(name->node) != directories) {
        return directories ? -ENOTDIR : -EISDIR;
    }
    if (directories && !is_empty(name->node)) {
        return -ENOTEMPTY;
    }
    const node_id node = name->node;
    *gone = drop_name(name) ? node : NO_NODE;
    return 0;
}

static long replace_error(node_id from, node_id to, node_id from_directory, node_id to_directory,
                          unsigned flags) {
    if ((flags & NOREPLACE) != 0 && to != NO_NODE) {
        return -EEXIST;
    }
    if ((flags & EXCHANGE) != 0 && to == NO_NODE) {
        return -ENOENT;
    }
    if (is_directory(from) && is_above(from, to_directory)) {
        return -EINVAL;
    }
    if (to == NO_NODE) {
        return 0;
    }
    if (is_directory(to) && is_above(to, from_directory)) {
        return (flags & EXCHANGE) != 0 ? -EINVAL : -ENOTEMPTY;
    }
    if ((flags & EXCHANGE) != 0 || from == to) {
        return 0;
    }
    if (is_directory(from) != is_directory(to)) {
        return is_directory(from) ? -ENOTDIR : -EISDIR;
    }
    return is_directory(to) && !is_empty(to) ? -ENOTEMPTY : 0;
}

static long model_rename(node_id from, const char *text, node_id to, const char *new_text, unsigned flags,
                         node_id *gone) {
    long error = directory_error(from) != 0 ? directory_error(from) : directory_error(to);
    if (error != 0) {
        return error == 1 ? -ENOENT : error;
    }
    struct model_name *here = name_of(from, text), *there = name_of(to, new_text);
    if (here == NULL) {
        return -ENOENT;
    }
    error = replace_error(here->node, there == NULL ? NO_NODE : there->node, from, to, flags);
    if (error != 0 || (there != NULL && here->node == there->node)) {
        return error;
    }
    if ((flags & EXCHANGE) != 0) {
        const node_id node = here->node;
        here->node = there->node;
        there->node = node;
        return 0;
    }
    if (there != NULL) {
        const node_id node = there->node;
        *gone = drop_name(there) ? node : NO_NODE;
        here = name_of(from, text);
    }
    here->directory = to;
    snprintf(here->text, sizeof here->text, "%s", new_text);
    return 0;
}

/* Mostly one of the tree, of late made ones more. */
static node_id any_node(void) {
    if (draw(&seed, 4) != 0 && name_count != 0) {
        return names[draw(&seed, name_count)].node;
    }
    return draw(&seed, 2) != 0 ? ids[id_count - 1 - draw(&seed, id_count < 20 ? id_count : 20)]
                               : ids[draw(&seed, id_count)];
}

static node_id any_directory(void) {
    node_id id = any_node();
    for (unsigned i = 0; i < 6 && directory_error(id) != 0; i++) {
        id = any_node();
    }
    return draw(&seed, 8) == 0 ? ROOT_NODE : id;
}

/* Short ones of the manifest, and long ones for blocks of all sizes. */
static const char *any_text(char *text) {
    const uint32_t kind = draw(&seed, 12);
    snprintf(text, 16, "%s%c",
             kind == 0  ? "longer-names"
             : kind < 4 ? "n"
                        : "",
             (char)('a' + draw(&seed, 8)));
    return text;
}

static void step_new(void) {
    static const enum node_type types[] = {NODE_DIRECTORY, NODE_DIRECTORY, NODE_FILE, NODE_LINK, NODE_OTHER};
    const enum node_type type = types[draw(&seed, 5)];
    char text[16];
    const node_id id = make_node(tree, type, any_text(text));
    CHECK(id == last + 1);
    know(id, type, type == NODE_FILE || type == NODE_OTHER, 0755);
}

static void step_link(void) {
    char text[16];
    const node_id id = draw(&seed, 2) == 0 ? any_node() : ids[id_count - 1], directory = any_directory();
    any_text(text);
    const long got = link_to(tree, id, directory, text), wanted = model_link(id, directory, text);
    CHECK(got == wanted);
}

static void step_unlink(void) {
    char text[16];
    node_id directory = any_directory(), gone, model_gone = NO_NODE;
    bool directories = draw(&seed, 3) == 0;
    any_text(text);
    if (draw(&seed, 2) == 0 && name_count != 0) {
        const struct model_name *name = &names[draw(&seed, name_count)];
        directory = name->directory;
        memcpy(text, name->text, sizeof text);
        directories = is_directory(name->node);
    }
    const long got = tree_unlink(tree, directory, text, strlen(text), directories, &gone);
    CHECK(got == model_unlink(directory, text, directories, &model_gone) && gone == model_gone);
}

static void step_rename(void) {
    static const unsigned kinds[] = {0, 0, 0, NOREPLACE, EXCHANGE};
    char text[16], new_text[16];
    node_id from = any_directory(), to = any_directory(), gone, model_gone = NO_NODE;
    const unsigned flags = kinds[draw(&seed, 5)];
    any_text(text);
    any_text(new_text);
    if (draw(&seed, 3) != 0 && name_count != 0) {
        const struct model_name *name = &names[draw(&seed, name_count)];
        from = name->directory;
        memcpy(text, name->text, sizeof text);
    }
    if (draw(&seed, 3) == 0 && name_count != 0) {
        const struct model_name *name = &names[draw(&seed, name_count)];
        to = name->directory;
        memcpy(new_text, name->text, sizeof new_text);
    }
    const long got = tree_rename(tree, (struct place){from, text, strlen(text)},
                                 (struct place){to, new_text, strlen(new_text)}, flags, &gone);
    const long wanted = model_rename(from, text, to, new_text, flags, &model_gone);
    CHECK(got == wanted && gone == model_gone);
}

static long publish(void *with) {
    (void)with;
    return 0;
}

static void step_change(void) {
    const node_id id = any_node();
    const struct node values = {.mode = draw(&seed, 07777)};
    if (draw(&seed, 3) == 0) {
        const long wanted = nodes[id].type != NODE_FILE ? -EINVAL : nodes[id].upper ? -EALREADY : 0;
        CHECK(tree_raise(tree, id, publish, NULL) == wanted);
        nodes[id].upper = nodes[id].upper || wanted == 0;
        return;
    }
    CHECK(tree_change(tree, id, CHANGE_MODE, &values) == (nodes[id].upper ? -EINVAL : 0));
    if (!nodes[id].upper) {
        nodes[id].mode = values.mode;
    }
}

static void look_at_directory(node_id id) {
    struct entry entry;
    struct node node;
    unsigned told = 0, wanted = 0, directories = 0;
    for (uint64_t position = 2; tree_list(tree, id, position, &entry, &position); told++) {
        const struct model_name *name = name_of(id, entry.name);
        CHECK(name != NULL && name->node == entry.node && nodes[entry.node].type == entry.type);
    }
    for (unsigned i = 0; i < name_count; i++) {
        wanted += names[i].directory == id;
        directories += names[i].directory == id && is_directory(names[i].node);
    }
    CHECK(told == wanted && tree_node(tree, id, &node) && node.children == directories);
}

static void look_at_name(const struct model_name *name) {
    char path[8192], told[8192];
    bool certain, searchable;
    struct node node;
    size_t at = sizeof path - 1;
    path[at] = 0;
    for (const struct model_name *step = name; step != NULL;) {
        const size_t length = strlen(step->text);
        at -= length;
        memcpy(path + at, step->text, length);
        const node_id directory = step->directory;
        for (unsigned i = 0;
             (step = directory == ROOT_NODE ? NULL : &names[i]) != NULL && step->node != directory; i++) {
        }
        if (step != NULL) {
            path[--at] = '/';
        }
    }
    CHECK(tree_find(tree, path + at, strlen(path + at), &certain, &searchable) == name->node);
    CHECK(tree_child(tree, name->directory, name->text, strlen(name->text)) == name->node);
    const long length = tree_path(tree, name->node, told, sizeof told);
    CHECK(length > 0 && tree_find(tree, told, (size_t)length, &certain, &searchable) == name->node);
    CHECK(nodes[name->node].links > 1 || strcmp(told, path + at) == 0);
    CHECK(tree_node(tree, name->node, &node) && node.type == nodes[name->node].type);
    CHECK(node.links == nodes[name->node].links);
    CHECK(nodes[name->node].upper ? node.backing == BACKING_UPPER : node.mode == nodes[name->node].mode);
}

static void look(void) {
    const char *fault = tree_fault(tree);
    CHECK(fault == NULL);
    if (fault != NULL) {
        printf("  %s\n", fault);
    }
    for (unsigned i = 0; i < name_count; i++) {
        look_at_name(&names[i]);
        if (is_directory(names[i].node)) {
            look_at_directory(names[i].node);
        }
    }
    look_at_directory(ROOT_NODE);
}

int main(int count, char **arguments) {
    seed = count > 1 ? strtoull(arguments[1], NULL, 10) : (uint64_t)time(NULL);
    printf("tree model: seed %llu\n", (unsigned long long)seed);
    nodes = calloc(NODES, sizeof *nodes);
    fixture_make(&fixture, entries, ENTRIES, &real_kernel);
    last = fixture.lower.entries - 1;
    load();
    look();
    for (unsigned step = 0; step < STEPS && failures < 10; step++) {
        const uint32_t kind = draw(&seed, 100), full = name_count > 250 ? 30 : 0;
        if (kind < 20) {
            step_new();
        } else if (kind < 50 - full) {
            step_link();
        } else if (kind < 65) {
            step_unlink();
        } else if (kind < 92) {
            step_rename();
        } else {
            step_change();
        }
        if (step % LOOK_EVERY == 0) {
            look();
        }
    }
    look();
    fixture_end(&fixture);
    free(nodes);
    return report("tree model");
}
