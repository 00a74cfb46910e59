#ifndef VELO_ANSWERS_H
#define VELO_ANSWERS_H

#include "call.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What a supervised process is answered, by the names that hooks.table has: system calls as a process of the
 * session sees them. The kernel's results, CONTINUE or ANSWERED. Pointers are the process's, descriptors too.
 */
long answer_call(void);

long sys_openat(int at, remote path, int flags, unsigned mode);
long sys_openat2(int at, remote path, remote how, size_t size);
long sys_statx(int at, remote path, int flags, unsigned mask, remote out);
long sys_fstatat(int at, remote path, remote out, int flags);
long sys_fstat(int fd, remote out);
long sys_faccessat(int at, remote path, int mode, int flags);
long sys_readlinkat(int at, remote path, remote out, size_t room);
long sys_statfs(remote path, remote out);
long sys_fstatfs(int fd, remote out);
long sys_getcwd(remote out, size_t room);
long sys_chdir(remote path);
long sys_chroot(remote path);
long sys_getdents64(int fd, remote out, size_t room);
long sys_getdents(int fd, remote out, size_t room);

long sys_mkdirat(int at, remote path, unsigned mode);
long sys_mknodat(int at, remote path, unsigned mode, uint64_t device);
long sys_unlinkat(int at, remote path, int flags);
long sys_symlinkat(remote content, int at, remote path);
long sys_linkat(int at, remote path, int to_at, remote to, int flags);
long sys_renameat2(int at, remote path, int to_at, remote to, unsigned flags);

long sys_fchmodat(int at, remote path, unsigned mode, int flags);
long sys_fchmod(int fd, unsigned mode);
long sys_fchownat(int at, remote path, uint32_t uid, uint32_t gid, int flags);
long sys_fchown(int fd, uint32_t uid, uint32_t gid);
long sys_utimensat(int at, remote path, remote times, int flags);
long sys_utimes(int at, remote path, remote times, int flags);
long sys_utime(remote path, remote times);
long sys_truncate(remote path, int64_t length);

long sys_getxattr(int at, remote path, int flags, remote name, remote value, size_t size);
long sys_setxattr(int at, remote path, int flags, remote name, remote value, size_t size, int how);
long sys_listxattr(int at, remote path, int flags, remote list, size_t size);
long sys_removexattr(int at, remote path, int flags, remote name);

long sys_execveat(int at, remote path, remote argv, remote envp, int flags);

long sys_bind(int fd, remote name, unsigned length);
long sys_connect(int fd, remote name, unsigned length);
long sys_sendto(int fd, remote data, size_t size, int flags, remote name, unsigned length);
long sys_getsockname(int fd, remote name, remote length);
long sys_getpeername(int fd, remote name, remote length);
long sys_inotify_add_watch(int fd, remote path, uint32_t mask);
long sys_fanotify_mark(int fd, unsigned flags, uint64_t mask, int at, remote path);
long sys_name_to_handle_at(int at, remote path, remote handle, remote mount, int flags);
long sys_ioctl(int fd, unsigned long request, remote argument);
/* -EPERM for what is of the tree. */
long refused(int at, remote path);
long refused_either(remote path, remote other);
long refused_mount(remote source, remote target, unsigned long flags);
/* "" is the descriptor, or the current directory. */
long refused_at(int at, remote path);

/* ---- What they have in common. ---- */

/*
 * A path that the core has named instead, as the supervisor must ask for it: what the kernel shows each
 * process of itself is the process's.
 */
const char *host_path(char *elsewhere);
/* The supervisor acts as the process's user from now on, with no other capabilities than that has, and as
 * itself again. For calls on the host alone. */
void act_as_process(void);
void act_as_self(void);
/* A path that the core has named is of the host, neither of the session nor of the store. */
bool host_is(const char *path);

/*
 * The process is not root, whose session this is (other_user.c). Then real files of the session are made and
 * changed as its user, by a way of /proc/self/fd that he may go. What the store has stays root's to read.
 */
bool is_other_user(void);
/* Costs nothing, where is_other_user asks the kernel. */
bool is_of_session(long number, const long arguments[6]);
enum { WAY_ROOM = 400 };
bool way_of_session(const char *path, char *out, size_t room);
/* Puts such ways in the place of the call's paths. How many. */
unsigned ways_of_call(long number, long arguments[6], char ways[2][WAY_ROOM]);
extern const struct door door_of_supervisor;

/* The system calls of the core here: those that would wait are not made (struct call). */
extern const struct kernel supervising_kernel;
/* Makes the call once more in a child of the supervisor, which may wait. */
long answer_waiting(long (*again)(void *with), void *with);

#define RAW(number, ...) own_result(syscall((number), __VA_ARGS__))
long own_result(long result);

/*
 * Returns what the core answers. Where it has named another path, the supervisor makes the kernel's call on
 * that; else the process's own goes on.
 */
#define ANSWER(CORE, KERNEL)                                                                                 \
    do {                                                                                                     \
        elsewhere[0] = 0;                                                                                    \
        long answered = (CORE);                                                                              \
        if (answered == PASS && elsewhere[0] != 0) {                                                         \
            const char *host = host_path(elsewhere);                                                         \
            act_as_process();                                                                                \
            answered = (KERNEL);                                                                             \
            act_as_self();                                                                                   \
        }                                                                                                    \
        return answered;                                                                                     \
    } while (0)

/* The path of a call: returns where it cannot be had. */
#define PATH_IN(local, from)                                                                                 \
    do {                                                                                                     \
        long copied = copy_path(local, from);                                                                \
        if (copied < 0)                                                                                      \
            return copied;                                                                                   \
    } while (0)

#endif
