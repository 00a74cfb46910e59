#include "acts.h"

#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

/* Files and directories that have lost their last name while somebody has them open. */

#define SAY(call, label) LINE(call, "%s %s %s", origins[origin], how, label)

static const char *by_proc(int fd) {
    static char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

static void state(enum origin origin, const char *how, int fd, const char *label) {
    struct stat is = {0};
    CASE(fstat(fd, &is), "%s %s %s", origins[origin], how, label);
    fact("%o links=%d size=%jd %s", is.st_mode, (int)is.st_nlink, (intmax_t)is.st_size, content_of(fd));
    end();
}

static int child_writes(void *with) {
    const int *fd = with;
    return pwrite(*fd, "child", 5, 100) == 5 ? 0 : 1;
}

static void use(enum origin origin, const char *how, int fd) {
    char value[8] = "";
    struct timespec times[2] = {{1200000001, 1}, {1300000001, 2}};
    struct statfs system;
    state(origin, how, fd, "at first");
    SAY(pwrite(fd, "over", 4, 2), "pwrite");
    SAY(ftruncate(fd, 40), "ftruncate");
    SAY(fallocate(fd, 0, 0, 60), "fallocate");
    SAY(fchmod(fd, 0604), "fchmod");
    SAY(fchown(fd, getuid(), getgid()), "fchown");
    SAY(futimens(fd, times), "futimens");
    SAY(fsetxattr(fd, "user.late", "late", 4, 0), "fsetxattr");
    SAY(fgetxattr(fd, "user.late", value, sizeof value), "fgetxattr");
    SAY(fremovexattr(fd, "user.late"), "fremovexattr");
    SAY(fstatfs(fd, &system), "fstatfs");
    SAY(fsync(fd), "fsync");
    SAY(in_child(child_writes, &fd), "a child writes");
    state(origin, how, fd, "after that");
}

static void by_link(enum origin origin, const char *how, int fd) {
    struct stat is = {0};
    CASE(stat(by_proc(fd), &is), "%s %s stat by /proc", origins[origin], how);
    fact("links=%d", (int)is.st_nlink);
    end();
    int again = open(by_proc(fd), O_RDWR);
    CASE(ok(again), "%s %s open by /proc", origins[origin], how);
    fact("%zd", pwrite(again, "again", 5, 0));
    fact("%s", content_of(fd));
    end();
    drop(again);
    SAY(truncate(by_proc(fd), 9), "truncate by /proc");
    SAY(chmod(by_proc(fd), 0640), "chmod by /proc");
    SAY(linkat(AT_FDCWD, by_proc(fd), AT_FDCWD, "risen", AT_SYMLINK_FOLLOW), "link by /proc");
    SAY(linkat(fd, "", AT_FDCWD, "risen", AT_EMPTY_PATH), "link by empty path");
    OPENS(open(by_proc(fd), O_RDONLY | O_TRUNC), "%s %s truncated by /proc", origins[origin], how);
    state(origin, how, fd, "at last");
}

static void mapped(enum origin origin, const char *how, int fd) {
    NEED(ftruncate(fd, 4096));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    need(map != MAP_FAILED, "mmap");
    memcpy(map, "by the map", 10);
    drop(fd);
    CASE(munmap(map, 4096), "%s %s the map is the last to go", origins[origin], how);
    show_names(".");
    end();
}

static void files(enum origin origin) {
    static const char *const ways[] = {"removed", "replaced", "exchanged and removed", "with its directory"};
    for (size_t way = 0; way < LENGTH(ways); way++) {
        room(origin);
        const char *name = way == 3 ? "full/inner" : "file";
        int fd = open(name, O_RDWR);
        need(fd >= 0, name);
        if (way == 1) {
            NEED(rename("other", "file"));
        } else if (way == 2) {
            NEED(renameat2(AT_FDCWD, "file", AT_FDCWD, "dir", RENAME_EXCHANGE));
            NEED(unlink("dir"));
        } else {
            NEED(unlink(name));
        }
        if (way == 3) {
            NEED(rmdir("full/sub") + rmdir("full"));
        }
        use(origin, ways[way], fd);
        by_link(origin, ways[way], fd);
        mapped(origin, ways[way], fd);
    }
}

static void directories(enum origin origin) {
    static const char *const how = "directory";
    room(origin);
    int fd = open("dir", O_RDONLY | O_DIRECTORY), path = open("dir", O_PATH);
    char bytes[512], value[8];
    struct stat is = {0};
    NEED(rmdir("dir"));
    CASE(fstat(fd, &is), "%s %s stat", origins[origin], how);
    fact("%o links=%d", is.st_mode, (int)is.st_nlink);
    end();
    SAY(syscall(SYS_getdents64, fd, bytes, sizeof bytes), "getdents");
    SAY(fchmod(fd, 0711), "fchmod");
    SAY(fchown(fd, getuid(), getgid()), "fchown");
    SAY(futimens(fd, NULL), "futimens");
    SAY(fsetxattr(fd, "user.late", "v", 1, 0), "fsetxattr");
    SAY(fgetxattr(fd, "user.late", value, sizeof value), "fgetxattr");
    SAY(fsync(fd), "fsync");
    SAY(mkdirat(fd, "a", 0755), "mkdirat");
    SAY(mkfifoat(fd, "a", 0755), "mkfifoat");
    SAY(symlinkat("x", fd, "a"), "symlinkat");
    SAY(linkat(AT_FDCWD, "file", fd, "a", 0), "linkat");
    SAY(renameat(AT_FDCWD, "file", fd, "a"), "renameat to it");
    SAY(renameat(fd, "a", AT_FDCWD, "b"), "renameat from it");
    SAY(unlinkat(fd, "a", 0), "unlinkat");
    SAY(unlinkat(fd, "a", AT_REMOVEDIR), "unlinkat of a directory");
    SAY(ok(openat(fd, "a", O_CREAT | O_WRONLY, 0644)), "openat");
    SAY(ok(openat(fd, ".", O_TMPFILE | O_WRONLY, 0644)), "unnamed file");
    SAY(ok(openat(fd, ".", O_RDONLY)), "openat of itself");
    SAY(fstatat(fd, ".", &is, 0), "stat of itself");
    SAY(fstatat(fd, "missing", &is, 0), "stat of nothing in it");
    SAY(fchmod(path, 0700), "fchmod of O_PATH");
    SAY(fchdir(path), "fchdir");
    SAY(got(getcwd(bytes, sizeof bytes)), "getcwd");
    SAY(stat(".", &is), "stat of .");
    SAY(chdir("."), "chdir to .");
    SAY(rmdir("."), "rmdir of .");
    SAY(rename(".", "x"), "rename of .");
    SAY(mkdir("a", 0755), "mkdir in it");
    SAY(access("missing", F_OK), "access in it");
    drop(fd);
    drop(path);
}

void unnamed_subject(void) {
    BOTH(origin) {
        files(origin);
        directories(origin);
    }
}
