#ifndef VELO_SYS_H
#define VELO_SYS_H

#include "shim.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * System calls as a process of the session sees them: the kernel's arguments and results (-errno). What is of
 * the tree is answered by the core, everything else by the kernel. Pointers are the program's and may be bad.
 * All are async-signal-safe, and work in a child of vfork(2).
 */
long sys_openat(int at, const char *path, int flags, unsigned mode);
long sys_openat2(int at, const char *path, const void *how, size_t size);

long sys_statx(int at, const char *path, int flags, unsigned mask, struct statx *out);
long sys_fstatat(int at, const char *path, struct stat *out, int flags);
long sys_fstat(int fd, struct stat *out);
long sys_faccessat(int at, const char *path, int mode, int flags);
long sys_readlinkat(int at, const char *path, char *out, size_t room);
struct statfs;
long sys_statfs(const char *path, struct statfs *out);
long sys_fstatfs(int fd, struct statfs *out);

long sys_getcwd(char *out, size_t room);
long sys_chdir(const char *path);
long sys_fchdir(int fd);
long sys_chroot(const char *path);
long sys_getdents64(int fd, void *out, size_t room);
/* The older form of the records, which x86_64 has, too. */
long sys_getdents(int fd, void *out, size_t room);
long sys_umask(unsigned mask);

long sys_mkdirat(int at, const char *path, unsigned mode);
long sys_mknodat(int at, const char *path, unsigned mode, uint64_t device);
long sys_unlinkat(int at, const char *path, int flags);
long sys_symlinkat(const char *content, int at, const char *path);
long sys_linkat(int at, const char *path, int to_at, const char *to, int flags);
long sys_renameat2(int at, const char *path, int to_at, const char *to, unsigned flags);

long sys_fchmodat(int at, const char *path, unsigned mode, int flags);
long sys_fchmod(int fd, unsigned mode);
long sys_fchownat(int at, const char *path, uint32_t uid, uint32_t gid, int flags);
long sys_fchown(int fd, uint32_t uid, uint32_t gid);
long sys_utimensat(int at, const char *path, const struct timespec *times, int flags);
struct timeval;
struct utimbuf;
long sys_utimes(int at, const char *path, const struct timeval *times, int flags);
long sys_utime(const char *path, const struct utimbuf *times);
long sys_truncate(const char *path, int64_t length);

/* flags: 0, AT_SYMLINK_NOFOLLOW; a descriptor is given as at, with path NULL. */
long sys_getxattr(int at, const char *path, int flags, const char *name, void *value, size_t size);
long sys_setxattr(int at, const char *path, int flags, const char *name, const void *value, size_t size,
                  int how);
long sys_listxattr(int at, const char *path, int flags, char *list, size_t size);
long sys_removexattr(int at, const char *path, int flags, const char *name);

/* envp as the program gives it; what keeps the session is put back where it is missing. */
long sys_execveat(int at, const char *path, char *const argv[], char *const envp[], int flags);

struct sockaddr;
struct msghdr;
long sys_bind(int fd, const struct sockaddr *name, unsigned length);
long sys_inotify_add_watch(int fd, const char *path, uint32_t mask);
long sys_fanotify_mark(int fd, unsigned flags, uint64_t mask, int at, const char *path);
long sys_name_to_handle_at(int at, const char *path, void *handle, void *mount, int flags);

/* Where the kernel can be asked for it: PASS with elsewhere, or -errno. elsewhere has PATH_MAX bytes, and is
 * empty where the path is good as it is. */
long real_path(int at, const char *path, unsigned how, char *elsewhere);
/* A path of the tree, or one that leads there. */
bool path_is_virtual(int at, const char *path);

/*
 * A hook of libc. The names that programs know are made from hooks.table, so no declaration of libc's headers
 * speaks of the bodies, which are "hook_NAME" here.
 */
#define HOOK(type, name, arguments)                                                                          \
    __attribute__((used, visibility("hidden"))) type hook_##name arguments;                                  \
    type hook_##name arguments

/* Functions that the library hides and needs: those of libc, as a rule. */
#define HIDDEN(X)                                                                                            \
    X(accept)                                                                                                \
    X(accept4)                                                                                               \
    X(connect)                                                                                               \
    X(dlmopen)                                                                                               \
    X(dlopen)                                                                                                \
    X(freopen)                                                                                               \
    X(fts_children)                                                                                          \
    X(fts_close)                                                                                             \
    X(fts_open)                                                                                              \
    X(fts_read)                                                                                              \
    X(fts_set)                                                                                               \
    X(glob)                                                                                                  \
    X(gnu_get_libc_version)                                                                                  \
    X(pathconf)                                                                                              \
    X(pclose)                                                                                                \
    X(recvfrom)                                                                                              \
    X(recvmmsg)                                                                                              \
    X(recvmsg)                                                                                               \
    X(sendmmsg)                                                                                              \
    X(sendmsg)                                                                                               \
    X(sendto)                                                                                                \
    X(wordexp)

#define HIDDEN_NUMBER(name) HIDDEN_##name,
enum hidden { HIDDEN(HIDDEN_NUMBER) };

void hidden_start(void);
void *hidden_function(enum hidden which);
/* The process has musl: some numbers of its interfaces are not glibc's. */
bool libc_is_musl(void);

#endif
