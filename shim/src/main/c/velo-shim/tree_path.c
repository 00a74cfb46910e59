#include "manifest_fields.h"
#include "tree_names.h"
#include "tree_nodes.h"

#include <errno.h>
#include <string.h>

/* A name of a node, and the directory that has it. */
struct step {
    const char *name;
    size_t length;
    node_id directory;
};

static bool step_up(const struct tree *tree, node_id id, struct step *out) {
    struct manifest_entry entry;
    if (is_lower(tree, id) && (bits_of(tree, id) & BIT_MOVED) == 0) {
        if (!manifest_entry(&tree->lower, id, &entry)) {
            return false;
        }
        *out = (struct step){entry.path + entry.path_length - entry.name_length, entry.name_length,
                             entry.parent};
        return true;
    }
    struct record *record = record_of(tree, id);
    struct name *name = record == NULL ? NULL : name_at(tree, LOAD(record->names));
    if (name == NULL) {
        return false;
    }
    const uint32_t length = LOAD(name->length);
    *out = (struct step){name->text, length < NAME_MOST ? length : NAME_MOST, LOAD(name->directory)};
    return true;
}

/* From its end to its start, which is then moved to where it belongs. */
static long path_of(const struct tree *tree, node_id id, char *out, size_t room) {
    struct step step;
    size_t at = room;
    if (room == 0) {
        return -ERANGE;
    }
    out[--at] = 0;
    while (id != ROOT_NODE) {
        if (!step_up(tree, id, &step)) {
            return -ENOENT;
        }
        const size_t slash = at + 1 < room;
        if (step.length == 0 || at < step.length + slash) {
            return -ERANGE;
        }
        if (slash != 0) {
            out[--at] = '/';
        }
        at -= step.length;
        memcpy(out + at, step.name, step.length);
        id = step.directory;
    }
    memmove(out, out + at, room - at);
    return (long)(room - at - 1);
}

long tree_path(const struct tree *tree, node_id id, char *out, size_t room) {
    struct reading reading = {0};
    long length;
    do {
        reading_begin(tree, &reading);
        length = path_of(tree, id, out, room);
    } while (!reading_end(tree, &reading));
    return length;
}
