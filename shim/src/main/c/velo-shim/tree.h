#ifndef VELO_TREE_H
#define VELO_TREE_H

#include "kernel.h"
#include "manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The tree of a run as it is at this moment: the manifest, and over it what the run's processes have changed
 * (docs/adr/0022-shim.md). It knows names, nodes and attributes, and nothing of paths outside, descriptors,
 * permissions or symbolic links' meaning. Safe for use by any number of threads, processes and signal
 * handlers; any of them may be killed at any point.
 */

typedef uint32_t node_id;

#define NO_NODE UINT32_MAX
#define ROOT_NODE 0u

enum node_type {
    NODE_DIRECTORY = 1,
    NODE_FILE = 2,
    NODE_LINK = 3,
    NODE_OTHER = 4 /* FIFO, socket or device: all about it is in the real node files/<node> */
};

/* Where the content of a file is. */
enum backing {
    BACKING_NONE, /* directories and symbolic links */
    BACKING_BLOB, /* the store's, by digest */
    BACKING_UPPER /* files/<node>, which has the true mode, owner, size and times */
};

struct moment {
    int64_t seconds;
    uint32_t nanoseconds;
};

struct node {
    enum node_type type;
    enum backing backing;
    uint32_t mode;     /* low 12 bits; not for BACKING_UPPER */
    uint32_t uid, gid; /* not for BACKING_UPPER; TREE_OWNER: whoever owns the session */
    uint32_t links;
    uint64_t size; /* of a blob, of a link's target; 0 for directories; not for BACKING_UPPER */
    struct moment accessed, modified,
        changed;           /* not for BACKING_UPPER. accessed: as it was set, reading leaves it */
    const uint8_t *digest; /* 32 bytes, of BACKING_BLOB */
    const char *target;    /* of a link, NUL-terminated. Readable for as long as the tree is mapped, but
                              another link's once this one is gone: tree_target copies it */
    node_id parent;        /* of a directory: NO_NODE where it was removed; of the root: itself */
    uint32_t children;     /* of a directory: how many directories are in it, for st_nlink */
};

#define TREE_OWNER UINT32_MAX

struct session; /* the shared memory; its layout is known by tree.c's files alone */

/* A stretch of the shared memory, mapped by itself. */
struct part {
    uint64_t offset, length;
    uint8_t *at;
};
enum { PARTS = 5 };

struct tree {
    const struct kernel *kernel;
    struct manifest lower;
    struct session *session;
    size_t session_length;
    struct recent *recent;    /* recent.h; NULL: nothing is remembered */
    size_t near;              /* so much of it is mapped in one piece, from its start */
    struct part parts[PARTS]; /* of what is behind that, where a limit of address space is too low for all */
    uint32_t owner_uid, owner_gid; /* of the session's file, as this process sees them */
};

/* What a new session needs. */
struct tree_limits {
    uint64_t bytes; /* of the shared memory: the file is sparse */
};

/*
 * Makes the session's file, whose descriptor is open for reading and writing and empty. 0, or -errno.
 */
long tree_make(const struct kernel *kernel, int file, const struct manifest *lower,
               struct tree_limits limits);

/* Maps a session's file. The manifest must be mapped and be the one that the session was made for: else
 * -EINVAL. Under a limit of address space (RLIMIT_AS) it takes no more than a part of that: what is there
 * now, and room for what comes. A process that must look behind this room ends with 125, and says why. */
long tree_map(struct tree *tree, const struct kernel *kernel, int file, const struct manifest *lower);

void tree_unmap(struct tree *tree);

/* Gives to the file system what was kept back so that things can be removed and moved while it is full. */
void tree_give_back(struct tree *tree);

/* A little of it, so that a directory can be read, as who removes it does. False: the other half is for
 * removing and moving alone. */
bool tree_give_little(struct tree *tree);

/* ---- Reading: no system call, no lock. ---- */

/*
 * The node at a path without leading slash, "." , ".." and empty components, where no component but the last
 * is a symbolic link; "" is the root. One probe of the manifest in the common case. NO_NODE: *certain tells
 * that there is nothing at this path; where it is false, a component may be a symbolic link or no directory,
 * and the caller walks. *searchable tells that every directory on the way lets everybody search it.
 */
node_id tree_find(const struct tree *tree, const char *path, size_t length, bool *certain, bool *searchable);

/* The node of this name in a directory; NO_NODE where there is none, or the directory is gone. */
node_id tree_child(const struct tree *tree, node_id directory, const char *name, size_t length);

/*
 * What a node is. False: there is no such node. One that has lost its last name is known until 65,536 others
 * have lost theirs: it may be open, or somebody's current directory. A session has at most 16,777,216 nodes
 * of its own.
 */
bool tree_node(const struct tree *tree, node_id id, struct node *out);

/* The target of a link, with a NUL. Its length without that, -EINVAL where it is no link, -ERANGE where it
 * does not fit. */
long tree_target(const struct tree *tree, node_id id, char *out, size_t room);

/*
 * The path of a directory, or of any name of another node, from the root: "" for the root, else without
 * leading slash. Its length without the NUL, -ENOENT where the node has no name any more, -ERANGE where it
 * does not fit.
 */
long tree_path(const struct tree *tree, node_id id, char *out, size_t room);

/*
 * Entries of a directory from a position on: "." is at 0, ".." at 1, what follows is opaque. The position
 * behind an entry is *next. An entry that is there for as long as the directory is read is told once,
 * whatever happens to others. False: there are no more.
 */
struct entry {
    node_id node;
    enum node_type type;
    uint32_t name_length;
    char name[256]; /* NUL-terminated */
};
bool tree_list(const struct tree *tree, node_id directory, uint64_t position, struct entry *out,
               uint64_t *next);

/* ---- Writing: signals are blocked meanwhile. 0, or -errno. ---- */

/* A new node, made before anything points to it. NO_NODE as result: -ENOSPC. BACKING_UPPER nodes: make
 * files/<node> next. */
long tree_new(struct tree *tree, const struct node *what, const char *target, node_id *id);

/* Gives a node that has no name, or, for files, another name. -EEXIST, -ENOENT (directory gone), -EMLINK,
 * -EPERM (a directory that has a name). */
long tree_link(struct tree *tree, node_id id, node_id directory, const char *name, size_t length);

/*
 * Takes a name away. directories: as rmdir(2), else as unlink(2): -ENOENT, -ENOTDIR, -EISDIR, -ENOTEMPTY,
 * -EBUSY (root). *gone: the node, where that was its last name, else NO_NODE.
 */
long tree_unlink(struct tree *tree, node_id directory, const char *name, size_t length, bool directories,
                 node_id *gone);

/*
 * As renameat2(2) with the same flags (RENAME_NOREPLACE, RENAME_EXCHANGE), whole directories in constant
 * time: -EEXIST, -ENOENT, -ENOTDIR, -EISDIR, -ENOTEMPTY, -EINVAL (below itself), -EBUSY (root). *gone as
 * above.
 */
struct place {
    node_id directory;
    const char *name;
    size_t length;
};
long tree_rename(struct tree *tree, struct place from, struct place to, unsigned flags, node_id *gone);

/* Attributes of what is not BACKING_UPPER; the change time moves by itself. */
enum { CHANGE_MODE = 1, CHANGE_OWNER = 2, CHANGE_GROUP = 4, CHANGE_MODIFIED = 8, CHANGE_ACCESSED = 16 };
long tree_change(struct tree *tree, node_id id, unsigned what, const struct node *values);

/*
 * files/<node> is complete: the file is BACKING_UPPER from now on. -EALREADY: another process was first, and
 * its file stands. The caller makes the copy under another name and renames it to files/<node> inside
 * publish, which runs while the lock is held and must not take long.
 */
long tree_raise(struct tree *tree, node_id id, long (*publish)(void *with), void *with);

/* ---- Real inodes. ---- */

/* This inode stands for this node; NO_NODE: for nothing. Replaces what stood there. */
long tree_note(struct tree *tree, uint64_t device, uint64_t inode, node_id id);

/* The same where nothing stood there; -EEXIST where something did. */
long tree_note_first(struct tree *tree, uint64_t device, uint64_t inode, node_id id);

/*
 * NO_NODE: none, or not one that was noted. Once the node has no name the file system may have given the
 * inode to another file: then this is to be believed only where the real inode has no link either.
 */
node_id tree_noted(const struct tree *tree, uint64_t device, uint64_t inode);

/* Changes so far: equal numbers at two moments mean that nothing has changed in between. */
uint64_t tree_generation(const struct tree *tree);

#endif
