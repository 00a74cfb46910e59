#include "hooks_test.h"

#include <sys/statfs.h>
#include <sys/statvfs.h>

static bool t_statfs(void *symbol) {
    struct statfs state;
    CHECK(((int (*)(const char *, struct statfs *))symbol)(TREE "/dir/file", &state) == 0);
    CHECK(state.f_namelen == 255 && state.f_bsize > 0);
    return true;
}

static bool t_fstatfs(void *symbol) {
    struct statfs named, state;
    int fd = open(TREE "/dir", O_RDONLY);
    CHECK(fd >= 0 && ((int (*)(int, struct statfs *))symbol)(fd, &state) == 0);
    CHECK(statfs(TREE, &named) == 0 && named.f_type == state.f_type);
    return memcmp(&named.f_fsid, &state.f_fsid, sizeof named.f_fsid) == 0;
}

static bool t_statvfs(void *symbol) {
    struct statvfs state;
    CHECK(((int (*)(const char *, struct statvfs *))symbol)(TREE "/dir", &state) == 0);
    return state.f_namemax == 255 && state.f_frsize > 0;
}

static bool t_fstatvfs(void *symbol) {
    struct statvfs state, named;
    int fd = open(TREE "/dir/sub", O_RDONLY);
    CHECK(fd >= 0 && ((int (*)(int, struct statvfs *))symbol)(fd, &state) == 0);
    return statvfs(TREE, &named) == 0 && state.f_fsid == named.f_fsid;
}

static bool t_pathconf(void *symbol) {
    long (*call)(const char *, int) = (long (*)(const char *, int))symbol;
    CHECK(call(TREE "/dir/file", _PC_LINK_MAX) > 1 && call(TREE "/dir", _PC_NAME_MAX) == 255);
    return call(TREE "/none", _PC_LINK_MAX) == -1;
}

static bool t_ftok(void *symbol) {
    int (*call)(const char *, int) = (int (*)(const char *, int))symbol;
    int key = call(TREE "/dir/file", 'a');
    CHECK(key != -1 && key == call(TREE "/link", 'a') && key != call(TREE "/dir/twin", 'a'));
    return call(TREE "/none", 1) == -1;
}

CASES("statfs", {"statfs", t_statfs}, {"statfs64", t_statfs}, {"__statfs", t_statfs}, {"fstatfs", t_fstatfs},
      {"fstatfs64", t_fstatfs}, {"statvfs", t_statvfs}, {"statvfs64", t_statvfs}, {"fstatvfs", t_fstatvfs},
      {"fstatvfs64", t_fstatvfs}, {"pathconf", t_pathconf}, {"ftok", t_ftok})
