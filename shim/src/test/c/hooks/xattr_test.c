#include "hooks_test.h"

#include <sys/xattr.h>

/* Where the file system has no user attributes the errno tells so, and it is not the one of a missing file.
 */
static bool is_set(const char *path) {
    char value[16];
    return getxattr(path, "user.velo", value, sizeof value) == 5 && memcmp(value, "value", 5) == 0;
}

static const char *with_attribute(const char *name) {
    const char *path = own_file(name);
    return path && setxattr(path, "user.velo", "value", 5, 0) == 0 ? path : NULL;
}

typedef ssize_t getter(const char *, const char *, void *, size_t);
typedef int setter(const char *, const char *, const void *, size_t, int);

static bool t_getxattr(void *symbol) {
    char value[16];
    const char *path = with_attribute("getxattr");
    CHECK(path && ((getter *)symbol)(path, "user.velo", value, sizeof value) == 5);
    CHECK(((getter *)symbol)(path, "user.velo", NULL, 0) == 5);
    CHECK(((getter *)symbol)(path, "user.none", value, sizeof value) == -1 && errno == ENODATA);
    return memcmp(value, "value", 5) == 0;
}

static bool t_fgetxattr(void *symbol) {
    char value[16];
    const char *path = with_attribute("fgetxattr");
    int fd = path ? open(path, O_RDONLY) : -1;
    return ((ssize_t(*)(int, const char *, void *, size_t))symbol)(fd, "user.velo", value, 16) == 5;
}

static bool t_setxattr(void *symbol) {
    const char *path = own_file("setxattr");
    CHECK(path && ((setter *)symbol)(path, "user.velo", "value", 5, 0) == 0 && is_set(path));
    CHECK(((setter *)symbol)(TREE "/dir/twin", "user.velo", "value", 5, 0) == 0 && is_set(TREE "/dir/twin"));
    CHECK(!is_set(TREE "/dir/file"));
    return true;
}

static bool t_fsetxattr(void *symbol) {
    const char *path = own_file("fsetxattr");
    int fd = path ? open(path, O_RDWR) : -1;
    CHECK(((int (*)(int, const char *, const void *, size_t, int))symbol)(fd, "user.velo", "value", 5, 0) ==
          0);
    return is_set(path);
}

static bool names_it(const char *list, ssize_t length) {
    for (const char *at = list; at < list + length; at += strlen(at) + 1) {
        if (strcmp(at, "user.velo") == 0) {
            return true;
        }
    }
    return false;
}

static bool t_listxattr(void *symbol) {
    char list[256];
    const char *path = with_attribute("listxattr");
    CHECK(path);
    return names_it(list, ((ssize_t(*)(const char *, char *, size_t))symbol)(path, list, sizeof list));
}

static bool t_flistxattr(void *symbol) {
    char list[256];
    const char *path = with_attribute("flistxattr");
    int fd = path ? open(path, O_RDONLY) : -1;
    return names_it(list, ((ssize_t(*)(int, char *, size_t))symbol)(fd, list, sizeof list));
}

static bool t_removexattr(void *symbol) {
    const char *path = with_attribute("removexattr");
    return path && ((int (*)(const char *, const char *))symbol)(path, "user.velo") == 0 && !is_set(path);
}

static bool t_fremovexattr(void *symbol) {
    const char *path = with_attribute("fremovexattr");
    int fd = path ? open(path, O_RDWR) : -1;
    return ((int (*)(int, const char *))symbol)(fd, "user.velo") == 0 && !is_set(path);
}

CASES("xattr", {"getxattr", t_getxattr}, {"lgetxattr", t_getxattr}, {"fgetxattr", t_fgetxattr},
      {"setxattr", t_setxattr}, {"lsetxattr", t_setxattr}, {"fsetxattr", t_fsetxattr},
      {"listxattr", t_listxattr}, {"llistxattr", t_listxattr}, {"flistxattr", t_flistxattr},
      {"removexattr", t_removexattr}, {"lremovexattr", t_removexattr}, {"fremovexattr", t_fremovexattr})
