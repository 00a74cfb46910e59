#ifndef VELO_BESIDE_H
#define VELO_BESIDE_H

#include "calls.h"
#include "manifest_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/*
 * A tree that the core shows, and a directory of the file system beside it that holds the same. Every call is
 * made on both: on the one through the core and, where that says so, the kernel, on the other by the kernel.
 */
struct side {
    bool real;
    char base[256]; /* the prefix, or the real directory */
    int cwd;        /* a descriptor of where it is; -1: elsewhere */
};

extern struct world world;
extern struct caller caller;
extern struct side shown, real;
extern char scratch[200]; /* the directory that all is in */
extern unsigned failures;
extern unsigned long calls_made; /* system calls of the core */

/* Makes both from the same entries; the content of a file is its path again and again. */
void make_both(const struct made_entry *entries, size_t count, unsigned uid);
void remove_both(void);

void check(bool good, const char *file, int line, const char *what);
#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)
void check_equal(long is, long wanted, const char *file, int line, const char *what);
#define CHECK_IS(call, wanted) check_equal((call), (wanted), __FILE__, __LINE__, #call)
/* Both sides of a call, written with `side` in it, give the same; the result is that of the tree. */
#define BOTH(call)                                                                                           \
    __extension__({                                                                                          \
        const struct side *side = &real;                                                                     \
        long on_real = (call);                                                                               \
        side = &shown;                                                                                       \
        long on_shown = (call);                                                                              \
        check_equal(on_shown, on_real, __FILE__, __LINE__, #call);                                           \
        on_shown;                                                                                            \
    })

/* Paths: '@' at the beginning stands for the base of the side. System calls, -errno. */
long on_open(const struct side *side, int at, const char *path, int flags, unsigned mode);
long on_stat(const struct side *side, int at, const char *path, int flags, struct stat *out);
long on_access(const struct side *side, int at, const char *path, int mode, int flags);
long on_readlink(const struct side *side, int at, const char *path, char *out, size_t room);
long on_getdents(const struct side *side, int fd, void *out, size_t room);
long on_getcwd(const struct side *side, char *out, size_t room);
long on_chdir(const struct side *side, int at, const char *path);
long on_mkdir(const struct side *side, int at, const char *path, unsigned mode);
long on_mknod(const struct side *side, int at, const char *path, unsigned mode);
long on_unlink(const struct side *side, int at, const char *path, int flags);
long on_symlink(const struct side *side, const char *content, int at, const char *path);
long on_link(const struct side *side, int at, const char *path, int to_at, const char *to, int flags);
long on_rename(const struct side *side, int at, const char *path, int to_at, const char *to, unsigned flags);
long on_chmod(const struct side *side, int at, const char *path, unsigned mode, int flags);
long on_chown(const struct side *side, int at, const char *path, unsigned uid, unsigned gid, int flags);
long on_utimens(const struct side *side, int at, const char *path, const struct timespec *times, int flags);
long on_truncate(const struct side *side, const char *path, long length);
long on_getxattr(const struct side *side, const char *path, const char *name, void *value, size_t size);
long on_setxattr(const struct side *side, const char *path, const char *name, const char *value, int how);
long on_listxattr(const struct side *side, const char *path, char *list, size_t size);
long on_removexattr(const struct side *side, const char *path, const char *name);

/* What one sees of a path, without following: type, mode, size, links, target, and a sum of the content. */
void describe(const struct side *side, const char *path, char *out, size_t room);

/* The whole tree, in the order of names, one line each, hard links by the first name. malloc'd. */
char *describe_all(const struct side *side);
bool same_trees(void);

#endif
