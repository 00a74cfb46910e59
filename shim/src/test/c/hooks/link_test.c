#include "hooks_test.h"

#include <sys/mman.h>

#include <limits.h>

static bool t_readlink(void *symbol) {
    char out[64];
    ssize_t (*call)(const char *, char *, size_t) = (ssize_t(*)(const char *, char *, size_t))symbol;
    CHECK(call(TREE "/link", out, sizeof out) == 8 && memcmp(out, "dir/file", 8) == 0);
    CHECK(call(TREE "/link", out, 3) == 3);
    CHECK(call(TREE "/dir/file", out, 3) == -1 && errno == EINVAL);
    /* More room may be named than there is: the kernel touches what it writes. */
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
    CHECK(call(TREE "/link", pages + 4096 - 8, 4000) == 8 && memcmp(pages + 4096 - 8, "dir/file", 8) == 0);
    CHECK(call(TREE "/link", pages + 4096 - 7, 4000) == -1 && errno == EFAULT);
    return true;
}

static bool t_readlink_chk(void *symbol) {
    char out[64];
    return ((ssize_t(*)(const char *, char *, size_t, size_t))symbol)(TREE "/link", out, 64, 64) == 8;
}

static bool t_readlinkat(void *symbol) {
    char out[64];
    int directory = open(TREE "/dir", O_PATH);
    ssize_t (*call)(int, const char *, char *, size_t) =
        (ssize_t(*)(int, const char *, char *, size_t))symbol;
    CHECK(call(directory, "../dirlink", out, sizeof out) == 3 && memcmp(out, "dir", 3) == 0);
    return true;
}

static bool t_readlinkat_chk(void *symbol) {
    char out[64];
    return ((ssize_t(*)(int, const char *, char *, size_t, size_t))symbol)(AT_FDCWD, TREE "/link", out, 64,
                                                                           64) == 8;
}

static bool t_realpath(void *symbol) {
    char out[PATH_MAX];
    char *(*call)(const char *, char *) = (char *(*)(const char *, char *))symbol;
    CHECK(call(TREE "/dirlink/../link", out) == out && strcmp(out, TREE "/dir/file") == 0);
    CHECK(chdir(TREE "/dirlink/sub") == 0);
    char *made = call("../.././dirlink//", NULL);
    CHECK(made && strcmp(made, TREE "/dir") == 0);
    CHECK(!call("none/x", out) && errno == ENOENT && strcmp(out, TREE "/dir/sub/none") == 0);
    CHECK(!call("deep/x", NULL) && errno == ENOTDIR);
    memcpy(out, "kept", 5);
    CHECK(!call("", out) && errno == ENOENT && strcmp(out, "kept") == 0);
    CHECK(!call("deep/", NULL) && errno == ENOTDIR && !call("deep/..", NULL) && errno == ENOTDIR);
    CHECK(!call("deep//./", NULL) && errno == ENOTDIR);
    CHECK(!call("/etc/passwd/x", NULL) && errno == ENOTDIR && !call("/etc/passwd/.", NULL) &&
          errno == ENOTDIR);
    CHECK(call("/etc/..//etc/passwd", out) && strcmp(out, "/etc/passwd") == 0);
    CHECK(!call("", NULL) && errno == ENOENT && !call(NULL, NULL) && errno == EINVAL);
    CHECK(symlink(TREE "/dir", "/tmp/velo-hooks-link") == 0 || errno == EEXIST);
    bool crossed = call("/tmp/velo-hooks-link/sub", out) && strcmp(out, TREE "/dir/sub") == 0;
    unlink("/tmp/velo-hooks-link");
    CHECK(crossed);
    return true;
}

static bool t_realpath_chk(void *symbol) {
    char out[PATH_MAX];
    CHECK(((char *(*)(const char *, char *, size_t))symbol)(TREE "/link", out, sizeof out) == out);
    return strcmp(out, TREE "/dir/file") == 0;
}

static bool t_canonicalize(void *symbol) {
    char *made = ((char *(*)(const char *))symbol)(TREE "/dirlink/twin");
    return made && strcmp(made, TREE "/dir/twin") == 0;
}

CASES("link", {"readlink", t_readlink}, {"__readlink_chk", t_readlink_chk}, {"readlinkat", t_readlinkat},
      {"__readlinkat_chk", t_readlinkat_chk}, {"realpath", t_realpath}, {"__realpath_chk", t_realpath_chk},
      {"canonicalize_file_name", t_canonicalize})
