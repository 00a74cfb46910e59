#include "beside.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The path as this side calls it; two can be in use at once. */
static const char *path_of(const struct side *side, const char *path) {
    static char rooms[2][2 * PATH_MAX];
    static unsigned turn;
    if (path[0] != '@') {
        return path;
    }
    char *room = rooms[turn++ % 2];
    snprintf(room, sizeof rooms[0], "%s%s", side->base, path + 1);
    return room;
}

static const char *enter(const struct side *side, const char *path) {
    if (side->cwd >= 0 && fchdir(side->cwd) != 0) {
        abort();
    }
    return path_of(side, path);
}

static char elsewhere[PATH_MAX], to_elsewhere[PATH_MAX];

static long kernels(long result) {
    return result == -1 ? -errno : result;
}

/* Asks the core, again where the kernel has found nothing, and the kernel where it is for that to answer. */
#define ASK(core, kernels_own)                                                                               \
    __extension__({                                                                                          \
        long asked = side->real ? PASS : (core);                                                             \
        if (side->real) {                                                                                    \
            elsewhere[0] = to_elsewhere[0] = 0;                                                              \
        }                                                                                                    \
        const char *p = elsewhere[0] != 0 ? elsewhere : path;                                                \
        int d = elsewhere[0] != 0 ? AT_FDCWD : at;                                                           \
        if (asked == PASS) {                                                                                 \
            asked = kernels(kernels_own);                                                                    \
            if (asked == -ENOENT && !side->real) {                                                           \
                caller.again = true;                                                                         \
                asked = (core);                                                                              \
                caller.again = false;                                                                        \
                p = elsewhere[0] != 0 ? elsewhere : path;                                                    \
                d = elsewhere[0] != 0 ? AT_FDCWD : at;                                                       \
                asked = asked == PASS ? kernels(kernels_own) : asked;                                        \
            }                                                                                                \
        }                                                                                                    \
        asked;                                                                                               \
    })

long on_open(const struct side *side, int at, const char *path, int flags, unsigned mode) {
    path = enter(side, path);
    return ASK(call_open(&caller, at, path, flags, mode, elsewhere), openat(d, p, flags, mode));
}

static void from_statx(const struct statx *in, struct stat *out) {
    memset(out, 0, sizeof *out);
    out->st_dev = makedev(in->stx_dev_major, in->stx_dev_minor);
    out->st_ino = in->stx_ino;
    out->st_mode = in->stx_mode;
    out->st_nlink = in->stx_nlink;
    out->st_uid = in->stx_uid;
    out->st_gid = in->stx_gid;
    out->st_size = (off_t)in->stx_size;
    out->st_blocks = (blkcnt_t)in->stx_blocks;
    out->st_mtim = (struct timespec){in->stx_mtime.tv_sec, in->stx_mtime.tv_nsec};
    out->st_ctim = (struct timespec){in->stx_ctime.tv_sec, in->stx_ctime.tv_nsec};
}

long on_stat(const struct side *side, int at, const char *path, int flags, struct stat *out) {
    struct statx status = {0};
    path = enter(side, path);
    long result = ASK(call_statx(&caller, at, path, flags, STATX_BASIC_STATS, &status, elsewhere),
                      statx(d, p, flags, STATX_BASIC_STATS, &status));
    from_statx(&status, out);
    return result;
}

long on_access(const struct side *side, int at, const char *path, int mode, int flags) {
    path = enter(side, path);
    return ASK(call_access(&caller, at, path, mode, flags, elsewhere), faccessat(d, p, mode, flags));
}

long on_readlink(const struct side *side, int at, const char *path, char *out, size_t room) {
    path = enter(side, path);
    return ASK(call_readlink(&caller, at, path, out, room, elsewhere),
               syscall(SYS_readlinkat, d, p, out, room));
}

long on_getdents(const struct side *side, int fd, void *out, size_t room) {
    long result = side->real ? PASS : call_getdents(&caller, fd, out, room);
    return result == PASS ? kernels(syscall(SYS_getdents64, fd, out, room)) : result;
}

long on_getcwd(const struct side *side, char *out, size_t room) {
    enter(side, "");
    long result = side->real ? PASS : call_getcwd(&caller, out, room);
    return result == PASS ? kernels(syscall(SYS_getcwd, out, room)) : result;
}

/* Where the side is afterwards is kept in its descriptor. */
long on_chdir(const struct side *side, int at, const char *path) {
    node_id node;
    path = enter(side, path);
    long result = ASK(call_chdir(&caller, at, path, &node, elsewhere), *p == 0 ? fchdir(d) : chdir(p));
    if (result == 0) {
        int old = side->cwd;
        ((struct side *)(uintptr_t)side)->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(old);
    }
    return result;
}

long on_mkdir(const struct side *side, int at, const char *path, unsigned mode) {
    path = enter(side, path);
    return ASK(call_mkdir(&caller, at, path, mode, elsewhere), mkdirat(d, p, mode));
}

long on_mknod(const struct side *side, int at, const char *path, unsigned mode) {
    path = enter(side, path);
    return ASK(call_mknod(&caller, at, path, mode, 0, elsewhere), mknodat(d, p, mode, 0));
}

long on_unlink(const struct side *side, int at, const char *path, int flags) {
    path = enter(side, path);
    return ASK(call_unlink(&caller, at, path, flags, elsewhere), unlinkat(d, p, flags));
}

long on_symlink(const struct side *side, const char *content, int at, const char *path) {
    path = enter(side, path);
    content = path_of(side, content);
    return ASK(call_symlink(&caller, content, at, path, elsewhere), symlinkat(content, d, p));
}

long on_link(const struct side *side, int at, const char *path, int to_at, const char *to, int flags) {
    path = enter(side, path);
    to = path_of(side, to);
    return ASK(call_link(&caller, at, path, to_at, to, flags, elsewhere, to_elsewhere),
               linkat(d, p, to_elsewhere[0] ? AT_FDCWD : to_at, to_elsewhere[0] ? to_elsewhere : to, flags));
}

long on_rename(const struct side *side, int at, const char *path, int to_at, const char *to, unsigned flags) {
    path = enter(side, path);
    to = path_of(side, to);
    return ASK(
        call_rename(&caller, at, path, to_at, to, flags, elsewhere, to_elsewhere),
        renameat2(d, p, to_elsewhere[0] ? AT_FDCWD : to_at, to_elsewhere[0] ? to_elsewhere : to, flags));
}

enum { FCHMODAT2 = 452 };

/* Kernels before 6.6, and emulators, do not know fchmodat2(2). */
static long chmod_at(int at, const char *path, unsigned mode, int flags) {
    const long changed = syscall(FCHMODAT2, at, path, mode, flags);
    if (changed == 0 || errno != ENOSYS) {
        return changed;
    }
    if ((flags & AT_EMPTY_PATH) == 0 || *path != 0) {
        return fchmodat(at, path, mode, flags & ~AT_EMPTY_PATH);
    }
    char itself[32];
    snprintf(itself, sizeof itself, at == AT_FDCWD ? "." : "/proc/self/fd/%d", at);
    return chmod(itself, mode);
}

long on_chmod(const struct side *side, int at, const char *path, unsigned mode, int flags) {
    path = enter(side, path);
    return ASK(call_chmod(&caller, at, path, mode, flags, elsewhere), chmod_at(d, p, mode, flags));
}

long on_chown(const struct side *side, int at, const char *path, unsigned uid, unsigned gid, int flags) {
    path = enter(side, path);
    return ASK(call_chown(&caller, at, path, uid, gid, flags, elsewhere), fchownat(d, p, uid, gid, flags));
}

long on_utimens(const struct side *side, int at, const char *path, const struct timespec *times, int flags) {
    path = enter(side, path);
    return ASK(call_utimens(&caller, at, path, times, flags, elsewhere),
               syscall(SYS_utimensat, d, p, times, flags));
}

long on_truncate(const struct side *side, const char *path, long length) {
    const int at = AT_FDCWD;
    path = enter(side, path);
    return ASK(call_truncate(&caller, path, length, elsewhere), ((void)d, truncate(p, length)));
}

long on_getxattr(const struct side *side, const char *path, const char *name, void *value, size_t size) {
    const int at = AT_FDCWD;
    path = enter(side, path);
    return ASK(call_getxattr(&caller, at, path, 0, name, value, size, elsewhere),
               ((void)d, getxattr(p, name, value, size)));
}

long on_setxattr(const struct side *side, const char *path, const char *name, const char *value, int how) {
    const int at = AT_FDCWD;
    path = enter(side, path);
    return ASK(call_setxattr(&caller, at, path, 0, name, value, strlen(value), how, elsewhere),
               ((void)d, setxattr(p, name, value, strlen(value), how)));
}

long on_listxattr(const struct side *side, const char *path, char *list, size_t size) {
    const int at = AT_FDCWD;
    path = enter(side, path);
    return ASK(call_listxattr(&caller, at, path, 0, list, size, elsewhere),
               ((void)d, listxattr(p, list, size)));
}

long on_removexattr(const struct side *side, const char *path, const char *name) {
    const int at = AT_FDCWD;
    path = enter(side, path);
    return ASK(call_removexattr(&caller, at, path, 0, name, elsewhere), ((void)d, removexattr(p, name)));
}
