#include "manifest_fields.h"
#include "tree_names.h"
#include "tree_nodes.h"

#include <errno.h>
#include <string.h>

/* No path is longer than this many names; a look at what is being changed might be. */
enum { DEPTH_MOST = 1 << 16, COUNT_IS_DEAR = 32 };

bool everybody_searches(const struct tree *tree, node_id directory) {
    struct record *record = record_of(tree, directory);
    const uint32_t mode = record != NULL ? LOAD(record->mode) : entry_mode(&tree->lower, directory);
    return (mode & EVERYBODY_SEARCHES) == EVERYBODY_SEARCHES;
}

bool is_in_place(const struct tree *tree, uint32_t entry, bool *searchable) {
    for (unsigned i = 0; entry != ROOT_NODE && i < DEPTH_MOST; i++) {
        if ((bits_of(tree, entry) & BIT_MOVED) != 0) {
            return false;
        }
        entry = entry_parent(&tree->lower, entry);
        if (entry >= tree->lower.entries) {
            return false;
        }
        if (is_known_open(tree, entry)) {
            return true;
        }
        *searchable = *searchable && everybody_searches(tree, entry);
    }
    return entry == ROOT_NODE;
}

static node_id child(const struct tree *tree, node_id directory, const char *name, size_t length) {
    struct spot spot;
    spot_find(tree, directory, name, length, &spot);
    return spot.node;
}

/* Name by name, as far as directories lead. */
static node_id walk(const struct tree *tree, const char *path, size_t length, bool *certain,
                    bool *searchable) {
    const char *end = path + length;
    node_id at = ROOT_NODE;
    *searchable = true;
    while (path < end) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        const size_t name = (size_t)((slash == NULL ? end : slash) - path);
        if (!is_living_directory(tree, at)) {
            *certain = false;
            return NO_NODE;
        }
        *searchable = *searchable && everybody_searches(tree, at);
        at = child(tree, at, path, name);
        if (at == NO_NODE) {
            *certain = true;
            return NO_NODE;
        }
        path += name + 1;
    }
    *certain = true;
    return at;
}

static node_id find(const struct tree *tree, const char *path, size_t length, bool *certain,
                    bool *searchable) {
    const uint32_t entry = manifest_find(&tree->lower, path, length);
    *certain = *searchable = true;
    if (entry != NO_ENTRY && entry_type(&tree->lower, entry) != ENTRY_WHITEOUT &&
        is_in_place(tree, entry, searchable)) {
        return entry;
    }
    const char *slash = memrchr(path, '/', length);
    const size_t above = slash == NULL ? 0 : (size_t)(slash - path);
    const uint32_t parent = manifest_find(&tree->lower, path, above);
    *searchable = true;
    if (parent != NO_ENTRY && entry_type(&tree->lower, parent) == ENTRY_DIRECTORY &&
        is_in_place(tree, parent, searchable)) {
        *searchable = *searchable && everybody_searches(tree, parent);
        const size_t start = slash == NULL ? 0 : above + 1;
        struct name *name = (bits_of(tree, parent) & BIT_NAMES) == 0 || length - start > NAME_MOST
                                ? NULL
                                : name_at(tree, name_find(tree, parent, path + start, length - start));
        return name == NULL ? NO_NODE : LOAD(name->node);
    }
    return walk(tree, path, length, certain, searchable);
}

node_id tree_find(const struct tree *tree, const char *path, size_t length, bool *certain, bool *searchable) {
    struct reading reading = {0};
    node_id id;
    do {
        reading_begin(tree, &reading);
        id = find(tree, path, length, certain, searchable);
    } while (!reading_end(tree, &reading));
    return id;
}

node_id tree_child(const struct tree *tree, node_id directory, const char *name, size_t length) {
    struct reading reading = {0};
    node_id id;
    do {
        reading_begin(tree, &reading);
        id = is_living_directory(tree, directory) ? child(tree, directory, name, length) : NO_NODE;
    } while (!reading_end(tree, &reading));
    return id;
}

/* It never changes, so it may be stored by anybody at any time, where there is room for the record. */
static void keep_count(const struct tree *tree, node_id directory, uint32_t count) {
    struct record *record = record_at(tree, directory);
    if (memory_ready(tree, &record->counted, sizeof record->counted)) {
        __atomic_store_n(&record->counted, count + 1, __ATOMIC_RELEASE);
        __atomic_fetch_or(bits_word(tree, directory), BIT_COUNTED << bits_shift(directory), __ATOMIC_RELEASE);
    }
}

/* Directories that the manifest has in one. Of a large directory the number is kept in its record. */
static uint32_t manifest_directories(const struct tree *tree, node_id directory) {
    struct manifest_entry entry;
    if (!is_lower(tree, directory) || !manifest_entry(&tree->lower, directory, &entry)) {
        return 0;
    }
    const bool dear = entry.children > COUNT_IS_DEAR;
    uint32_t count = 0;
    if (dear && (__atomic_load_n(bits_word(tree, directory), __ATOMIC_ACQUIRE) >> bits_shift(directory) &
                 BIT_COUNTED) != 0) {
        /* 0: whoever gave the directory a record has overwritten it. */
        count = LOAD(record_at(tree, directory)->counted);
    }
    if (count != 0) {
        return count - 1;
    }
    for (uint32_t i = 0; i < entry.children; i++) {
        count += entry_type(&tree->lower, entry.first_child + i) == ENTRY_DIRECTORY;
    }
    if (dear) {
        keep_count(tree, directory, count);
    }
    return count;
}

static bool from_manifest(const struct tree *tree, node_id id, struct node *out) {
    struct manifest_entry entry;
    if (!is_lower(tree, id) || !manifest_entry(&tree->lower, id, &entry) || entry.type == ENTRY_WHITEOUT) {
        return false;
    }
    const struct moment time = {entry.seconds, entry.nanoseconds};
    *out = (struct node){
        .type = (enum node_type)entry.type,
        .backing = entry.type == ENTRY_FILE ? BACKING_BLOB : BACKING_NONE,
        .mode = entry.mode,
        .uid = TREE_OWNER,
        .gid = TREE_OWNER,
        .links = 1,
        .size = entry.type == ENTRY_DIRECTORY ? 0 : entry.size,
        .accessed = time,
        .modified = time,
        .changed = time,
        .digest = entry.type == ENTRY_FILE ? entry.digest : NULL,
        .target = entry.target,
        .parent = id == ROOT_NODE ? ROOT_NODE : entry.parent,
        .children = entry.type == ENTRY_DIRECTORY ? manifest_directories(tree, id) : 0,
    };
    return true;
}

static const char *target_of(const struct tree *tree, node_id id, const struct record *record) {
    struct manifest_entry entry;
    if (is_lower(tree, id)) {
        return manifest_entry(&tree->lower, id, &entry) ? entry.target : NULL;
    }
    struct text *text = block_at(tree, LOAD(record->target));
    return text == NULL ? NULL : text->text;
}

static bool look_at(const struct tree *tree, node_id id, struct node *out) {
    const struct record *record = record_of(tree, id);
    if (record == NULL) {
        return from_manifest(tree, id, out);
    }
    const uint32_t kind = LOAD(record->kind);
    *out = (struct node){
        .type = (enum node_type)(kind & 15),
        .backing = (enum backing)(kind >> 4 & 15),
        .mode = LOAD(record->mode),
        .uid = LOAD(record->uid),
        .gid = LOAD(record->gid),
        .links = LOAD(record->links),
        .size = LOAD(record->size),
        .accessed = {(int64_t)LOAD(record->accessed), LOAD(record->accessed_part)},
        .modified = {(int64_t)LOAD(record->modified), LOAD(record->modified_part)},
        .changed = {(int64_t)LOAD(record->changed), LOAD(record->changed_part)},
        .parent = LOAD(record->parent),
    };
    if (out->type == NODE_DIRECTORY) {
        out->children = LOAD(record->directories) + manifest_directories(tree, id);
    } else if (out->type == NODE_LINK) {
        out->target = target_of(tree, id, record);
    } else if (out->backing == BACKING_BLOB && is_lower(tree, id)) {
        out->digest = entry_at(&tree->lower, id) + ENTRY_DIGEST;
    }
    return kind != 0;
}

bool tree_node(const struct tree *tree, node_id id, struct node *out) {
    struct reading reading = {0};
    bool found;
    do {
        reading_begin(tree, &reading);
        found = look_at(tree, id, out);
    } while (!reading_end(tree, &reading));
    return found;
}

long tree_target(const struct tree *tree, node_id id, char *out, size_t room) {
    struct reading reading = {0};
    struct node node;
    long length;
    do {
        reading_begin(tree, &reading);
        length = -EINVAL;
        if (look_at(tree, id, &node) && node.type == NODE_LINK && node.target != NULL) {
            length = node.size < room ? (long)node.size : -ERANGE;
        }
        if (length >= 0) {
            memcpy(out, node.target, (size_t)length);
            out[length] = 0;
        }
    } while (!reading_end(tree, &reading));
    return length;
}

uint64_t tree_generation(const struct tree *tree) {
    struct reading reading = {0};
    reading_begin(tree, &reading);
    const uint64_t generation = reading.held ? LOAD(tree->session->sequence) : reading.sequence;
    reading_end(tree, &reading);
    return generation;
}
