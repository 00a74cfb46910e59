#include "hooks_test.h"

#include <sched.h>

#define REFUSED(expression) ((expression) == -1 && errno == EPERM)
#define DIRECTORY TREE "/dir"

typedef int one(const char *);
typedef int with_flags(const char *, int);
typedef int at(int, const char *, unsigned);

/* Without the library root is told that there is no such path, and others that they may not: so the path has
 * to be there, too. */
static bool there(void) {
    return exists(DIRECTORY);
}

static bool t_mount(void *symbol) {
    int (*call)(const char *, const char *, const char *, unsigned long, const void *) =
        (int (*)(const char *, const char *, const char *, unsigned long, const void *))symbol;
    CHECK(there() && REFUSED(call("none", DIRECTORY, "tmpfs", 0, NULL)));
    CHECK(REFUSED(call(DIRECTORY, "/nowhere", NULL, 4096, NULL)) && chdir(DIRECTORY) == 0);
    CHECK(REFUSED(call(".", "/nowhere", NULL, 4096, NULL)));
    /* A word that names nothing is no path: whoever may mount is told that the target is not there. */
    return unshare(CLONE_NEWNS) != 0 || (call("none", "/nowhere", "tmpfs", 0, NULL) == -1 && errno == ENOENT);
}

static bool t_one(void *symbol) {
    return there() && REFUSED(((one *)symbol)(DIRECTORY));
}

static bool t_with_flags(void *symbol) {
    return there() && REFUSED(((with_flags *)symbol)(DIRECTORY, 0));
}

static bool t_pivot_root(void *symbol) {
    return there() && REFUSED(((int (*)(const char *, const char *))symbol)(DIRECTORY, DIRECTORY));
}

/* Also what stands for a directory, by its descriptor and as the current one. */
static bool t_at(void *symbol) {
    at *call = (at *)symbol;
    int fd = open(DIRECTORY, O_RDONLY);
    CHECK(there() && REFUSED(call(AT_FDCWD, DIRECTORY, 0)));
    CHECK(fd >= 0 && REFUSED(call(fd, "", AT_EMPTY_PATH)) && REFUSED(call(fd, ".", 0)));
    return chdir(DIRECTORY) == 0 && REFUSED(call(AT_FDCWD, ".", 0)) &&
           REFUSED(call(AT_FDCWD, "", AT_EMPTY_PATH));
}

static bool t_move_mount(void *symbol) {
    return there() && REFUSED(((int (*)(int, const char *, int, const char *, unsigned))symbol)(
                          AT_FDCWD, "/nowhere", AT_FDCWD, DIRECTORY, 0));
}

static bool t_setattr(void *symbol) {
    long attributes[4] = {0};
    return there() && REFUSED(((int (*)(int, const char *, unsigned, void *, size_t))symbol)(
                          AT_FDCWD, DIRECTORY, 0, attributes, sizeof attributes));
}

static bool t_quotactl(void *symbol) {
    return there() && REFUSED(((int (*)(int, const char *, int, void *))symbol)(0, DIRECTORY, 0, NULL));
}

CASES("mount", {"mount", t_mount}, {"umount", t_one}, {"umount2", t_with_flags}, {"pivot_root", t_pivot_root},
      {"open_tree", t_at}, {"move_mount", t_move_mount}, {"fspick", t_at}, {"mount_setattr", t_setattr},
      {"swapon", t_with_flags}, {"swapoff", t_one}, {"acct", t_one}, {"quotactl", t_quotactl})
