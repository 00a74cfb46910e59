#include "../velo-shim/tree.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum change_kind {
    CHANGE_DIRECTORY = 1,
    CHANGE_BLOB = 2,
    CHANGE_UPPER = 3,
    CHANGE_LINK = 4,
    CHANGE_OTHER = 5,
    CHANGE_REMOVED = 6,
    CHANGE_TOO_LONG = 7,
    CHANGE_END = 8
};

/* A manifest takes no longer path; what is deeper takes more stack than there is. */
enum { LONGEST = UINT16_MAX, DEEPEST = 4096 };

struct walk {
    struct tree tree;
    FILE *out;
    uint32_t checksum;
    unsigned depth;
    char path[LONGEST + 1];
};

static uint32_t crc(uint32_t state, const unsigned char *at, size_t length) {
    for (size_t i = 0; i < length; i++) {
        state ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            state = state >> 1 ^ (0xedb88320U & (0U - (state & 1)));
        }
    }
    return state;
}

static void put(struct walk *walk, const void *bytes, size_t length) {
    walk->checksum = crc(walk->checksum, bytes, length);
    fwrite(bytes, 1, length, walk->out);
}

static void put_number(struct walk *walk, uint64_t value, size_t size) {
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
    put(walk, bytes, size);
}

static void put_change(struct walk *walk, enum change_kind kind, size_t path, const struct node *node,
                       const void *more, size_t more_length) {
    static const struct node none;
    const struct node *of = node == NULL ? &none : node;
    put_number(walk, kind, 4);
    put_number(walk, of->mode & 07777, 4);
    put_number(walk, (uint64_t)of->modified.seconds, 8);
    put_number(walk, of->modified.nanoseconds, 4);
    put_number(walk, path, 4);
    put_number(walk, more_length, 4);
    put(walk, walk->path, path);
    put(walk, more, more_length);
}

static void put_node(struct walk *walk, size_t path, node_id id, const struct node *node) {
    const unsigned char number[4] = {(unsigned char)id, (unsigned char)(id >> 8), (unsigned char)(id >> 16),
                                     (unsigned char)(id >> 24)};
    if (node->type == NODE_DIRECTORY) {
        put_change(walk, CHANGE_DIRECTORY, path, node, "", 0);
    } else if (node->type == NODE_LINK) {
        put_change(walk, CHANGE_LINK, path, node, node->target, strlen(node->target));
    } else if (node->type == NODE_OTHER) {
        put_change(walk, CHANGE_OTHER, path, NULL, number, sizeof number);
    } else if (node->backing == BACKING_UPPER) {
        put_change(walk, CHANGE_UPPER, path, NULL, number, sizeof number);
    } else {
        unsigned char content[8 + 32];
        for (size_t i = 0; i < 8; i++) {
            content[i] = (unsigned char)(node->size >> (8 * i));
        }
        memcpy(content + 8, node->digest, 32);
        put_change(walk, CHANGE_BLOB, path, node, content, sizeof content);
    }
}

/* What has the manifest's own number is the manifest's own, but for its attributes. */
static bool is_as_below(node_id id, const struct node *node, uint32_t index,
                        const struct manifest_entry *below) {
    return id == index && node->backing != BACKING_UPPER && (node->mode & 07777) == below->mode &&
           node->modified.seconds == below->seconds && node->modified.nanoseconds == below->nanoseconds;
}

/* The index of what the manifest has at this path. */
static uint32_t find_below(const struct walk *walk, size_t path, struct manifest_entry *entry) {
    const uint32_t index = manifest_find(&walk->tree.lower, walk->path, path);
    if (index == NO_ENTRY || !manifest_entry(&walk->tree.lower, index, entry) ||
        entry->type == ENTRY_WHITEOUT) {
        return NO_ENTRY;
    }
    return index;
}

/* Appends a name; 0 where there is no room for it. */
static size_t descend(struct walk *walk, size_t path, const char *name, size_t length) {
    const size_t begin = path == 0 ? 0 : path + 1;
    if (begin + length > LONGEST || walk->depth > DEEPEST) {
        return 0;
    }
    if (path != 0) {
        walk->path[path] = '/';
    }
    memcpy(walk->path + begin, name, length);
    return begin + length;
}

static void put_removed(struct walk *walk, size_t path, node_id directory, uint32_t index) {
    struct manifest_entry below, child;
    if (index == NO_ENTRY || !manifest_entry(&walk->tree.lower, index, &below) ||
        below.type != ENTRY_DIRECTORY) {
        return;
    }
    for (uint32_t i = 0; i < below.children; i++) {
        if (!manifest_entry(&walk->tree.lower, below.first_child + i, &child) ||
            child.type == ENTRY_WHITEOUT) {
            continue;
        }
        const char *name = child.path + child.path_length - child.name_length;
        const size_t at = descend(walk, path, name, child.name_length);
        if (at != 0 && tree_child(&walk->tree, directory, name, child.name_length) == NO_NODE) {
            put_change(walk, CHANGE_REMOVED, at, NULL, "", 0);
        }
    }
}

static void visit(struct walk *walk, size_t path, node_id directory, uint32_t index) {
    uint64_t position = 0;
    struct entry entry;
    walk->depth++;
    put_removed(walk, path, directory, index);
    while (tree_list(&walk->tree, directory, position, &entry, &position)) {
        struct node node;
        struct manifest_entry below;
        const bool dots = entry.name_length <= 2 && memcmp(entry.name, "..", entry.name_length) == 0;
        const node_id id = entry.node;
        const size_t at = dots ? 0 : descend(walk, path, entry.name, entry.name_length);
        if (dots || !tree_node(&walk->tree, id, &node)) {
            continue;
        }
        if (at == 0) {
            put_change(walk, CHANGE_TOO_LONG, path, NULL, "", 0);
            continue;
        }
        const uint32_t same = find_below(walk, at, &below);
        if (same == NO_ENTRY || !is_as_below(id, &node, same, &below)) {
            put_node(walk, at, id, &node);
        }
        if (node.type == NODE_DIRECTORY) {
            visit(walk, at, id, same);
        }
    }
    walk->depth--;
}

static bool write_to(struct walk *walk) {
    struct node root;
    walk->checksum = UINT32_MAX;
    put(walk, "VELOCHNG", 8);
    put_number(walk, 1, 4);
    if (!tree_node(&walk->tree, ROOT_NODE, &root)) {
        errno = EINVAL;
        return false;
    }
    put_node(walk, 0, ROOT_NODE, &root);
    visit(walk, 0, ROOT_NODE, 0);
    put_change(walk, CHANGE_END, 0, NULL, "", 0);
    put_number(walk, ~walk->checksum, 4);
    return ferror(walk->out) == 0;
}

bool write_changes(const struct run *run) {
    struct walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL || !session_map(run, &walk->tree)) {
        free(walk);
        return false;
    }
    tree_give_back(&walk->tree); /* the disk may be full: there is room for what follows */
    const int file = openat(run->directory, "changes", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    walk->out = file < 0 ? NULL : fdopen(file, "w");
    bool done = walk->out != NULL && write_to(walk);
    done = walk->out != NULL && fclose(walk->out) == 0 && done;
    tree_unmap(&walk->tree);
    free(walk);
    return done;
}
