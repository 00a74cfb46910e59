#include "tree_glance.h"
#include "recent.h"
#include "tree_nodes.h"

#include <string.h>

/*
 * The bit may be set by anybody at any time, also by who has looked while something was being changed: of
 * what it says nothing can become wrong but by BIT_MOVED or bent, which stay once they are set.
 */
static __attribute__((noinline)) bool find_open(const struct tree *tree, uint32_t entry, bool directory) {
    bool searchable = true;
    if (LOAD(tree->session->bent) != 0 || !is_in_place(tree, entry, &searchable) || !searchable ||
        (directory && !everybody_searches(tree, entry))) {
        return false;
    }
    __atomic_fetch_or(bits_word(tree, entry), BIT_OPEN << bits_shift(entry), __ATOMIC_RELAXED);
    return true;
}

static bool is_open(const struct tree *tree, uint32_t entry, bool directory) {
    return is_known_open(tree, entry) || find_open(tree, entry, directory);
}

static bool look_at_record(const struct tree *tree, uint32_t entry, struct glanced *out) {
    const struct record *record = record_at(tree, entry);
    if (LOAD(record->kind) != (NODE_FILE | BACKING_BLOB << 4)) {
        return false;
    }
    out->mode = LOAD(record->mode);
    out->uid = LOAD(record->uid);
    out->gid = LOAD(record->gid);
    out->links = LOAD(record->links);
    out->modified = (struct moment){(int64_t)LOAD(record->modified), LOAD(record->modified_part)};
    out->changed = (struct moment){(int64_t)LOAD(record->changed), LOAD(record->changed_part)};
    return true;
}

static enum glance look_at_file(const struct tree *tree, const struct recent_entry *found,
                                struct glanced *out) {
    if (found->type != ENTRY_FILE || !is_open(tree, found->entry, false)) {
        return GLANCE_UNSURE;
    }
    out->id = found->entry;
    out->size = found->size;
    if ((bits_of(tree, found->entry) & BIT_RECORD) != 0) {
        return look_at_record(tree, found->entry, out) ? GLANCE_FILE : GLANCE_UNSURE;
    }
    out->mode = found->mode;
    out->uid = out->gid = TREE_OWNER;
    out->links = 1;
    out->modified = out->changed = (struct moment){found->seconds, found->nanoseconds};
    return GLANCE_FILE;
}

static enum glance look_at_directory(const struct tree *tree, const char *path, size_t length) {
    struct recent_entry found = {.entry = ROOT_NODE, .type = ENTRY_DIRECTORY};
    size_t above = length;
    while (above > 0 && path[above - 1] != '/') {
        above--;
    }
    if (above > 0 && !recent_find(tree->recent, &tree->lower, path, above - 1, &found)) {
        return GLANCE_UNSURE;
    }
    return found.type == ENTRY_DIRECTORY && (bits_of(tree, found.entry) & BIT_NAMES) == 0 &&
                   is_open(tree, found.entry, true)
               ? GLANCE_NOTHING
               : GLANCE_UNSURE;
}

enum glance tree_glance(const struct tree *tree, const char *path, size_t length, struct glanced *out) {
    const uint64_t *sequence = &tree->session->sequence;
    const uint64_t before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);
    struct recent_entry found;
    if ((before & 1) != 0) {
        return GLANCE_UNSURE;
    }
    const enum glance seen = recent_find(tree->recent, &tree->lower, path, length, &found)
                                 ? look_at_file(tree, &found, out)
                                 : look_at_directory(tree, path, length);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(sequence, __ATOMIC_RELAXED) == before ? seen : GLANCE_UNSURE;
}
