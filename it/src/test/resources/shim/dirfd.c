#include "battery.h"

#include <sys/syscall.h>
#include <sys/xattr.h>

static char stem[64];

#define AT(call, ...)                                                                                        \
    do {                                                                                                     \
        char label_[64];                                                                                     \
        snprintf(label_, sizeof label_, __VA_ARGS__);                                                        \
        LINE(call, "%s %s", stem, label_);                                                                   \
    } while (0)

/* All calls relative to a descriptor. */
static void all_calls(int at) {
    struct stat is;
    struct statx more;
    char text[64];
    struct timespec times[2] = {{1200000000, 1}, {1300000000, 2}};
    int fd = openat(at, "inner", O_RDONLY);
    AT(ok(fd), "openat");
    drop(fd);
    fd = openat(at, "made", O_RDWR | O_CREAT | O_EXCL, 0640);
    AT(ok(fd), "openat creates");
    drop(fd);
    AT(fstatat(at, "inner", &is, 0), "fstatat");
    AT(fstatat(at, "", &is, AT_EMPTY_PATH), "fstatat empty");
    AT(fstatat(at, "", &is, 0), "fstatat of no name");
    AT(fstatat(at, ".", &is, 0), "fstatat .");
    AT(fstatat(at, "..", &is, 0), "fstatat ..");
    AT(fstatat(at, "../file", &is, 0), "fstatat ../file");
    AT(statx(at, "inner", 0, STATX_ALL, &more), "statx");
    AT(statx(at, "", AT_EMPTY_PATH, STATX_ALL, &more), "statx empty");
    AT(faccessat(at, "inner", R_OK, 0), "faccessat");
    AT(faccessat(at, "inner", R_OK, AT_EACCESS), "faccessat effective");
    AT(mkdirat(at, "dir", 0750), "mkdirat");
    AT(mknodat(at, "node", S_IFREG | 0600, 0), "mknodat");
    AT(mkfifoat(at, "fifo", 0600), "mkfifoat");
    AT(symlinkat("inner", at, "link"), "symlinkat");
    AT(readlinkat(at, "link", text, sizeof text), "readlinkat");
    AT(linkat(at, "inner", at, "hard", 0), "linkat");
    AT(linkat(at, "link", at, "hard2", AT_SYMLINK_FOLLOW), "linkat follows");
    AT(renameat(at, "hard", at, "harder"), "renameat");
    AT(renameat2(at, "harder", at, "hard2", RENAME_EXCHANGE), "renameat2");
    AT(renameat(at, "inner", AT_FDCWD, "out"), "renameat out");
    AT(renameat(AT_FDCWD, "out", at, "inner"), "renameat in");
    AT(fchmodat(at, "inner", 0604, 0), "fchmodat");
    AT(fchownat(at, "inner", getuid(), getgid(), 0), "fchownat");
    AT(fchownat(at, "", getuid(), getgid(), AT_EMPTY_PATH), "fchownat empty");
    AT(utimensat(at, "inner", times, 0), "utimensat");
    AT(unlinkat(at, "harder", 0), "unlinkat of one that was exchanged");
    AT(unlinkat(at, "node", 0), "unlinkat");
    AT(unlinkat(at, "dir", AT_REMOVEDIR), "unlinkat of a directory");
    AT(unlinkat(at, "..", AT_REMOVEDIR), "unlinkat ..");
    CASE(0, "%s leaves", stem);
    show_as("inner", at, "inner");
    show_as("made", at, "made");
    show_as("link", at, "link");
    show_as("hard2", at, "hard2");
    end();
    AT(unlinkat(at, "made", 0) + unlinkat(at, "link", 0) + unlinkat(at, "hard2", 0) + unlinkat(at, "fifo", 0),
       "clean");
}

static void good(enum origin origin) {
    room(origin);
    int fd = open("full", O_RDONLY | O_DIRECTORY);
    snprintf(stem, sizeof stem, "%s directory", origins[origin]);
    all_calls(fd);
    int copy = dup(fd);
    snprintf(stem, sizeof stem, "%s dup", origins[origin]);
    all_calls(copy);
    drop(copy);
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 200);
    snprintf(stem, sizeof stem, "%s F_DUPFD", origins[origin]);
    all_calls(copy);
    drop(copy);
    int path = open("full", O_PATH);
    snprintf(stem, sizeof stem, "%s O_PATH", origins[origin]);
    all_calls(path);
    drop(path);
    path = open("full/sub/..", O_PATH);
    snprintf(stem, sizeof stem, "%s by ..", origins[origin]);
    all_calls(path);
    NEED(rename("full", "dir/moved"));
    put("dir/file", "its new neighbour\n");
    snprintf(stem, sizeof stem, "%s renamed", origins[origin]);
    all_calls(path);
    drop(path);
    snprintf(stem, sizeof stem, "%s current directory", origins[origin]);
    NEED(fchdir(fd));
    all_calls(AT_FDCWD);
    drop(fd);
}

static void removed(enum origin origin) {
    room(origin);
    int fd = open("dir", O_RDONLY | O_DIRECTORY);
    NEED(rmdir("dir"));
    snprintf(stem, sizeof stem, "%s removed", origins[origin]);
    all_calls(fd);
    NEED(mkdir("dir", 0755));
    put("dir/inner", "not for the old descriptor\n");
    snprintf(stem, sizeof stem, "%s removed and made again", origins[origin]);
    AT(faccessat(fd, "inner", F_OK, 0), "faccessat");
    drop(fd);
    fd = open("dir", O_RDONLY | O_DIRECTORY);
    NEED(rename("linkeddir", "full/gone"));
    NEED(renameat2(AT_FDCWD, "dir", AT_FDCWD, "full", RENAME_EXCHANGE));
    snprintf(stem, sizeof stem, "%s exchanged", origins[origin]);
    all_calls(fd);
    drop(fd);
}

static void bad(enum origin origin) {
    room(origin);
    snprintf(stem, sizeof stem, "%s no descriptor", origins[origin]);
    all_calls(-1);
    snprintf(stem, sizeof stem, "%s closed", origins[origin]);
    all_calls(987);
    int fd = open("file", O_RDONLY);
    snprintf(stem, sizeof stem, "%s a file", origins[origin]);
    all_calls(fd);
    drop(fd);
    fd = open("file", O_PATH);
    snprintf(stem, sizeof stem, "%s a file's O_PATH", origins[origin]);
    all_calls(fd);
    drop(fd);
    int ends[2];
    NEED(pipe(ends));
    snprintf(stem, sizeof stem, "%s a pipe", origins[origin]);
    all_calls(ends[0]);
    drop(ends[0]);
    drop(ends[1]);
}

static void absolute(enum origin origin) {
    const char *here = room(origin);
    char path[PATH_MAX], out[PATH_MAX];
    struct stat is;
    snprintf(path, sizeof path, "%s/file", here);
    snprintf(out, sizeof out, "%s/new", here);
    snprintf(stem, sizeof stem, "%s absolute path", origins[origin]);
    AT(fstatat(-1, path, &is, 0), "fstatat");
    AT(faccessat(-5, path, R_OK, 0), "faccessat");
    AT(renameat(-1, path, 987, out), "renameat");
    AT(ok(openat(-1, out, O_RDONLY)), "openat");
    AT(unlinkat(-1, out, 0), "unlinkat");
}

static void of_the_host(enum origin origin) {
    const char *here = room(origin);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "../..%s/file", here);
    int host = open("/proc/self", O_RDONLY | O_DIRECTORY), root = open("/", O_RDONLY | O_DIRECTORY);
    struct stat is;
    snprintf(stem, sizeof stem, "%s descriptor of the host", origins[origin]);
    AT(fstatat(root, here + 1, &is, 0), "down into the tree");
    AT(fstatat(root, path, &is, 0), "up and down into the tree");
    AT(faccessat(host, "status", R_OK, 0), "stays there");
    AT(fchdir(root), "fchdir");
    AT(access(here + 1, F_OK), "relative from there");
    drop(host);
    drop(root);
    NEED(chdir(here));
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "../../../../../../../../../../proc/self/status");
    AT(faccessat(fd, path, R_OK, 0), "from the tree up to the host");
    AT(fstatat(fd, "../../../../../../../../../..", &is, 0), "the root from the tree");
    AT(is.st_ino == status("/").st_ino && is.st_dev == status("/").st_dev, "it is the root");
    drop(fd);
}

void dirfd_subject(void) {
    BOTH(origin) {
        good(origin);
        removed(origin);
        bad(origin);
        absolute(origin);
        of_the_host(origin);
    }
}
