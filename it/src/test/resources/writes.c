// Tries every way to change the files of a read-only layer. Arguments: "as-is", or "writable" to make each
// file writable first, as its owner may; a directory with files f01, f02, ... and directories d01, d02.
// Prints "<kind> ok" or "<kind> <errno name or number>" for each.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static int number;
static int make_writable;

static const char *next(void) {
    static char name[16];
    snprintf(name, sizeof name, "f%02d", ++number);
    if (make_writable && chmod(name, 0755) != 0) {
        perror(name);
    }
    return name;
}

static void report(const char *kind, int failed) {
    if (failed) {
        printf("%s %s\n", kind, strerrorname_np(errno));
    } else {
        printf("%s ok\n", kind);
    }
}

#define WITH_FILE(kind, flags, action)                                                                       \
    do {                                                                                                     \
        int fd = open(next(), flags);                                                                        \
        int failed = fd < 0 || (action) < 0;                                                                 \
        report(kind, failed);                                                                                \
        if (fd >= 0) {                                                                                       \
            close(fd);                                                                                       \
        }                                                                                                    \
    } while (0)

static int map_and_store(int fd) {
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        return -1;
    }
    page[0] = 'M';
    int failed = msync(page, 4096, MS_SYNC);
    munmap(page, 4096);
    return failed;
}

static int through_proc(int flags, int change_mode) {
    int fd = open(next(), O_RDONLY);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (change_mode) {
        return chmod(path, 0666);
    }
    int again = open(path, flags);
    return again < 0 ? -1 : (int)write(again, "P", 1);
}

static int copy_into(int fd) {
    int from = open("/proc/self/exe", O_RDONLY);
    return from < 0 ? -1 : (int)sendfile(fd, from, NULL, 10);
}

static int link_then_write(void) {
    if (link(next(), "linked") != 0) {
        return -1;
    }
    int fd = open("linked", O_WRONLY);
    return fd < 0 ? -1 : (int)write(fd, "L", 1);
}

static int rename_over(void) {
    int fd = open("fresh", O_CREAT | O_WRONLY, 0644);
    return fd < 0 || write(fd, "R", 1) != 1 ? -1 : rename("fresh", next());
}

static int unlink_and_recreate(void) {
    const char *name = next();
    if (unlink(name) != 0) {
        return -1;
    }
    int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
    return fd < 0 ? -1 : (int)write(fd, "N", 1);
}

static int exchange(void) {
    char first[16];
    snprintf(first, sizeof first, "%s", next());
    return renameat2(AT_FDCWD, first, AT_FDCWD, next(), RENAME_EXCHANGE);
}

int main(int argc, char **argv) {
    struct iovec vector = {.iov_base = "V", .iov_len = 1};
    struct timespec times[2] = {{1, 2}, {3, 4}};
    struct timeval micros[2] = {{5, 6}, {7, 8}};
    int attributes = 0;

    if (argc != 3 || chdir(argv[2]) != 0) {
        return 2;
    }
    make_writable = strcmp(argv[1], "writable") == 0;
    WITH_FILE("write", O_WRONLY, write(fd, "W", 1));
    WITH_FILE("pwrite", O_RDWR, pwrite(fd, "W", 1, 3));
    WITH_FILE("writev", O_WRONLY, writev(fd, &vector, 1));
    WITH_FILE("append", O_WRONLY | O_APPEND, write(fd, "A", 1));
    WITH_FILE("open-truncate", O_WRONLY | O_TRUNC, 0);
    WITH_FILE("ftruncate", O_RDWR, ftruncate(fd, 1));
    report("truncate", truncate(next(), 2) != 0);
    WITH_FILE("fallocate", O_RDWR, fallocate(fd, 0, 0, 100000));
    WITH_FILE("mmap-shared", O_RDWR, map_and_store(fd));
    WITH_FILE("sendfile", O_WRONLY, copy_into(fd));
    report("chmod", chmod(next(), 0777) != 0);
    WITH_FILE("fchmod", O_RDONLY, fchmod(fd, 04755));
    report("chown", chown(next(), 0, 0) != 0);
    WITH_FILE("fchown", O_RDONLY, fchown(fd, 0, 0));
    report("lchown-other", lchown(next(), 12345, 12345) != 0);
    report("utimensat", utimensat(AT_FDCWD, next(), times, 0) != 0);
    WITH_FILE("futimens", O_RDONLY, futimens(fd, times));
    report("utimes", utimes(next(), micros) != 0);
    report("setxattr-user", setxattr(next(), "user.velo", "x", 1, 0) != 0);
    report("setxattr-overlay", setxattr(next(), "user.overlay.redirect", "/x", 2, 0) != 0);
    WITH_FILE("setflags", O_RDONLY, ioctl(fd, FS_IOC_SETFLAGS, &attributes));
    report("unlink", unlink(next()) != 0);
    report("unlink-recreate", unlink_and_recreate() < 0);
    report("rename-away", rename(next(), "elsewhere") != 0);
    report("rename-over", rename_over() != 0);
    report("exchange", exchange() != 0);
    report("link-then-write", link_then_write() < 0);
    report("reopen-by-proc", through_proc(O_RDWR, 0) < 0);
    report("chmod-by-proc", through_proc(0, 1) != 0);
    report("create-beside", open("d01/new", O_CREAT | O_WRONLY, 0644) < 0);
    report("chmod-directory", chmod("d01", 0700) != 0);
    report("utimens-directory", utimensat(AT_FDCWD, "d01", times, 0) != 0);
    report("rename-directory", rename("d02", "d03") != 0);
    report("symlink-over", unlink(next()) != 0 || symlink("/etc/passwd", "f00") != 0);
    printf("used %d\n", number);
    return 0;
}
