#ifndef VELO_WORLD_H
#define VELO_WORLD_H

#include "tree.h"

#include <limits.h>
#include <string.h>

struct world;

/*
 * What a process without the rights of a file's owner needs done by somebody who has them (door.h), on files
 * of the session. 0 or -errno.
 */
struct door {
    /* As copy_up, which would leave the file its copier's. */
    long (*copy_up)(const struct world *world, node_id id, uint64_t most);
    /* A file that the process has just made gets the group of its directory. */
    long (*give_group)(const struct world *world, node_id id, uint32_t gid);
};

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
    uint64_t device;         /* st_dev of the tree */
    const struct door *door; /* NULL: there is nobody to be asked */
    bool lends_nothing;      /* copies get no set-id bits: they are made for who could not set these */

    /* world_begin fills these. */
    bool parent_known;                    /* the directory of the host that the prefix is in is there */
    uint64_t parent_device, parent_inode; /* and this is it */
};

/* Paths of the host as they are written: below a directory, which is named without a slash at its end, or
 * itself. */
static inline bool path_is_below(const char *path, const char *directory, size_t length) {
    return strncmp(path, directory, length) == 0 && path[length] == '/';
}
static inline bool path_is_at_or_below(const char *path, const char *directory, size_t length) {
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* Once all else is filled in. */
void world_begin(struct world *world);

/* A place from which relative paths start, and what descriptors stand for. */
struct origin {
    enum { ORIGIN_HOST, ORIGIN_TREE } kind;
    node_id node; /* ORIGIN_TREE; a file's, too, for AT_EMPTY_PATH */
    int fd;       /* AT_FDCWD or the descriptor, of this process; ORIGIN_TREE: -1 where it has none */
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
    /* Where that is another process, this one's own must be 0: the kernel applies it, too. */
    uint32_t (*umask)(struct caller *caller);
    /*
     * A memory of what each descriptor was opened for, where a blob stands for several files and the
     * descriptor could not be given a tag (descriptor.h); NULL: none.
     * opened is told of every descriptor of a blob; hint answers NO_NODE where it does not know, or where the
     * inode is not the one that it was told.
     */
    void (*opened)(struct caller *caller, int fd, node_id node, uint64_t device, uint64_t inode);
    node_id (*hint)(struct caller *caller, int fd, uint64_t device, uint64_t inode);
    int pid;         /* whose /proc/<pid> leads to its own descriptors; 0: this process's */
    node_id program; /* what the process was started from, as call_execve told it; ROOT_NODE: not known */
    /*
     * The kernel has answered -ENOENT to the call as it was: it is made once more, and symbolic links of the
     * host that lead into the tree are looked for (RESOLVE_AGAIN). Costs nothing where no process of the run
     * has made one.
     */
    bool again;
};

/* Recognises a descriptor of this process, or the current directory (AT_FDCWD), by its inode. *node: NO_NODE
 * for what is of the host. Costs one fstat(2). */
long world_descriptor(struct caller *caller, int fd, node_id *node);

/* The same for what stat(2) has told: of an open descriptor, or, fd being -1, of the program that runs. */
struct stat;
node_id world_inode(struct caller *caller, int fd, const struct stat *status);

/* Mode with its type, and owners, as stat(2) tells them. Costs one system call for what has a real file. */
struct owned {
    uint32_t mode, uid, gid;
};
long world_owned(const struct world *world, node_id id, struct owned *out);

/*
 * Permission bits 4, 2, 1 that whoever calls has not on a node: 0 or -EACCES. He is asked for only where it
 * matters. real: by real ids, as access(2).
 */
long world_permits(struct caller *caller, node_id id, unsigned wanted, bool real);
long world_permits_owned(struct caller *caller, const struct owned *of, unsigned wanted, bool real);

/* Symbolic links of the host that lead into the tree are looked for from now on, by all processes of the run.
 */
void world_expect_host_links(struct world *world);
bool world_expects_host_links(const struct world *world);

#endif
