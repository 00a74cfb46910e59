#include "hooks_test.h"

#include <sys/sysmacros.h>

static bool is_file(const struct stat *state) {
    struct stat by_name;
    CHECK(S_ISREG(state->st_mode) && (state->st_mode & 07777) == 0644);
    CHECK(state->st_size == (off_t)strlen(IN_FILE) && state->st_nlink == 1);
    CHECK(state->st_blocks == 8);
    CHECK(state->st_mtim.tv_sec == 1000000008 && state->st_mtim.tv_nsec == 8);
    CHECK(fstatat(AT_FDCWD, TREE "/dir/twin", &by_name, 0) == 0 && by_name.st_dev == state->st_dev);
    CHECK(by_name.st_ino != state->st_ino);
    return true;
}

typedef int by_path(const char *, struct stat *);

static bool t_stat(void *symbol) {
    struct stat state;
    by_path *call = (by_path *)symbol;
    errno = EDOM;
    CHECK(call(TREE "/dir/file", &state) == 0 && errno == EDOM && is_file(&state));
    CHECK(call(TREE "/link", &state) == 0 && is_file(&state));
    CHECK(call(TREE "/nothing", &state) == -1 && errno == ENOENT);
    CHECK(call(TREE "/dir/file", NULL) == -1 && errno == EFAULT);
    CHECK(call(TREE "/dir/file", (void *)0x123456789000ul) == -1 && errno == EFAULT);
    return true;
}

static bool t_lstat(void *symbol) {
    struct stat state;
    by_path *call = (by_path *)symbol;
    CHECK(call(TREE "/dir/file", &state) == 0 && is_file(&state));
    CHECK(call(TREE "/link", &state) == 0 && S_ISLNK(state.st_mode) && state.st_size == 8);
    return true;
}

static bool t_fstat(void *symbol) {
    struct stat state;
    int (*call)(int, struct stat *) = (int (*)(int, struct stat *))symbol;
    int fd = open(TREE "/dir/file", O_RDONLY), twin = open(TREE "/dir/twin", O_RDONLY);
    CHECK(fd >= 0 && twin >= 0);
    CHECK(call(fd, &state) == 0 && is_file(&state));
    ino_t inode = state.st_ino;
    CHECK(call(twin, &state) == 0 && state.st_ino != inode);
    CHECK(call(dup(fd), &state) == 0 && S_ISREG(state.st_mode));
    CHECK(call(fd, &state) == 0 && state.st_ino == inode);
    return true;
}

static bool t_fstatat(void *symbol) {
    struct stat state;
    int (*call)(int, const char *, struct stat *, int) =
        (int (*)(int, const char *, struct stat *, int))symbol;
    int directory = open(TREE "/dir", O_PATH);
    CHECK(directory >= 0 && call(directory, "file", &state, 0) == 0 && is_file(&state));
    CHECK(call(directory, "../link", &state, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(state.st_mode));
    CHECK(call(directory, "", &state, AT_EMPTY_PATH) == 0 && S_ISDIR(state.st_mode));
    return true;
}

static bool t_statx(void *symbol) {
    struct statx state;
    struct stat plain;
    int (*call)(int, const char *, int, unsigned, struct statx *) =
        (int (*)(int, const char *, int, unsigned, struct statx *))symbol;
    CHECK(call(AT_FDCWD, TREE "/dir/file", 0, STATX_BASIC_STATS, &state) == 0);
    CHECK(stat(TREE "/dir/file", &plain) == 0 && plain.st_ino == state.stx_ino);
    CHECK(plain.st_dev == makedev(state.stx_dev_major, state.stx_dev_minor));
    CHECK(state.stx_mtime.tv_sec == 1000000008);
    return true;
}

typedef int old_stat(int, const char *, struct stat *);

static bool t_xstat(void *symbol) {
    struct stat state;
    CHECK(((old_stat *)symbol)(1, TREE "/link", &state) == 0 && is_file(&state));
    CHECK(((old_stat *)symbol)(7, TREE "/link", &state) == -1 && errno == EINVAL);
    return true;
}

static bool t_lxstat(void *symbol) {
    struct stat state;
    CHECK(((old_stat *)symbol)(1, TREE "/link", &state) == 0 && S_ISLNK(state.st_mode));
    return true;
}

static bool t_fxstat(void *symbol) {
    struct stat state;
    int fd = open(TREE "/dir/file", O_RDONLY);
    CHECK(((int (*)(int, int, struct stat *))symbol)(1, fd, &state) == 0);
    return is_file(&state);
}

static bool t_fxstatat(void *symbol) {
    struct stat state;
    CHECK(((int (*)(int, int, const char *, struct stat *, int))symbol)(1, AT_FDCWD, TREE "/dir/file", &state,
                                                                        0) == 0);
    return is_file(&state);
}

CASES("stat", {"stat", t_stat}, {"stat64", t_stat}, {"lstat", t_lstat}, {"lstat64", t_lstat},
      {"fstat", t_fstat}, {"fstat64", t_fstat}, {"fstatat", t_fstatat}, {"fstatat64", t_fstatat},
      {"statx", t_statx}, {"__xstat", t_xstat}, {"__xstat64", t_xstat}, {"__lxstat", t_lxstat},
      {"__lxstat64", t_lxstat}, {"__fxstat", t_fxstat}, {"__fxstat64", t_fxstat}, {"__fxstatat", t_fxstatat},
      {"__fxstatat64", t_fxstatat})
