#include "hooks_test.h"

static bool t_access(void *symbol) {
    int (*call)(const char *, int) = (int (*)(const char *, int))symbol;
    errno = EDOM;
    CHECK(call(TREE "/dir/script", R_OK | X_OK) == 0 && errno == EDOM);
    CHECK(call(TREE "/dir/none", F_OK) == -1 && errno == ENOENT);
    CHECK(call(TREE "/dir/file", X_OK) == -1 && errno == EACCES);
    CHECK(call(NULL, F_OK) == -1 && errno == EFAULT);
    return true;
}

static bool t_faccessat(void *symbol) {
    int (*call)(int, const char *, int, int) = (int (*)(int, const char *, int, int))symbol;
    int directory = open(TREE "/dir", O_PATH);
    CHECK(call(directory, "script", X_OK, 0) == 0);
    CHECK(call(directory, "file", X_OK, AT_EACCESS) == -1 && errno == EACCES);
    CHECK(call(AT_FDCWD, TREE "/link", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
    return true;
}

CASES("access", {"access", t_access}, {"eaccess", t_access}, {"euidaccess", t_access},
      {"faccessat", t_faccessat})
