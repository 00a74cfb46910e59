#ifndef VELO_TREE_GLANCE_H
#define VELO_TREE_GLANCE_H

#include "tree.h"

/*
 * The quick answer for most paths that programs ask about: a file with the manifest's content in the
 * manifest's place, or nothing at all in a directory to which nothing was added. It touches one slot of the
 * manifest, one entry and its path, a byte of the session, and its record where it has one, as files have
 * that were opened.
 */
enum glance {
    GLANCE_UNSURE, /* it says nothing: ask tree_find */
    GLANCE_NOTHING,
    GLANCE_FILE
};

struct glanced {
    node_id id;
    uint32_t mode; /* low 12 bits */
    uint32_t uid, gid, links;
    uint64_t size;
    struct moment modified, changed;
};

/* The path is as tree_find wants it, and not empty. Whatever it answers, everybody may search the way there.
 */
enum glance tree_glance(const struct tree *tree, const char *path, size_t length, struct glanced *out);

#endif
