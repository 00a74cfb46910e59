#ifndef VELO_RESOLVE_H
#define VELO_RESOLVE_H

#include "world.h"

/*
 * Paths as the kernel walks them (path_resolution(7)): ".." goes to the parent of what was reached, symbolic
 * links are followed in both directions over the border of the tree, at most 40 of them.
 */
enum {
    RESOLVE_KEEP_LINK =
        1, /* the last component is not followed where it is a symbolic link (unless a slash follows it) */
    RESOLVE_MAY_LACK = 2,  /* the last component may be missing: *node is NO_NODE then, and parent and name
                              tell where it would be. Where a slash follows it is neither followed nor has
                              to be a directory: see slash */
    RESOLVE_EMPTY = 4,     /* AT_EMPTY_PATH: "" is the origin itself */
    RESOLVE_NO_SEARCH = 8, /* no look at search permissions */
    RESOLVE_REAL = 2048,   /* search permissions are those of the real ids, as for access(2) */
    RESOLVE_AGAIN = 16,    /* symbolic links of the host are looked at, where world_expects_host_links */
    /* As openat2(2) has them, for a path that starts in the tree; of others the kernel is asked. */
    RESOLVE_STAYING = 64,    /* RESOLVE_BENEATH */
    RESOLVE_ROOTED = 128,    /* RESOLVE_IN_ROOT */
    RESOLVE_LINKLESS = 256,  /* RESOLVE_NO_SYMLINKS */
    RESOLVE_MAGICLESS = 512, /* RESOLVE_NO_MAGICLINKS */
    RESOLVE_CHANGES = 1024, /* what is there will be changed: files of the tree are found behind every path of
                              the host that the kernel follows to one. Costs one stat(2) for those */
    RESOLVE_PLACE = 32 /* a name that is to be made or taken away: the last component is never followed, may
                          be missing, may be no directory where a slash follows, and last tells what it is */
};

struct target {
    enum {
        TARGET_KERNEL, /* nothing of the tree: the kernel is asked for the call as it is */
        TARGET_HOST,   /* left the tree: the kernel is asked for the path in room, absolute, instead */
        TARGET_TREE
    } kind;
    node_id node;     /* TARGET_TREE; NO_NODE where the last component may be missing and is */
    struct node is;   /* what node is, where it is one */
    node_id parent;   /* the directory that has the last name, where RESOLVE_MAY_LACK or RESOLVE_PLACE was
                         asked for; NO_NODE where the path ends in "." or "..", is the root, or names a
                         descriptor */
    const char *name; /* of the last component: in the caller's path, or in room */
    size_t name_length;
    enum { LAST_NAME, LAST_DOT, LAST_DOT_DOT, LAST_ROOT } last; /* RESOLVE_PLACE */
    bool slash; /* one stood behind the last component: it must be a directory, or become one */
    int fd;     /* the descriptor of this process that the path named, else -1 */
    char *room; /* PATH_MAX bytes that the asker lends: the host's path, or what a symbolic link led to */
};

/*
 * 0 or -errno: -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -EACCES. The path is in this process's memory and
 * NUL-terminated, its length is below PATH_MAX. What is of the host for sure after a look at its first bytes
 * costs nothing else. Paths of /proc that lead to a descriptor, the current directory or the program of this
 * process are seen through where those are of the tree.
 *
 * Not seen: paths of the host that reach the tree by a symbolic link of the host, unless RESOLVE_AGAIN says
 * so and world_expects_host_links (that a process of the run has made such a link by call_symlink, or the
 * front end has asked for it); and then only where the kernel finds nothing at the path. Other ways to what
 * is open (links to /proc/self/fd, other processes' descriptors), unless RESOLVE_CHANGES says so.
 * ".." of a directory that was removed: -ENOENT, where the kernel still knows its parent.
 */
long resolve(struct caller *caller, int directory, const char *path, unsigned how, struct target *out);

#endif
