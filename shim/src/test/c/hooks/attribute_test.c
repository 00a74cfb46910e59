#include "hooks_test.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <utime.h>

static struct stat state;

static bool mode_is(const char *path, mode_t mode) {
    return stat(path, &state) == 0 && (state.st_mode & 07777) == mode;
}

static bool time_is(const char *path, time_t seconds, long nanoseconds) {
    return lstat(path, &state) == 0 && state.st_mtim.tv_sec == seconds &&
           (nanoseconds < 0 || state.st_mtim.tv_nsec == nanoseconds);
}

static bool t_chmod(void *symbol) {
    const char *path = own_file("chmod");
    int (*call)(const char *, mode_t) = (int (*)(const char *, mode_t))symbol;
    CHECK(path && call(path, 04751) == 0 && mode_is(path, 04751));
    CHECK(call(TREE "/dir/sub", 0711) == 0 && mode_is(TREE "/dir/sub", 0711));
    CHECK(call(TREE "/dir/sub", 0755) == 0 && has_content(TREE "/dir/sub/deep", "content 12\n"));
    return true;
}

static bool t_fchmod(void *symbol) {
    const char *path = own_file("fchmod");
    int fd = path ? open(path, O_RDWR) : -1, lower = open(TREE "/dir/library.so", O_RDONLY);
    int (*call)(int, mode_t) = (int (*)(int, mode_t))symbol;
    CHECK(call(fd, 0600) == 0 && mode_is(path, 0600));
    CHECK(call(lower, 0640) == 0 && mode_is(TREE "/dir/library.so", 0640));
    return true;
}

static bool t_fchmodat(void *symbol) {
    const char *path = own_file("fchmodat");
    int (*call)(int, const char *, mode_t, int) = (int (*)(int, const char *, mode_t, int))symbol;
    CHECK(path && call(AT_FDCWD, path, 0711, 0) == 0 && mode_is(path, 0711));
    CHECK(call(AT_FDCWD, path, 0700, AT_SYMLINK_NOFOLLOW) == 0 && mode_is(path, 0700));
    CHECK(call(AT_FDCWD, TREE "/link", 0700, AT_SYMLINK_NOFOLLOW) == -1 && errno == EOPNOTSUPP);
    return true;
}

/* Owners are told by their number: who is not root keeps what he has. */
static uid_t owner(void) {
    return geteuid() == 0 ? 12345 : geteuid();
}

static bool t_chown(void *symbol) {
    const char *path = own_file("chown");
    CHECK(path && ((int (*)(const char *, uid_t, gid_t))symbol)(path, owner(), (gid_t)-1) == 0);
    return lstat(path, &state) == 0 && state.st_uid == owner();
}

static bool t_lchown(void *symbol) {
    const char *path = fresh("lchown");
    CHECK(symlink("nowhere", path) == 0);
    CHECK(((int (*)(const char *, uid_t, gid_t))symbol)(path, owner(), (gid_t)-1) == 0);
    return lstat(path, &state) == 0 && state.st_uid == owner();
}

static bool t_fchown(void *symbol) {
    const char *path = own_file("fchown");
    int fd = path ? open(path, O_RDONLY) : -1;
    CHECK(((int (*)(int, uid_t, gid_t))symbol)(fd, owner(), (gid_t)-1) == 0);
    return lstat(path, &state) == 0 && state.st_uid == owner();
}

static bool t_fchownat(void *symbol) {
    const char *path = own_file("fchownat");
    CHECK(path && ((int (*)(int, const char *, uid_t, gid_t, int))symbol)(AT_FDCWD, path, owner(), (gid_t)-1,
                                                                          0) == 0);
    return lstat(path, &state) == 0 && state.st_uid == owner();
}

static bool t_utime(void *symbol) {
    const char *path = own_file("utime");
    struct utimbuf times = {5, 6};
    CHECK(path && ((int (*)(const char *, const struct utimbuf *))symbol)(path, &times) == 0);
    return time_is(path, 6, 0);
}

static const struct timeval SECONDS[2] = {{100, 5}, {200, 7}};

static bool t_utimes(void *symbol) {
    const char *path = own_file("utimes");
    int (*call)(const char *, const struct timeval *) = (int (*)(const char *, const struct timeval *))symbol;
    struct timeval wrong[2] = {{1, 1000000}, {1, 1}};
    CHECK(path && call(path, SECONDS) == 0 && time_is(path, 200, 7000));
    CHECK(call(path, wrong) == -1 && errno == EINVAL);
    CHECK(call(path, NULL) == 0 && stat(path, &state) == 0 && state.st_mtim.tv_sec > 1000000);
    return true;
}

static bool t_lutimes(void *symbol) {
    const char *path = fresh("lutimes");
    CHECK(symlink("dir/file", path) == 0);
    CHECK(((int (*)(const char *, const struct timeval *))symbol)(path, SECONDS) == 0);
    return time_is(path, 200, 7000) && time_is(TREE "/dir/file", 1000000008, 8);
}

static bool t_futimes(void *symbol) {
    const char *path = own_file("futimes");
    int fd = path ? open(path, O_RDONLY) : -1;
    CHECK(((int (*)(int, const struct timeval *))symbol)(fd, SECONDS) == 0);
    return time_is(path, 200, 7000);
}

static bool t_futimesat(void *symbol) {
    const char *path = own_file("futimesat");
    int directory = open(TREE, O_PATH);
    CHECK(path && ((int (*)(int, const char *, const struct timeval *))symbol)(directory, path + sizeof TREE,
                                                                               SECONDS) == 0);
    return time_is(path, 200, 7000);
}

static const struct timespec EXACT[2] = {{0, UTIME_OMIT}, {300, 123456789}};

static bool t_utimensat(void *symbol) {
    int (*call)(int, const char *, const struct timespec *, int) =
        (int (*)(int, const char *, const struct timespec *, int))symbol;
    const char *path = own_file("utimensat");
    CHECK(path && call(AT_FDCWD, path, EXACT, 0) == 0 && time_is(path, 300, 123456789));
    CHECK(call(AT_FDCWD, TREE "/private", EXACT, 0) == 0 && time_is(TREE "/private", 300, 123456789));
    CHECK(call(AT_FDCWD, NULL, EXACT, 0) == -1 && errno == EINVAL);
    return true;
}

static bool t_futimens(void *symbol) {
    const char *path = own_file("futimens");
    int fd = path ? open(path, O_RDONLY) : -1;
    CHECK(((int (*)(int, const struct timespec *))symbol)(fd, EXACT) == 0);
    return time_is(path, 300, 123456789);
}

static bool t_truncate(void *symbol) {
    const char *path = own_file("truncate");
    int (*call)(const char *, off_t) = (int (*)(const char *, off_t))symbol;
    CHECK(path && call(path, 3) == 0 && has_content(path, "con"));
    CHECK(call(TREE "/dir", 3) == -1 && errno == EISDIR);
    return true;
}

/* A flag that does no harm where it is set after all. */
static bool t_ioctl(void *symbol) {
    int (*call)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))symbol;
    int fd = open(TREE "/dir/file", O_RDONLY), flags = FS_NODUMP_FL, length = 0;
    struct fsxattr attribute = {.fsx_xflags = FS_XFLAG_NODUMP};
    CHECK(fd >= 0 && call(fd, FS_IOC_SETFLAGS, &flags) == -1 && errno == ENOTTY);
    CHECK(call(fd, FS_IOC_FSSETXATTR, &attribute) == -1 && errno == ENOTTY);
    CHECK(call(fd, FS_IOC_GETFLAGS, &flags) == -1 && errno == ENOTTY);
    CHECK(call(fd, FS_IOC_FSGETXATTR, &attribute) == -1 && errno == ENOTTY);
    return call(fd, FIONREAD, &length) == 0 && length == 10;
}

CASES("attribute", {"chmod", t_chmod}, {"lchmod", t_chmod}, {"fchmod", t_fchmod}, {"fchmodat", t_fchmodat},
      {"chown", t_chown}, {"lchown", t_lchown}, {"fchown", t_fchown}, {"fchownat", t_fchownat},
      {"utime", t_utime}, {"utimes", t_utimes}, {"lutimes", t_lutimes}, {"futimes", t_futimes},
      {"futimesat", t_futimesat}, {"utimensat", t_utimensat}, {"futimens", t_futimens},
      {"truncate", t_truncate}, {"truncate64", t_truncate}, {"ioctl", t_ioctl})
