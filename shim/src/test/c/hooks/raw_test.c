#include "hooks_test.h"

#include <linux/fs.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <utime.h>

/* syscall(3) with each number that the library answers. */
static long (*call)(long, ...);

#define CALLS(name, ...)                                                                                     \
    static bool t_##name(void *symbol) {                                                                     \
        call = (long (*)(long, ...))symbol;                                                                  \
        __VA_ARGS__                                                                                          \
    }
#define FILE_ TREE "/dir/file"
#define HERE AT_FDCWD

static struct stat state;
static char text[256];

static bool owned(const char *path) {
    return stat(path, &state) == 0 && state.st_uid == geteuid();
}

CALLS(openat, CHECK(fd_has_content((int)call(SYS_openat, HERE, FILE_, O_RDONLY), IN_FILE)); return true;)
CALLS(openat2, struct open_how how = {0}; CHECK(call(SYS_openat2, HERE, FILE_, &how, sizeof how) >= 0);
      return true;)
CALLS(fstat, int fd = open(FILE_, O_RDONLY); CHECK(call(SYS_fstat, fd, &state) == 0);
      return state.st_mtim.tv_nsec == 8;)
CALLS(newfstatat, CHECK(call(SYS_newfstatat, HERE, FILE_, &state, 0) == 0); return state.st_size == 10;)
CALLS(statx, struct statx full; CHECK(call(SYS_statx, HERE, FILE_, 0, STATX_ALL, &full) == 0);
      return full.stx_size == 10;)
CALLS(statfs, struct statfs full; return call(SYS_statfs, FILE_, &full) == 0;)
CALLS(fstatfs, struct statfs full; struct statfs other; int fd = open(FILE_, O_RDONLY);
      CHECK(call(SYS_fstatfs, fd, &full) == 0);
      return statfs(TREE, &other) == 0 && other.f_bfree + 100000 > full.f_bfree;)
CALLS(faccessat, return call(SYS_faccessat, HERE, FILE_, R_OK) == 0;)
CALLS(faccessat2, return call(SYS_faccessat2, HERE, FILE_, R_OK, AT_EACCESS) == 0;)
CALLS(readlinkat, return call(SYS_readlinkat, HERE, TREE "/link", text, sizeof text) == 8;)
CALLS(getcwd, CHECK(chdir(TREE "/dir") == 0 && call(SYS_getcwd, text, sizeof text) == sizeof TREE + 4);
      return strcmp(text, TREE "/dir") == 0;)
CALLS(chdir, CHECK(call(SYS_chdir, TREE "/dir") == 0); return has_content("file", IN_FILE);)
CALLS(fchdir, int fd = open(TREE "/dir", O_PATH); CHECK(call(SYS_fchdir, fd) == 0);
      return has_content("file", IN_FILE);)
CALLS(chroot, return exists(FILE_) && call(SYS_chroot, TREE) == -1 && errno == EPERM;)
CALLS(umask, call(SYS_umask, 027);
      CHECK(mkdir(fresh("umask"), 0777) == 0 && stat(fresh("umask"), &state) == 0);
      return (state.st_mode & 0777) == 0750;)
CALLS(getdents64, int fd = open(TREE "/dir/sub", O_RDONLY);
      CHECK(call(SYS_getdents64, fd, text, sizeof text) > 60); return memmem(text, sizeof text, "deep", 4);)
CALLS(mkdirat, CHECK(call(SYS_mkdirat, HERE, fresh("mkdirat"), 0755) == 0); return exists(fresh("mkdirat"));)
CALLS(unlinkat, const char *path = own_file("unlinkat");
      CHECK(path && call(SYS_unlinkat, HERE, path, 0) == 0); return !exists(path);)
CALLS(renameat, const char *path = own_file("renameat");
      CHECK(path && call(SYS_renameat, HERE, path, HERE, fresh("to")) == 0); return exists(fresh("to"));)
CALLS(renameat2, const char *path = own_file("renameat2");
      CHECK(path && call(SYS_renameat2, HERE, path, HERE, fresh("to"), RENAME_NOREPLACE) == 0);
      return exists(fresh("to"));)
CALLS(linkat, const char *path = own_file("linkat");
      CHECK(path && call(SYS_linkat, HERE, path, HERE, fresh("to"), 0) == 0); return exists(fresh("to"));)
CALLS(symlinkat, CHECK(call(SYS_symlinkat, "x", HERE, fresh("symlink")) == 0);
      return exists(fresh("symlink"));)
CALLS(mknodat, CHECK(call(SYS_mknodat, HERE, fresh("mknod"), S_IFIFO | 0600, 0) == 0);
      return exists(fresh("mknod"));)

static bool mode_is(const char *path, mode_t mode) {
    return stat(path, &state) == 0 && (state.st_mode & 07777) == mode;
}

CALLS(fchmod, const char *path = own_file("fchmod"); int fd = path ? open(path, O_RDONLY) : -1;
      return call(SYS_fchmod, fd, 0711) == 0 && mode_is(path, 0711);)
CALLS(fchmodat, const char *path = own_file("fchmodat");
      return path && call(SYS_fchmodat, HERE, path, 0711) == 0 && mode_is(path, 0711);)
CALLS(fchmodat2, const char *path = own_file("fchmodat2");
      return path && call(452, HERE, path, 0711, AT_SYMLINK_NOFOLLOW) == 0 && mode_is(path, 0711);)
CALLS(fchown, const char *path = own_file("fchown"); int fd = path ? open(path, O_RDONLY) : -1;
      return call(SYS_fchown, fd, geteuid(), -1) == 0 && owned(path);)
CALLS(fchownat, const char *path = own_file("fchownat");
      return path && call(SYS_fchownat, HERE, path, geteuid(), -1, 0) == 0 && owned(path);)

static bool time_is(const char *path, time_t seconds) {
    return stat(path, &state) == 0 && state.st_mtim.tv_sec == seconds;
}

static const struct timespec EXACT[2] = {{1, 0}, {77, 0}};

CALLS(utimensat, const char *path = own_file("utimensat"); int fd = path ? open(path, O_RDONLY) : -1;
      return call(SYS_utimensat, fd, NULL, EXACT, 0) == 0 && time_is(path, 77);)
CALLS(ioctl, int flags = FS_NODUMP_FL; int fd = open(FILE_, O_RDONLY);
      return fd >= 0 && call(SYS_ioctl, fd, FS_IOC_SETFLAGS, &flags) == -1 && errno == ENOTTY;)
CALLS(truncate, const char *path = own_file("truncate");
      return path && call(SYS_truncate, path, 2) == 0 && has_content(path, "co");)

static const char *marked(const char *last) {
    const char *path = own_file(last);
    return path && setxattr(path, "user.velo", "v", 1, 0) == 0 ? path : NULL;
}

static bool has_mark(const char *path) {
    return getxattr(path, "user.velo", text, sizeof text) == 1;
}

CALLS(getxattr, const char *path = marked("getxattr");
      return path && call(SYS_getxattr, path, "user.velo", text, sizeof text) == 1;)
CALLS(lgetxattr, const char *path = marked("lgetxattr");
      return path && call(SYS_lgetxattr, path, "user.velo", text, sizeof text) == 1;)
CALLS(fgetxattr, const char *path = marked("fgetxattr"); int fd = path ? open(path, O_RDONLY) : -1;
      return call(SYS_fgetxattr, fd, "user.velo", text, sizeof text) == 1;)
CALLS(setxattr, const char *path = own_file("setxattr");
      return path && call(SYS_setxattr, path, "user.velo", "v", 1, 0) == 0 && has_mark(path);)
CALLS(lsetxattr, const char *path = own_file("lsetxattr");
      return path && call(SYS_lsetxattr, path, "user.velo", "v", 1, 0) == 0 && has_mark(path);)
CALLS(fsetxattr, const char *path = own_file("fsetxattr"); int fd = path ? open(path, O_RDONLY) : -1;
      return call(SYS_fsetxattr, fd, "user.velo", "v", 1, 0) == 0 && has_mark(path);)
CALLS(listxattr, const char *path = marked("listxattr");
      return path && call(SYS_listxattr, path, text, sizeof text) >= 10;)
CALLS(llistxattr, const char *path = marked("llistxattr");
      return path && call(SYS_llistxattr, path, text, sizeof text) >= 10;)
CALLS(flistxattr, const char *path = marked("flistxattr"); int fd = path ? open(path, O_RDONLY) : -1;
      return call(SYS_flistxattr, fd, text, sizeof text) >= 10;)
CALLS(removexattr, const char *path = marked("removexattr");
      return path && call(SYS_removexattr, path, "user.velo") == 0 && !has_mark(path);)
CALLS(lremovexattr, const char *path = marked("lremovexattr");
      return path && call(SYS_lremovexattr, path, "user.velo") == 0 && !has_mark(path);)
CALLS(fremovexattr, const char *path = marked("fremovexattr"); int fd = path ? open(path, O_RDONLY) : -1;
      return call(SYS_fremovexattr, fd, "user.velo") == 0 && !has_mark(path);)

static char *const WORDS[] = {NULL, NULL};

static bool ends(pid_t child) {
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

CALLS(
    execve, char *words[] = {text, NULL}; pid_t child = fork(); if (child == 0) {
        close(1);
        open("/dev/null", O_WRONLY);
        call(SYS_execve, TREE "/dir/program", words, WORDS);
        _exit(1);
    } return ends(child);)
CALLS(
    execveat, char *words[] = {text, NULL}; pid_t child = fork(); if (child == 0) {
        close(1);
        open("/dev/null", O_WRONLY);
        call(SYS_execveat, HERE, TREE "/dir/program", words, WORDS, 0);
        _exit(1);
    } return ends(child);)

static struct sockaddr_un name;

static int named(const char *last) {
    name.sun_family = AF_UNIX;
    strncpy(name.sun_path, fresh(last), sizeof name.sun_path - 1);
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

CALLS(bind, int fd = named("bind"); CHECK(call(SYS_bind, fd, &name, sizeof name) == 0);
      return exists(name.sun_path);)
CALLS(connect, int fd = named("connect");
      CHECK(bind(fd, (struct sockaddr *)&name, sizeof name) == 0 && listen(fd, 1) == 0);
      return call(SYS_connect, socket(AF_UNIX, SOCK_STREAM, 0), &name, sizeof name) == 0;)

/* A socket that has the name, and another one that has not. */
static int receiver(const char *last) {
    named(last);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    return bind(fd, (struct sockaddr *)&name, sizeof name) == 0 ? fd : -1;
}

static bool told_name(long result) {
    struct sockaddr_un *told = (struct sockaddr_un *)(void *)text;
    return result == 0 && strcmp(told->sun_path, name.sun_path) == 0;
}

CALLS(getsockname, socklen_t length = sizeof text; int fd = receiver("getsockname");
      return fd >= 0 && told_name(call(SYS_getsockname, fd, text, &length));)
CALLS(getpeername, socklen_t length = sizeof text; int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
      CHECK(receiver("getpeername") >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) == 0);
      return told_name(call(SYS_getpeername, fd, text, &length));)
CALLS(sendto, int fd = receiver("sendto"), from = socket(AF_UNIX, SOCK_DGRAM, 0);
      CHECK(fd >= 0 && call(SYS_sendto, from, "abc", 3, 0, &name, sizeof name) == 3);
      return recv(fd, text, sizeof text, 0) == 3;)
CALLS(sendmsg, char bytes[] = "abcd"; struct iovec parts[2] = {{bytes, 1}, {bytes + 1, 3}};
      struct msghdr message = {.msg_name = &name,
                               .msg_namelen = sizeof name,
                               .msg_iov = parts,
                               .msg_iovlen = 2};
      int fd = receiver("sendmsg"), from = socket(AF_UNIX, SOCK_DGRAM, 0);
      CHECK(fd >= 0 && call(SYS_sendmsg, from, &message, 0) == 4);
      return recv(fd, text, sizeof text, 0) == 4 && memcmp(text, bytes, 4) == 0;)
CALLS(sendmmsg, char bytes[] = "abc"; struct iovec part = {bytes, 3};
      struct mmsghdr both[2] =
          {{{.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &part, .msg_iovlen = 1}, 0}};
      both[1] = both[0]; int fd = receiver("sendmmsg"), from = socket(AF_UNIX, SOCK_DGRAM, 0);
      CHECK(fd >= 0 && call(SYS_sendmmsg, from, both, 2, 0) == 2 && both[1].msg_len == 3);
      CHECK(recv(fd, text, sizeof text, 0) == 3); return recv(fd, text, sizeof text, MSG_DONTWAIT) == 3;)
CALLS(inotify_add_watch, return call(SYS_inotify_add_watch, inotify_init(), FILE_, IN_MODIFY) >= 0;)
CALLS(fanotify_mark, CHECK(exists(FILE_));
      return call(SYS_fanotify_mark, -1, 1, 0x20, HERE, TREE "/none") == -1 && errno == ENOENT;)
CALLS(
    name_to_handle_at,
    struct {
        struct file_handle head;
        char room[128];
    } handle;
    int mount; handle.head.handle_bytes = 128; CHECK(exists(FILE_));
    return call(SYS_name_to_handle_at, HERE, FILE_, &handle, &mount, 0) == 0 || errno == EOPNOTSUPP;)

#define REFUSED(name, ...)                                                                                   \
    CALLS(name, CHECK(exists(TREE "/dir")); return call(SYS_##name, __VA_ARGS__) == -1 && errno == EPERM;)
REFUSED(mount, "none", TREE "/dir", "tmpfs", 0, NULL)
REFUSED(umount2, TREE "/dir", 0)
REFUSED(pivot_root, TREE "/dir", TREE "/dir")
REFUSED(open_tree, HERE, TREE "/dir", 0)
REFUSED(move_mount, HERE, "/nowhere", HERE, TREE "/dir", 0)
REFUSED(fspick, HERE, TREE "/dir", 0)
REFUSED(mount_setattr, HERE, TREE "/dir", 0, text, 32)
REFUSED(swapon, TREE "/dir", 0)
REFUSED(swapoff, TREE "/dir")
REFUSED(acct, TREE "/dir")
REFUSED(quotactl, 0x80000100, TREE "/dir", 0, text)
CALLS(io_uring_setup, CHECK(exists(FILE_));
      return call(SYS_io_uring_setup, 4, NULL) == -1 && errno == ENOSYS;)

CALLS(syscall, CHECK(fd_has_content((int)call(SYS_openat, HERE, FILE_, O_RDONLY), IN_FILE));
      CHECK(call(SYS_getpid) == getpid() && call(SYS_close, -1) == -1 && errno == EBADF);
      CHECK(call(SYS_openat, HERE, TREE "/none", 0) == -1 && errno == ENOENT);
      return call(100000) == -1 && errno == ENOSYS;)

/* As on a kernel that does not know them. */
#define UNKNOWN(name, number)                                                                                \
    CALLS(name, CHECK(exists(FILE_));                                                                        \
          return call(number, HERE, FILE_, 0, text, 16, 16) == -1 && errno == ENOSYS;)
UNKNOWN(setxattrat, 463)
UNKNOWN(getxattrat, 464)
UNKNOWN(listxattrat, 465)
UNKNOWN(removexattrat, 466)
UNKNOWN(file_getattr, 468)
UNKNOWN(file_setattr, 469)
CALLS(open_tree_attr, CHECK(exists(FILE_));
      return call(467, HERE, TREE "/dir", 0, text, 32) == -1 && errno == EPERM;)

#define SYS(name)                                                                                            \
    { "SYS_" #name, t_##name }
/* Calls that a machine has which is older than their successors with a directory's descriptor. */
#ifdef SYS_open
static const struct timeval OLD[2] = {{1, 0}, {77, 0}};
static const struct utimbuf SIMPLE = {1, 77};

CALLS(open, CHECK(fd_has_content((int)call(SYS_open, FILE_, O_RDONLY), IN_FILE)); return true;)
CALLS(creat, const char *path = fresh("creat"); CHECK(call(SYS_creat, path, 0644) >= 0); return exists(path);)
CALLS(stat, CHECK(call(SYS_stat, TREE "/link", &state) == 0); return S_ISREG(state.st_mode);)
CALLS(lstat, CHECK(call(SYS_lstat, TREE "/link", &state) == 0); return S_ISLNK(state.st_mode);)
CALLS(access, return call(SYS_access, FILE_, R_OK) == 0;)
CALLS(readlink, return call(SYS_readlink, TREE "/link", text, sizeof text) == 8;)
CALLS(mkdir, CHECK(call(SYS_mkdir, fresh("mkdir"), 0755) == 0); return exists(fresh("mkdir"));)
CALLS(rmdir, CHECK(mkdir(fresh("rmdir"), 0755) == 0 && call(SYS_rmdir, fresh("rmdir")) == 0);
      return !exists(fresh("rmdir"));)
CALLS(unlink, const char *path = own_file("unlink"); CHECK(path && call(SYS_unlink, path) == 0);
      return !exists(path);)
CALLS(rename, const char *path = own_file("rename"); CHECK(path && call(SYS_rename, path, fresh("to")) == 0);
      return exists(fresh("to"));)
CALLS(link, const char *path = own_file("link"); CHECK(path && call(SYS_link, path, fresh("to")) == 0);
      return exists(fresh("to"));)
CALLS(symlink, CHECK(call(SYS_symlink, "x", fresh("symlink")) == 0); return exists(fresh("symlink"));)
CALLS(mknod, CHECK(call(SYS_mknod, fresh("mknod"), S_IFIFO | 0600, 0) == 0); return exists(fresh("mknod"));)
CALLS(chmod, const char *path = own_file("chmod");
      return path && call(SYS_chmod, path, 0711) == 0 && mode_is(path, 0711);)
CALLS(chown, const char *path = own_file("chown");
      return path && call(SYS_chown, path, geteuid(), -1) == 0 && owned(path);)
CALLS(lchown, const char *path = own_file("lchown");
      return path && call(SYS_lchown, path, geteuid(), -1) == 0 && owned(path);)
CALLS(utime, const char *path = own_file("utime");
      return path && call(SYS_utime, path, &SIMPLE) == 0 && time_is(path, 77);)
CALLS(utimes, const char *path = own_file("utimes");
      return path && call(SYS_utimes, path, OLD) == 0 && time_is(path, 77);)
CALLS(futimesat, const char *path = own_file("futimesat");
      return path && call(SYS_futimesat, HERE, path, OLD) == 0 && time_is(path, 77);)
CALLS(
    getdents, int fd = open(TREE "/dir/sub", O_RDONLY); long got = call(SYS_getdents, fd, text, sizeof text);
    CHECK(got > 0); for (long at = 0; at < got;) {
        unsigned short length;
        memcpy(&length, text + at + 16, 2);
        if (strcmp(text + at + 18, "deep") == 0) {
            return text[at + length - 1] == 8;
        }
        at += length;
    } return false;)
#define OLDER                                                                                                \
    , SYS(open), SYS(creat), SYS(stat), SYS(lstat), SYS(access), SYS(readlink), SYS(mkdir), SYS(rmdir),      \
        SYS(unlink), SYS(rename), SYS(link), SYS(symlink), SYS(mknod), SYS(chmod), SYS(chown), SYS(lchown),  \
        SYS(utime), SYS(utimes), SYS(futimesat), SYS(getdents)
#else
#define OLDER
#endif

CASES("raw", {"syscall", t_syscall}, SYS(getsockname), SYS(getpeername), SYS(sendto), SYS(sendmsg),
      SYS(sendmmsg), SYS(quotactl), SYS(openat), SYS(openat2), SYS(fstat), SYS(newfstatat), SYS(statx),
      SYS(statfs), SYS(fstatfs), SYS(faccessat), SYS(faccessat2), SYS(readlinkat), SYS(getcwd), SYS(chdir),
      SYS(fchdir), SYS(chroot), SYS(umask), SYS(getdents64), SYS(mkdirat), SYS(unlinkat), SYS(renameat),
      SYS(renameat2), SYS(linkat), SYS(symlinkat), SYS(mknodat), SYS(fchmod), SYS(fchmodat), SYS(fchmodat2),
      SYS(fchown), SYS(fchownat), SYS(utimensat), SYS(truncate), SYS(getxattr), SYS(lgetxattr),
      SYS(fgetxattr), SYS(setxattr), SYS(lsetxattr), SYS(fsetxattr), SYS(listxattr), SYS(llistxattr),
      SYS(flistxattr), SYS(removexattr), SYS(lremovexattr), SYS(fremovexattr), SYS(execve), SYS(execveat),
      SYS(bind), SYS(connect), SYS(inotify_add_watch), SYS(fanotify_mark), SYS(name_to_handle_at), SYS(mount),
      SYS(umount2), SYS(pivot_root), SYS(open_tree), SYS(move_mount), SYS(fspick), SYS(mount_setattr),
      SYS(swapon), SYS(swapoff), SYS(acct), SYS(io_uring_setup), SYS(setxattrat), SYS(getxattrat),
      SYS(listxattrat), SYS(removexattrat), SYS(ioctl), SYS(file_getattr), SYS(file_setattr),
      SYS(open_tree_attr) OLDER)
