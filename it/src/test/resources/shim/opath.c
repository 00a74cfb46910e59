#include "acts.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

/* What a descriptor that only names a thing is good for. */

static const char *const things[] = {"file", "dir", "full", "link", "dangling", "pipe", "sock", "char"};

static const char *by_proc(int fd) {
    static char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

#define SAY(call, label) LINE(call, "%s %s %s", origins[origin], thing, label)

static void refused(enum origin origin, const char *thing, int fd) {
    char byte = 'b';
    struct flock region = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct timespec times[2] = {{1, 1}, {2, 2}};
    SAY(read(fd, &byte, 1), "read");
    SAY(write(fd, &byte, 1), "write");
    SAY(pread(fd, &byte, 1, 0), "pread");
    SAY(lseek(fd, 0, SEEK_SET), "lseek");
    SAY(fchmod(fd, 0600), "fchmod");
    SAY(fchown(fd, getuid(), getgid()), "fchown");
    SAY(ftruncate(fd, 0), "ftruncate");
    SAY(futimens(fd, times), "futimens");
    SAY(fsetxattr(fd, "user.x", "v", 1, 0), "fsetxattr");
    SAY(fgetxattr(fd, "user.x", &byte, 1), "fgetxattr");
    SAY(flistxattr(fd, &byte, 1), "flistxattr");
    SAY(fremovexattr(fd, "user.x"), "fremovexattr");
    SAY(flock(fd, LOCK_SH | LOCK_NB), "flock");
    SAY(fcntl(fd, F_SETLK, &region), "F_SETLK");
    SAY(fcntl(fd, F_SETFL, O_APPEND), "F_SETFL");
    SAY(fcntl(fd, F_NOTIFY, 0), "F_NOTIFY");
    SAY(fcntl(fd, F_GETLEASE), "F_GETLEASE");
    SAY(fsync(fd), "fsync");
    SAY(syncfs(fd), "syncfs");
    SAY(fallocate(fd, 0, 0, 10), "fallocate");
    SAY(posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL), "posix_fadvise");
    SAY(mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0, "mmap");
    SAY(syscall(SYS_getdents64, fd, times, sizeof times), "getdents");
}

static void allowed(enum origin origin, const char *thing, int fd) {
    struct stat is = {0};
    struct statfs system;
    CASE(fstat(fd, &is), "%s %s fstat", origins[origin], thing);
    fact("%o %s", is.st_mode, is.st_ino == status(thing).st_ino ? "same" : "other");
    end();
    SAY(fstatfs(fd, &system), "fstatfs");
    SAY(fcntl(fd, F_GETFL) & ~(O_NOFOLLOW | 0100000), "F_GETFL");
    SAY(fcntl(fd, F_GETFD), "F_GETFD");
    int copy = dup(fd);
    CASE(ok(copy), "%s %s dup", origins[origin], thing);
    int seen = fstat(copy, &is);
    fact("%d %s", seen, is.st_ino == status(thing).st_ino ? "same" : "other");
    end();
    drop(copy);
}

static void by_empty_path(enum origin origin, const char *thing, int fd) {
    char target[64] = "";
    struct timespec times[2] = {{1200000001, 1}, {1300000001, 2}};
    SAY(faccessat(fd, "", R_OK, AT_EMPTY_PATH), "access by empty path");
    SAY(syscall(452 /* fchmodat2 */, fd, "", 0711, AT_EMPTY_PATH), "chmod by empty path");
    SAY(fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH), "chown by empty path");
    SAY(utimensat(fd, "", times, AT_EMPTY_PATH), "utimens by empty path");
    SAY(readlinkat(fd, "", target, sizeof target), "readlink by empty path");
    SAY(linkat(fd, "", AT_FDCWD, "linked-by-empty", AT_EMPTY_PATH), "link by empty path");
    SAY(unlink("linked-by-empty"), "unlink of that");
    SAY(openat(fd, "", O_RDONLY), "open by empty path");
    SAY(ok(openat(fd, "inner", O_RDONLY)), "open below it");
    SAY(mkdirat(fd, "made", 0755), "mkdir below it");
    SAY(unlinkat(fd, "made", AT_REMOVEDIR), "rmdir below it");
    CASE(0, "%s %s after that", origins[origin], thing);
    show(thing);
    end();
}

static void by_link(enum origin origin, const char *thing, int fd) {
    static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_PATH, O_DIRECTORY, O_RDONLY | O_NOFOLLOW};
    for (size_t i = 0; i < LENGTH(flags); i++) {
        OPENS(open(by_proc(fd), flags[i] | O_NONBLOCK), "%s %s reopen %x", origins[origin], thing, flags[i]);
    }
    char value[8];
    struct stat is;
    SAY(stat(by_proc(fd), &is), "stat by /proc");
    SAY(access(by_proc(fd), W_OK), "access by /proc");
    SAY(chmod(by_proc(fd), 0640), "chmod by /proc");
    SAY(chown(by_proc(fd), getuid(), getgid()), "chown by /proc");
    SAY(utimensat(AT_FDCWD, by_proc(fd), NULL, 0), "utimens by /proc");
    SAY(setxattr(by_proc(fd), "user.x", "v", 1, 0), "setxattr by /proc");
    SAY(getxattr(by_proc(fd), "user.x", value, sizeof value), "getxattr by /proc");
    SAY(truncate(by_proc(fd), 4), "truncate by /proc");
    SAY(chdir(by_proc(fd)) == 0 ? chdir("..") : -1, "chdir by /proc");
    SAY(linkat(AT_FDCWD, by_proc(fd), AT_FDCWD, "linked-by-proc", AT_SYMLINK_FOLLOW), "link by /proc");
    SAY(unlink("linked-by-proc"), "unlink of that, too");
    CASE(0, "%s %s at last", origins[origin], thing);
    show(thing);
    end();
}

/* Of a thing whose name is gone. */
static void unnamed(enum origin origin, const char *thing, int fd) {
    char moved[32];
    snprintf(moved, sizeof moved, "%s-2", thing);
    struct stat is = {0};
    NEED(rename(thing, moved));
    CASE(fstat(fd, &is), "%s %s after a rename", origins[origin], thing);
    fact("links=%d", (int)is.st_nlink);
    end();
    if (remove(moved) == 0) {
        CASE(fstat(fd, &is), "%s %s without a name", origins[origin], thing);
        fact("links=%d", (int)is.st_nlink);
        end();
        SAY(linkat(fd, "", AT_FDCWD, "risen", AT_EMPTY_PATH), "link of what has no name");
        SAY(stat(by_proc(fd), &is), "stat of what has no name by /proc");
        OPENS(open(by_proc(fd), O_RDONLY | O_NONBLOCK), "%s %s reopen without a name", origins[origin],
              thing);
    }
}

void opath_subject(void) {
    BOTH(origin) {
        room(origin);
        make_nodes();
        for (size_t i = 0; i < LENGTH(things); i++) {
            int fd = open(things[i], O_PATH | O_NOFOLLOW);
            need(fd >= 0, things[i]);
            refused(origin, things[i], fd);
            allowed(origin, things[i], fd);
            by_empty_path(origin, things[i], fd);
            by_link(origin, things[i], fd);
            unnamed(origin, things[i], fd);
            drop(fd);
        }
    }
}
