#include "manifest_fields.h"
#include "tree_blocks.h"
#include "tree_edit.h"
#include "tree_names.h"
#include "tree_nodes.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

enum { LINKS_MOST = 65000, TARGET_MOST = 4095 };

long name_check(const char *name, size_t length) {
    if (length == 0) {
        return -EBUSY; /* the root alone has no name */
    }
    if (length > NAME_MOST) {
        return -ENAMETOOLONG;
    }
    return memchr(name, '/', length) != NULL || memchr(name, 0, length) != NULL ? -EINVAL : 0;
}

long directory_check(const struct tree *tree, node_id directory) {
    if (is_living_directory(tree, directory)) {
        return 0;
    }
    const unsigned type = node_type(tree, directory);
    return type == 0 || type == NODE_DIRECTORY ? -ENOENT : -ENOTDIR;
}

bool directory_is_empty(const struct tree *tree, node_id directory) {
    struct record *record = record_of(tree, directory);
    struct manifest_entry entry;
    if (record != NULL && LOAD(record->live) != 0) {
        return false;
    }
    if (!is_lower(tree, directory) || !manifest_entry(&tree->lower, directory, &entry)) {
        return true;
    }
    for (uint32_t i = entry.first_child; i < entry.first_child + entry.children; i++) {
        if (entry_type(&tree->lower, i) != ENTRY_WHITEOUT && (bits_of(tree, i) & BIT_MOVED) == 0) {
            return false;
        }
    }
    return true;
}

static long put_target(struct mutation *mutation, struct record *record, const char *target) {
    const size_t length = strlen(target);
    if (length == 0 || length > TARGET_MOST) {
        return length == 0 ? -ENOENT : -ENAMETOOLONG;
    }
    const uint32_t unit = block_take(mutation, sizeof(struct text) + length + 1);
    struct text *text = block_at(mutation->tree, unit);
    if (text == NULL) {
        return -ENOSPC;
    }
    text->length = (uint32_t)length;
    memcpy(text->text, target, length + 1);
    PUT(mutation, record->target, unit);
    PUT(mutation, record->size, (uint64_t)length);
    return 0;
}

static bool is_possible(const struct node *what, const char *target) {
    switch (what->type) {
    case NODE_DIRECTORY:
        return what->backing == BACKING_NONE;
    case NODE_LINK:
        return what->backing == BACKING_NONE && target != NULL;
    case NODE_FILE:
    case NODE_OTHER:
        return what->backing == BACKING_UPPER;
    }
    return false;
}

enum { READY_AT_ONCE = 2 * GROUP };

/* A number of its own, with no lock. NO_NODE: there are no more, or the file system is full. */
static node_id take_number(struct tree *tree) {
    struct session *session = tree->session;
    uint32_t next = LOAD(session->next_node), ready = LOAD(session->node_ready);
    do {
        if (next >= session->node_end) {
            return NO_NODE;
        }
        if (next >= ready) {
            const uint32_t rest = session->node_end - next;
            uint32_t more = rest < READY_AT_ONCE ? rest : READY_AT_ONCE;
            if (!memory_ready(tree, record_at(tree, next), more * sizeof(struct record))) {
                more = 1;
                if (!memory_ready(tree, record_at(tree, next), sizeof(struct record))) {
                    return NO_NODE;
                }
            }
            __atomic_store_n(&session->node_ready, next + more, __ATOMIC_RELAXED);
            ready = next + more;
        }
    } while (!__atomic_compare_exchange_n(&session->next_node, &next, next + 1, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return next;
}

static void fill(struct record *record, const struct node *what, struct moment now) {
    record->mode = what->mode & 07777U;
    record->uid = what->uid;
    record->gid = what->gid;
    record->parent = NO_NODE;
    record->accessed = record->modified = record->changed = (uint64_t)now.seconds;
    record->accessed_part = record->modified_part = record->changed_part = now.nanoseconds;
    __atomic_store_n(&record->kind, (uint32_t)what->type | (uint32_t)what->backing << 4, __ATOMIC_RELEASE);
}

/* Nobody knows its number: but for the target, which takes a block, it is written at once and without the
 * lock. */
long tree_new(struct tree *tree, const struct node *what, const char *target, node_id *id) {
    struct mutation mutation;
    struct timespec now = {0};
    *id = NO_NODE;
    if (!is_possible(what, target)) {
        return -EINVAL;
    }
    const node_id next = take_number(tree);
    if (next == NO_NODE) {
        return -ENOSPC;
    }
    struct record *record = record_at(tree, next);
    KERNEL2(tree->kernel, SYS_clock_gettime, CLOCK_REALTIME, &now);
    fill(record, what, (struct moment){now.tv_sec, (uint32_t)now.tv_nsec});
    if (what->type == NODE_LINK) {
        long done = mutation_begin(&mutation, tree);
        if (done < 0) {
            return done;
        }
        done = put_target(&mutation, record, target);
        done = done < 0 ? mutation_abandon(&mutation, done) : mutation_commit(&mutation);
        if (done < 0) {
            return done;
        }
    }
    *id = next;
    return 0;
}

/* Whether the node may have one more name. */
static long link_check(const struct tree *tree, node_id id) {
    struct record *record = record_of(tree, id);
    const unsigned type = node_type(tree, id);
    const uint32_t links = record == NULL ? 1 : LOAD(record->links);
    if (type == 0 || (record != NULL && (LOAD(record->kind) & RECORD_DEAD) != 0)) {
        return -ENOENT;
    }
    if (type == NODE_DIRECTORY && (links != 0 || id == ROOT_NODE)) {
        return -EPERM;
    }
    return links >= LINKS_MOST ? -EMLINK : 0;
}

static long link_name(struct mutation *mutation, node_id id, node_id directory, const char *name,
                      size_t length) {
    struct tree *tree = mutation->tree;
    struct spot spot;
    long checked = directory_check(tree, directory);
    if (checked < 0) {
        return checked;
    }
    spot_find(tree, directory, name, length, &spot);
    if (spot.node != NO_NODE) {
        return -EEXIST;
    }
    checked = link_check(tree, id);
    if (checked < 0) {
        return checked;
    }
    checked = spot_set(mutation, &spot, id);
    if (checked == 0) {
        node_gains(mutation, id, directory);
    }
    return checked;
}

long tree_link(struct tree *tree, node_id id, node_id directory, const char *name, size_t length) {
    struct mutation mutation;
    long done = name_check(name, length);
    if (done == 0) {
        done = mutation_begin(&mutation, tree);
    }
    if (done < 0) {
        return done;
    }
    done = link_name(&mutation, id, directory, name, length);
    return done < 0 ? mutation_abandon(&mutation, done) : mutation_commit(&mutation);
}

static long unlink_name(struct mutation *mutation, struct spot *spot, bool directories, node_id *gone) {
    struct tree *tree = mutation->tree;
    const node_id id = spot->node;
    if (id == NO_NODE) {
        return -ENOENT;
    }
    const bool directory = node_type(tree, id) == NODE_DIRECTORY;
    if (directory != directories) {
        return directory ? -EISDIR : -ENOTDIR;
    }
    if (directory && !directory_is_empty(tree, id)) {
        return -ENOTEMPTY;
    }
    const long done = spot_set(mutation, spot, NO_NODE);
    if (done == 0 && node_loses(mutation, id, spot->directory)) {
        *gone = id;
    }
    return done;
}

long tree_unlink(struct tree *tree, node_id directory, const char *name, size_t length, bool directories,
                 node_id *gone) {
    struct mutation mutation;
    struct spot spot;
    *gone = NO_NODE;
    long done = name_check(name, length);
    if (done == 0) {
        done = mutation_begin(&mutation, tree);
    }
    if (done < 0) {
        return done;
    }
    mutation.frees = true;
    done = directory_check(tree, directory);
    if (done == 0) {
        spot_find(tree, directory, name, length, &spot);
        done = unlink_name(&mutation, &spot, directories, gone);
    }
    done = done < 0 ? mutation_abandon(&mutation, done) : nodes_commit(&mutation);
    if (done < 0) {
        *gone = NO_NODE;
    }
    return done;
}
