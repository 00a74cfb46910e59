#ifndef VELO_CALLS_H
#define VELO_CALLS_H

#include "resolve.h"

#include <linux/stat.h>

struct timespec;
struct stat;
struct statx;
struct sockaddr_un;

/*
 * System calls on paths and descriptors that may be of the tree, with the kernel's arguments and results
 * (-errno). PASS: it is the kernel's; then elsewhere[0] is not NUL where it must be asked for that path
 * instead, absolute. So elsewhere[] has room for PATH_MAX bytes; calls with two paths have two. What is in it
 * after any other result means nothing. Paths are readable; out-parameters are this process's memory. Each
 * page of the manual is what holds; what differs is in docs/compatibility.md.
 */
#define PASS LONG_MIN

#define PROGRAM_WORDS 1536 /* 5 scripts deep, 256 bytes of each, and NULs */

/* A real descriptor of this process, close-on-exec as flags say. For a directory it is that of dirs/<node>.
 */
long call_open(struct caller *c, int at, const char *path, int flags, unsigned mode, char *elsewhere);
/* openat2(2): how is already copied. RESOLVE_* flags hold in the tree; what they would have to promise over
 * its border is -EXDEV. RESOLVE_CACHED: what is in the tree is at hand. */
struct open_how;
long call_open2(struct caller *c, int at, const char *path, const struct open_how *how, char *elsewhere);

/* statx(2); also for stat, lstat, fstatat, and fstat with AT_EMPTY_PATH. */
long call_statx(struct caller *c, int at, const char *path, int flags, unsigned mask, struct statx *out,
                char *elsewhere);
/*
 * The quick way of stat(2), of a path from the tree's root without leading slash, ".", "..", empty
 * components, a slash at its end, and at most 255 bytes long. PASS: ask call_statx.
 */
struct stat;
long call_glance(const struct world *world, const char *path, size_t length, struct stat *out);
/* The older structure, filled in from the younger one. */
void stat_of_statx(const struct statx *from, struct stat *out);
long call_access(struct caller *c, int at, const char *path, int mode, int flags, char *elsewhere);
/* Bytes that were put in, no NUL. Also of /proc/self/exe, cwd and fd/N, whose targets are told as paths of
 * the tree. */
long call_readlink(struct caller *c, int at, const char *path, char *out, size_t room, char *elsewhere);
struct statfs;
long call_statfs(struct caller *c, int at, const char *path, struct statfs *out,
                 char *elsewhere); /* path "" : of the descriptor */

/* struct linux_dirent64 records, of a descriptor of dirs/<node>; PASS where it is none. */
long call_getdents(struct caller *c, int fd, void *out, size_t room);
/* With the NUL, as getcwd(2) of the kernel. */
long call_getcwd(struct caller *c, char *out, size_t room);
/*
 * The directory of the host to change to, as a path, in elsewhere: that of dirs/<node>, or of the host; PASS
 * always, or an error. *node: the directory of the tree, or NO_NODE.
 */
long call_chdir(struct caller *c, int at, const char *path, node_id *node, char *elsewhere);

long call_mkdir(struct caller *c, int at, const char *path, unsigned mode, char *elsewhere);
long call_mknod(struct caller *c, int at, const char *path, unsigned mode, uint64_t device, char *elsewhere);
long call_unlink(struct caller *c, int at, const char *path, int flags, char *elsewhere);
long call_symlink(struct caller *c, const char *content, int at, const char *path, char *elsewhere);
long call_link(struct caller *c, int at, const char *path, int to_at, const char *to, int flags,
               char *elsewhere, char *to_elsewhere);
/* One side of the tree, the other not: -EXDEV. */
long call_rename(struct caller *c, int at, const char *path, int to_at, const char *to, unsigned flags,
                 char *elsewhere, char *to_elsewhere);

/* path "" with AT_EMPTY_PATH: the descriptor. */
long call_chmod(struct caller *c, int at, const char *path, unsigned mode, int flags, char *elsewhere);
long call_chown(struct caller *c, int at, const char *path, uint32_t uid, uint32_t gid, int flags,
                char *elsewhere);
/* Two times, or NULL: now. */
long call_utimens(struct caller *c, int at, const char *path, const struct timespec *times, int flags,
                  char *elsewhere);
long call_truncate(struct caller *c, const char *path, int64_t length, char *elsewhere);

/* Extended attributes; flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
long call_getxattr(struct caller *c, int at, const char *path, int flags, const char *name, void *value,
                   size_t size, char *elsewhere);
long call_setxattr(struct caller *c, int at, const char *path, int flags, const char *name, const void *value,
                   size_t size, int how, char *elsewhere);
long call_listxattr(struct caller *c, int at, const char *path, int flags, char *list, size_t size,
                    char *elsewhere);
long call_removexattr(struct caller *c, int at, const char *path, int flags, const char *name,
                      char *elsewhere);

/*
 * Where the kernel can be asked for a thing of the tree by path: a real path in elsewhere, and PASS. For
 * inotify_add_watch(2) (dirs/<node>, or the file), bind(2) and connect(2) of sockets (files/<node>), and
 * whatever else takes a file and leaves it as it is.
 */
long call_real_path(struct caller *c, int at, const char *path, unsigned how, char *elsewhere);

/* What inotify_add_watch(2) must be asked for; how: 0 or RESOLVE_KEEP_LINK. Who watches a directory hears of
 * names that come and go in it. */
long call_watch(struct caller *c, const char *path, unsigned how, char *elsewhere);

/*
 * bind(2) makes the node itself, so it is asked in two steps: call_bind gives the path to bind to in
 * elsewhere and PASS, and a node, or NO_NODE for sockets of the host; once the kernel has bound it,
 * call_bound gives it its name. Where that fails the socket stays bound to a node that nobody can name: close
 * it.
 */
long call_bind(struct caller *c, const char *path, node_id *node, char *elsewhere);
long call_bound(struct caller *c, const char *path, node_id node, char *elsewhere);
/* The path that the socket was bound by, as it was given, or where it is now. Its length; a NUL may follow or
 * not. */
long call_bound_path(struct caller *c, node_id node, char *out, size_t room);

/*
 * What execve(2) must be asked for. PASS, or -EACCES, -ENOENT, -ELOOP and so on as execve(2). What is neither
 * ELF nor a script is the kernel's to judge.
 */
struct program {
    char path[PATH_MAX]; /* the file to execute; "" : as it was named */
    /*
     * Where a script has anything of the tree on its way: the words that stand before the path of the script
     * as the caller named it (of execveat(2): /dev/fd/<at>, and a slash and the path where there is one), one
     * after another with their NULs. They replace argv[0]. No words: argv stays as it is.
     */
    char words[PROGRAM_WORDS];
    unsigned word_count;
    bool script, is_static; /* is_static: nothing loads a preload library into what will run */
    bool is_foreign;        /* and it is of the machine's other word length */
    node_id node;           /* that will run, for struct caller's program; ROOT_NODE: none of the tree */
};
long call_execve(struct caller *c, int at, const char *path, int flags, struct program *out);

#endif
