#include "manifest_fields.h"
#include "shim_test.h"
#include "tree_memory.h"

#include <stdlib.h>

/* Every unit of the blocks is a name, a target, an inode, or free: none twice, none forgotten. */
struct survey {
    const struct tree *tree;
    uint8_t *unit;
    uint64_t used;
    const char *fault;
    uint32_t *live, *links; /* by node */
};

static void fault(struct survey *survey, const char *what) {
    survey->fault = survey->fault == NULL ? what : survey->fault;
}

static const uint16_t sizes[] = {64, 96, 128, 192, 320, 640, 1280, 2560, 4608};

static void use_sized(struct survey *survey, uint32_t unit, unsigned size) {
    for (unsigned i = 0; i < size / UNIT; i++) {
        if (unit == 0 || unit + i >= survey->tree->session->next_block) {
            fault(survey, "a block outside");
            return;
        }
        if (survey->unit[unit + i]++ != 0) {
            fault(survey, "a block is used twice");
        }
    }
    survey->used += size / UNIT;
}

static void use(struct survey *survey, uint32_t unit, size_t bytes) {
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i] >= bytes) {
            use_sized(survey, unit, sizes[i]);
            return;
        }
    }
    fault(survey, "a block too large");
}

static uint32_t bucket_for(uint32_t hash, uint32_t buckets) {
    uint32_t round = 1;
    while (round < buckets) {
        round *= 2;
    }
    return (hash & (round - 1)) < buckets ? hash & (round - 1) : hash & (round / 2 - 1);
}

static struct record *record_if(const struct tree *tree, node_id id) {
    if (id >= tree->session->next_node ||
        (id < tree->session->entries && (bits_of(tree, id) & BIT_RECORD) == 0)) {
        return NULL;
    }
    return record_at(tree, id);
}

static void look_at_name(struct survey *survey, uint32_t unit) {
    const struct tree *tree = survey->tree;
    const struct name *name = block_at(tree, unit);
    use(survey, unit, sizeof *name + name->length);
    const struct name *earlier = block_at(tree, name->earlier), *before = block_at(tree, name->before);
    struct record *directory = record_if(tree, name->directory);
    if (directory == NULL || (directory->kind & 15) != NODE_DIRECTORY) {
        fault(survey, "a name in no directory");
        return;
    }
    if (name->node != NO_NODE) {
        struct record *node = record_if(tree, name->node);
        if (node == NULL || (node->kind & RECORD_DEAD) != 0 || (directory->kind & RECORD_DEAD) != 0) {
            fault(survey, "a name of a dead node, or in a dead directory");
            return;
        }
        survey->live[name->directory]++;
        survey->links[name->node]++;
        if (earlier == NULL ? node->names != unit : earlier->later != unit) {
            fault(survey, "the list of a node's names");
        }
        if ((node->kind & 15) == NODE_DIRECTORY && node->parent != name->directory) {
            fault(survey, "the parent of a directory");
        }
    } else if (name->place != 0) {
        fault(survey, "a name for nothing, of nothing");
    }
    if (name->place != 0 &&
        (before == NULL ? directory->first != unit : before->after != unit || before->place >= name->place)) {
        fault(survey, "the list of a directory's names");
    }
}

static void look_at_table(struct survey *survey, enum table_kind kind) {
    const struct tree *tree = survey->tree;
    const struct session *session = tree->session;
    const uint32_t *buckets = session_at(tree, session->buckets[kind]);
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->table[kind].buckets; i++) {
        const struct link *link;
        for (uint32_t unit = buckets[i]; unit != NO_BLOCK; unit = link->next) {
            void *block = block_at(tree, unit);
            if (block == NULL || count++ > session->table[kind].count) {
                fault(survey, "a chain of a table");
                return;
            }
            link = kind == TABLE_NAMES    ? &((struct name *)block)->by_name
                   : kind == TABLE_PLACES ? &((struct name *)block)->by_place
                                          : &((struct inode *)block)->by_inode;
            if (bucket_for(link->hash, session->table[kind].buckets) != i) {
                fault(survey, "a bucket of a table");
            }
            if (kind == TABLE_NAMES) {
                look_at_name(survey, unit);
            } else if (kind == TABLE_INODES) {
                use(survey, unit, sizeof(struct inode));
                if (record_if(tree, ((struct inode *)block)->node) == NULL) {
                    fault(survey, "an inode of no node");
                }
            } else if (((struct name *)block)->place == 0) {
                fault(survey, "a place of a name that has none");
            }
        }
    }
    if (count != session->table[kind].count) {
        fault(survey, "the count of a table");
    }
}

static void look_at_record(struct survey *survey, node_id id) {
    const struct tree *tree = survey->tree;
    struct record *record = record_if(tree, id);
    if (record == NULL || record->kind == 0) {
        return;
    }
    const bool lower = id < tree->session->entries;
    const bool in_place = lower && id != ROOT_NODE && (bits_of(tree, id) & BIT_MOVED) == 0;
    if (record->live != survey->live[id]) {
        fault(survey, "the count of a directory's names");
    }
    if (record->links != survey->links[id] + in_place + (id == ROOT_NODE)) {
        fault(survey, "the count of a node's names");
    }
    const struct text *text = lower ? NULL : block_at(tree, record->target);
    if (text != NULL) {
        use(survey, record->target, sizeof *text + text->length + 1);
    }
}

static void look_at_free(struct survey *survey) {
    const struct session *session = survey->tree->session;
    for (unsigned i = 0; i < CLASSES; i++) {
        for (uint32_t unit = session->free_block[i]; unit != NO_BLOCK && survey->fault == NULL;
             unit = *(uint32_t *)block_at(survey->tree, unit)) {
            use_sized(survey, unit, sizes[i]);
        }
    }
}

static void look_at_children(struct survey *survey, node_id id) {
    const struct tree *tree = survey->tree;
    struct node node;
    struct entry entry;
    uint32_t directories = 0;
    if (!tree_node(tree, id, &node) || node.type != NODE_DIRECTORY || node.links == 0) {
        return;
    }
    for (uint64_t position = 2; tree_list(tree, id, position, &entry, &position);) {
        directories += entry.type == NODE_DIRECTORY;
        if (tree_child(tree, id, entry.name, entry.name_length) != entry.node) {
            fault(survey, "a name that is told and not found");
        }
    }
    if (directories != node.children) {
        fault(survey, "the count of directories");
    }
}

const char *tree_fault(const struct tree *tree) {
    const struct session *session = tree->session;
    struct survey survey = {.tree = tree};
    survey.unit = calloc(session->next_block, 1);
    survey.live = calloc(session->next_node, sizeof(uint32_t));
    survey.links = calloc(session->next_node, sizeof(uint32_t));
    if (session->lock != 0 || session->redo_valid != 0 || (session->sequence & 1) != 0) {
        fault(&survey, "the lock");
    }
    for (unsigned i = 0; i < TABLES; i++) {
        look_at_table(&survey, i);
    }
    look_at_free(&survey);
    for (node_id id = 0; id < session->next_node && survey.fault == NULL; id++) {
        look_at_record(&survey, id);
        look_at_children(&survey, id);
    }
    if (survey.used != session->next_block - 1) {
        fault(&survey, "blocks that nothing uses");
    }
    free(survey.unit);
    free(survey.live);
    free(survey.links);
    return survey.fault;
}
