#include "hooks_test.h"

typedef int one(const char *);
typedef int two(const char *, const char *);
typedef int with_mode(const char *, mode_t);

static bool is_type(const char *path, mode_t type) {
    struct stat state;
    return lstat(path, &state) == 0 && (state.st_mode & S_IFMT) == type;
}

static int tree(void) {
    return open(TREE, O_PATH | O_DIRECTORY);
}

static const char *last(const char *path) {
    return path + sizeof TREE;
}

static bool t_mkdir(void *symbol) {
    const char *path = fresh("mkdir");
    errno = EDOM;
    CHECK(((with_mode *)symbol)(path, 0755) == 0 && errno == EDOM && is_type(path, S_IFDIR));
    CHECK(((with_mode *)symbol)(path, 0755) == -1 && errno == EEXIST);
    return true;
}

static bool t_mkdirat(void *symbol) {
    const char *path = fresh("mkdirat");
    CHECK(((int (*)(int, const char *, mode_t))symbol)(tree(), last(path), 0700) == 0);
    return is_type(path, S_IFDIR);
}

static bool t_rmdir(void *symbol) {
    const char *path = fresh("rmdir");
    CHECK(mkdir(path, 0755) == 0 && ((one *)symbol)(path) == 0 && !exists(path));
    CHECK(((one *)symbol)(TREE "/dir") == -1 && errno == ENOTEMPTY);
    return true;
}

static bool t_unlink(void *symbol) {
    const char *path = own_file("unlink");
    CHECK(path && ((one *)symbol)(path) == 0 && !exists(path));
    CHECK(((one *)symbol)(path) == -1 && errno == ENOENT);
    CHECK(((one *)symbol)(TREE "/dir") == -1 && errno == EISDIR);
    return true;
}

static bool t_unlinkat(void *symbol) {
    const char *path = own_file("unlinkat"), *directory = fresh("unlinkat-d");
    int (*call)(int, const char *, int) = (int (*)(int, const char *, int))symbol;
    CHECK(path && call(tree(), last(path), 0) == 0 && !exists(path));
    CHECK(mkdir(directory, 0755) == 0 && call(AT_FDCWD, directory, AT_REMOVEDIR) == 0);
    return !exists(directory);
}

static bool t_remove(void *symbol) {
    const char *path = own_file("remove"), *directory = fresh("remove-d");
    CHECK(path && ((one *)symbol)(path) == 0 && !exists(path));
    CHECK(mkdir(directory, 0755) == 0 && ((one *)symbol)(directory) == 0 && !exists(directory));
    return ((one *)symbol)(path) == -1 && errno == ENOENT;
}

static bool t_rename(void *symbol) {
    const char *path = own_file("rename"), *to = fresh("rename-to");
    CHECK(path && ((two *)symbol)(path, to) == 0 && !exists(path) && has_content(to, IN_FILE));
    CHECK(((two *)symbol)(to, "/tmp/velo-hooks-never") == -1 && errno == EXDEV);
    return true;
}

static bool t_renameat(void *symbol) {
    const char *path = own_file("renameat"), *to = fresh("renameat-to");
    CHECK(path &&
          ((int (*)(int, const char *, int, const char *))symbol)(tree(), last(path), tree(), last(to)) == 0);
    return !exists(path) && exists(to);
}

static bool t_renameat2(void *symbol) {
    const char *path = own_file("renameat2"), *to = own_file("renameat2-to");
    int (*call)(int, const char *, int, const char *, unsigned) =
        (int (*)(int, const char *, int, const char *, unsigned))symbol;
    CHECK(path && to && call(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) == -1 && errno == EEXIST);
    CHECK(call(AT_FDCWD, path, AT_FDCWD, to, RENAME_EXCHANGE) == 0);
    return exists(path) && exists(to);
}

static bool same_file(const char *path, const char *to) {
    struct stat a, b;
    return stat(path, &a) == 0 && stat(to, &b) == 0 && a.st_ino == b.st_ino && b.st_nlink == 2;
}

static bool t_link(void *symbol) {
    const char *path = own_file("link"), *to = fresh("link-to");
    CHECK(path && ((two *)symbol)(path, to) == 0);
    return same_file(path, to);
}

static bool t_linkat(void *symbol) {
    const char *path = own_file("linkat"), *to = fresh("linkat-to");
    CHECK(path && ((int (*)(int, const char *, int, const char *, int))symbol)(tree(), last(path), AT_FDCWD,
                                                                               to, 0) == 0);
    return same_file(path, to);
}

static bool t_symlink(void *symbol) {
    const char *path = fresh("symlink");
    CHECK(((two *)symbol)("dir/file", path) == 0 && is_type(path, S_IFLNK));
    return has_content(path, IN_FILE);
}

static bool t_symlinkat(void *symbol) {
    const char *path = fresh("symlinkat");
    CHECK(((int (*)(const char *, int, const char *))symbol)("dir/file", tree(), last(path)) == 0);
    return has_content(path, IN_FILE);
}

static bool t_mkfifo(void *symbol) {
    const char *path = fresh("mkfifo");
    return ((with_mode *)symbol)(path, 0644) == 0 && is_type(path, S_IFIFO);
}

static bool t_mkfifoat(void *symbol) {
    const char *path = fresh("mkfifoat");
    CHECK(((int (*)(int, const char *, mode_t))symbol)(tree(), last(path), 0644) == 0);
    return is_type(path, S_IFIFO);
}

static bool t_mknod(void *symbol) {
    const char *path = fresh("mknod");
    CHECK(((int (*)(const char *, mode_t, dev_t))symbol)(path, S_IFIFO | 0644, 0) == 0);
    return is_type(path, S_IFIFO);
}

static bool t_mknodat(void *symbol) {
    const char *path = fresh("mknodat");
    CHECK(((int (*)(int, const char *, mode_t, dev_t))symbol)(tree(), last(path), S_IFREG | 0644, 0) == 0);
    return is_type(path, S_IFREG);
}

static bool t_xmknod(void *symbol) {
    const char *path = fresh("xmknod");
    dev_t none = 0;
    CHECK(((int (*)(int, const char *, mode_t, dev_t *))symbol)(0, path, S_IFIFO | 0644, &none) == 0);
    return is_type(path, S_IFIFO);
}

static bool t_xmknodat(void *symbol) {
    const char *path = fresh("xmknodat");
    dev_t none = 0;
    CHECK(((int (*)(int, int, const char *, mode_t, dev_t *))symbol)(0, tree(), last(path), S_IFIFO | 0644,
                                                                     &none) == 0);
    return is_type(path, S_IFIFO);
}

CASES("mutation", {"mkdir", t_mkdir}, {"mkdirat", t_mkdirat}, {"rmdir", t_rmdir}, {"unlink", t_unlink},
      {"unlinkat", t_unlinkat}, {"remove", t_remove}, {"rename", t_rename}, {"renameat", t_renameat},
      {"renameat2", t_renameat2}, {"link", t_link}, {"linkat", t_linkat}, {"symlink", t_symlink},
      {"symlinkat", t_symlinkat}, {"mkfifo", t_mkfifo}, {"mkfifoat", t_mkfifoat}, {"mknod", t_mknod},
      {"mknodat", t_mknodat}, {"__xmknod", t_xmknod}, {"__xmknodat", t_xmknodat})
