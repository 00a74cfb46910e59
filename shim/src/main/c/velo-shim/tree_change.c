#include "tree_nodes.h"

#include <errno.h>

static uint32_t backing_of(const struct tree *tree, node_id id) {
    struct record *record = record_of(tree, id);
    if (record != NULL) {
        return LOAD(record->kind) >> 4 & 15;
    }
    return node_type(tree, id) == NODE_FILE ? BACKING_BLOB : BACKING_NONE;
}

long tree_change(struct tree *tree, node_id id, unsigned what, const struct node *values) {
    struct mutation mutation;
    const long begun = mutation_begin(&mutation, tree);
    if (begun < 0) {
        return begun;
    }
    if (node_type(tree, id) == 0) {
        return mutation_abandon(&mutation, -ENOENT);
    }
    if (backing_of(tree, id) == BACKING_UPPER) {
        return mutation_abandon(&mutation, -EINVAL);
    }
    struct record *record = record_for(&mutation, id);
    if ((what & CHANGE_MODE) != 0) {
        PUT(&mutation, record->mode, values->mode & 07777U);
        if (is_lower(tree, id) && node_type(tree, id) == NODE_DIRECTORY &&
            (values->mode & EVERYBODY_SEARCHES) != EVERYBODY_SEARCHES) {
            ways_bent(&mutation);
        }
    }
    if ((what & CHANGE_OWNER) != 0) {
        PUT(&mutation, record->uid, values->uid);
    }
    if ((what & CHANGE_GROUP) != 0) {
        PUT(&mutation, record->gid, values->gid);
    }
    if ((what & CHANGE_ACCESSED) != 0) {
        PUT(&mutation, record->accessed, (uint64_t)values->accessed.seconds);
        PUT(&mutation, record->accessed_part, values->accessed.nanoseconds);
    }
    if ((what & CHANGE_MODIFIED) != 0) {
        PUT(&mutation, record->modified, (uint64_t)values->modified.seconds);
        PUT(&mutation, record->modified_part, values->modified.nanoseconds);
    }
    node_changed(&mutation, id);
    return mutation_commit(&mutation);
}

long tree_raise(struct tree *tree, node_id id, long (*publish)(void *with), void *with) {
    struct mutation mutation;
    long done = mutation_begin(&mutation, tree);
    if (done < 0) {
        return done;
    }
    struct record *record = NULL;
    if (node_type(tree, id) == 0) {
        done = -ENOENT;
    } else if (node_type(tree, id) != NODE_FILE) {
        done = -EINVAL;
    } else if (backing_of(tree, id) == BACKING_UPPER) {
        done = -EALREADY;
    } else {
        record = record_for(&mutation, id); /* its room, before there is a file */
        done = mutation.full ? -ENOSPC : 0;
    }
    if (done == 0) {
        /* A process that is killed here leaves a file that nothing shows; the next one puts its own there. */
        done = publish(with);
    }
    if (done < 0) {
        return mutation_abandon(&mutation, done);
    }
    PUT(&mutation, record->kind, (GET(&mutation, record->kind) & ~UINT32_C(0xF0)) | BACKING_UPPER << 4);
    return mutation_commit(&mutation);
}
