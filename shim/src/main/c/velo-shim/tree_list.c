#include "manifest_fields.h"
#include "tree_names.h"
#include "tree_nodes.h"

#include <string.h>

/*
 * Positions: 0 ".", 1 "..", then the manifest's children in their order, those that the session's names
 * shadow among them; then the session's other names in the order in which they were made.
 */
enum { FIRST_CHILD = 2 };

struct look {
    const struct tree *tree;
    node_id directory;
    struct entry *out;
};

static bool tell(const struct look *look, node_id node, const char *name, size_t length) {
    look->out->node = node;
    look->out->type = (enum node_type)node_type(look->tree, node);
    look->out->name_length = (uint32_t)(length < NAME_MOST ? length : NAME_MOST);
    memcpy(look->out->name, name, look->out->name_length);
    look->out->name[look->out->name_length] = 0;
    return look->out->type != 0;
}

static bool child_at(const struct look *look, uint32_t index) {
    const struct tree *tree = look->tree;
    struct manifest_entry entry;
    if (!manifest_entry(&tree->lower, index, &entry)) {
        return false;
    }
    const char *text = entry.path + entry.path_length - entry.name_length;
    node_id node = index;
    if ((bits_of(tree, index) & BIT_MOVED) != 0) {
        struct name *name = name_at(tree, name_find(tree, look->directory, text, entry.name_length));
        node = name == NULL ? NO_NODE : LOAD(name->node);
    }
    return node != NO_NODE && tell(look, node, text, entry.name_length);
}

/* The first name at or behind a place. */
static struct name *name_from(const struct look *look, uint64_t place) {
    const struct tree *tree = look->tree;
    struct record *record = record_of(tree, look->directory);
    if (record == NULL || place > LOAD(record->made)) {
        return NULL;
    }
    struct name *name = name_at(tree, place_find(tree, look->directory, place));
    if (name != NULL) {
        return name;
    }
    /* Removed since: what was before it mostly is, too, where somebody empties the directory. */
    name = name_at(tree, LOAD(record->first));
    for (uint64_t i = 0; name != NULL && LOAD(name->place) < place && i < LOAD(record->made); i++) {
        name = name_at(tree, LOAD(name->after));
    }
    return name;
}

static bool name_entry(const struct look *look, uint64_t first, uint64_t position, uint64_t *next) {
    struct name *name = name_from(look, position - first + 1);
    if (name == NULL) {
        return false;
    }
    struct name *after = name_at(look->tree, LOAD(name->after));
    /* That of the next name is found at once; one that is made later has a higher one anyway. */
    *next = first + (after == NULL ? LOAD(name->place) : LOAD(after->place) - 1);
    return tell(look, LOAD(name->node), name->text, LOAD(name->length));
}

static bool list(const struct look *look, uint64_t position, uint64_t *next) {
    const struct tree *tree = look->tree;
    struct manifest_entry entry = {0};
    if (!is_living_directory(tree, look->directory)) {
        return false;
    }
    *next = position + 1;
    if (position == 0) {
        return tell(look, look->directory, ".", 1);
    }
    if (position == 1) {
        return tell(look, node_parent(tree, look->directory), "..", 2);
    }
    if (is_lower(tree, look->directory) && !manifest_entry(&tree->lower, look->directory, &entry)) {
        return false;
    }
    const uint64_t first = FIRST_CHILD + (uint64_t)entry.children;
    for (; position < first; position++) {
        *next = position + 1;
        if (child_at(look, entry.first_child + (uint32_t)(position - FIRST_CHILD))) {
            return true;
        }
    }
    return name_entry(look, first, position, next);
}

bool tree_list(const struct tree *tree, node_id directory, uint64_t position, struct entry *out,
               uint64_t *next) {
    const struct look look = {tree, directory, out};
    struct reading reading = {0};
    bool found;
    do {
        reading_begin(tree, &reading);
        found = list(&look, position, next);
    } while (!reading_end(tree, &reading));
    return found;
}
