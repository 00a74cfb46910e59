#ifndef VELO_WORLD_H
#define VELO_WORLD_H

#include "tree.h"

#include <limits.h>

/* What all calls of a process have in common. Written once, before its first call. */
struct world {
    const struct kernel *kernel;
    struct tree tree;
    char prefix[256]; /* where the tree is shown: absolute, without "." , ".." , "//" and a slash at its end;
                         at least two characters */
    size_t prefix_length;
    size_t last_name;           /* where the last name of the prefix begins */
    char session[PATH_MAX / 4]; /* the session's directory: absolute, of the host */
    size_t session_length;
    char store[PATH_MAX / 4]; /* the store's directory: absolute, of the host */
    size_t store_length;
    uint64_t device; /* st_dev of the tree */
};

/* A place from which relative paths start, and what descriptors stand for. */
struct origin {
    enum { ORIGIN_HOST, ORIGIN_TREE } kind;
    node_id node; /* ORIGIN_TREE; a file's, too, for AT_EMPTY_PATH */
    int fd;       /* ORIGIN_HOST: AT_FDCWD or a descriptor, of this process */
};

/* Who calls. Asked for only where a permission is not everybody's. */
struct credentials {
    uint32_t uid, gid; /* effective; for access(2) real */
    uint32_t groups[64];
    unsigned group_count;
    bool overrides; /* CAP_DAC_OVERRIDE: root */
};

/*
 * The process for which a call is made: this one in the preload library, another one in the supervisor. Each
 * function may be called several times or not at all.
 */
struct caller {
    struct world *world;
    /* AT_FDCWD: the current directory. -EBADF where there is no such descriptor. */
    long (*origin)(struct caller *caller, int fd, struct origin *out);
    void (*credentials)(struct caller *caller, bool real, struct credentials *out);
    uint32_t (*umask)(struct caller *caller);
};

/* Recognises a descriptor of this process by its inode: ORIGIN_TREE, or ORIGIN_HOST with it. *node: NO_NODE
 * for those of the host. Costs one fstat(2). */
long world_descriptor(const struct world *world, int fd, node_id *node);

/* Permission bits 4, 2, 1 that these credentials have not on a node: 0 or -EACCES. */
long world_allows(const struct world *world, node_id id, const struct credentials *who, unsigned wanted);

#endif
