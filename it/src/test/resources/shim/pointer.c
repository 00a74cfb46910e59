#include "battery.h"

#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

/*
 * Pointers that lead nowhere, by libc's functions where they hand them on, else by syscall(3). The compiler
 * must not know what they are.
 */
static void *volatile bad[] = {NULL, (void *)0xdeadc0deul, (void *)0xffff800000000000ul, (void *)~0ul, NULL};
static const char *const names[] = {"NULL", "0xdeadc0de", "kernel", "last", "unreadable"};

static void paths(const char *name, char *path) {
    struct stat is;
    char text[64];
    LINE(open(path, O_RDONLY), "open %s", name);
    LINE(open(path, O_RDWR | O_CREAT, 0644), "create %s", name);
    LINE(openat(AT_FDCWD, path, O_RDONLY), "openat %s", name);
    LINE(stat(path, &is), "stat %s", name);
    LINE(lstat(path, &is), "lstat %s", name);
    LINE(access(path, F_OK), "access %s", name);
    LINE(faccessat(AT_FDCWD, path, R_OK, 0), "faccessat %s", name);
    LINE(readlink(path, text, sizeof text), "readlink %s", name);
    LINE(chdir(path), "chdir %s", name);
    LINE(mkdir(path, 0755), "mkdir %s", name);
    LINE(rmdir(path), "rmdir %s", name);
    LINE(unlink(path), "unlink %s", name);
    LINE(mknod(path, S_IFREG | 0644, 0), "mknod %s", name);
    LINE(symlink(path, "new"), "symlink of %s", name);
    LINE(symlink("target", path), "symlink at %s", name);
    LINE(link(path, "new"), "link of %s", name);
    LINE(link("file", path), "link at %s", name);
    LINE(rename(path, "new"), "rename from %s", name);
    LINE(rename("file", path), "rename to %s", name);
    LINE(chmod(path, 0644), "chmod %s", name);
    LINE(chown(path, getuid(), getgid()), "chown %s", name);
    LINE(truncate(path, 0), "truncate %s", name);
    LINE(getxattr(path, "user.a", text, sizeof text), "getxattr %s", name);
    LINE(removexattr(path, "user.a"), "removexattr %s", name);
    struct statfs all;
    LINE(statfs(path, &all), "statfs %s", name);
    struct timespec times[2] = {{1, 0}, {2, 0}};
    LINE(utimensat(AT_FDCWD, path, times, 0), "utimensat %s", name);
    int fd = open("dir", O_RDONLY | O_DIRECTORY);
    LINE(openat(fd, path, O_RDONLY), "openat of a directory %s", name);
    LINE(fstatat(fd, path, &is, 0), "fstatat of a directory %s", name);
    LINE(unlinkat(fd, path, 0), "unlinkat of a directory %s", name);
    drop(fd);
}

static void results(const char *name, void *out) {
    int fd = open("full", O_RDONLY | O_DIRECTORY), file = open("file", O_RDONLY);
    LINE(stat("file", out), "stat into %s", name);
    LINE(lstat("link", out), "lstat into %s", name);
    LINE(fstat(file, out), "fstat into %s", name);
    LINE(fstat(fd, out), "fstat of a directory into %s", name);
    LINE(fstatat(fd, "inner", out, 0), "fstatat into %s", name);
    LINE(statx(AT_FDCWD, "file", 0, STATX_ALL, out), "statx into %s", name);
    LINE(readlink("link", out, 100), "readlink into %s", name);
    LINE(statfs("file", out), "statfs into %s", name);
    LINE(syscall(SYS_getdents64, fd, out, 4096), "getdents into %s", name);
    LINE(syscall(SYS_getcwd, out, 4096), "getcwd into %s", name);
    NEED(setxattr("file", "user.a", "value", 5, 0));
    LINE(getxattr("file", "user.a", out, 100), "getxattr into %s", name);
    LINE(listxattr("file", out, 100), "listxattr into %s", name);
    LINE(utimensat(AT_FDCWD, "file", out, 0), "utimensat from %s", name);
    LINE(setxattr("file", "user.b", out, 5, 0), "setxattr from %s", name);
    LINE(getxattr("file", out, NULL, 0), "getxattr named %s", name);
    drop(fd);
    drop(file);
}

/* A path that ends where the readable page ends is readable; one without its NUL is not. */
static void edges(void) {
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(mprotect(pages + 4096, 4096, PROT_NONE));
    memcpy(pages + 4096 - 5, "file", 5);
    LINE(access(pages + 4096 - 5, F_OK), "path up to the edge");
    memcpy(pages + 4096 - 4, "file", 4);
    LINE(access(pages + 4096 - 4, F_OK), "path over the edge");
    OPENS(open(pages + 4096 - 4, O_RDONLY), "open of a path over the edge");
    struct stat *is = (struct stat *)(void *)(pages + 4096 - sizeof *is / 2);
    LINE(stat("file", is), "stat over the edge");
    LINE(readlink("link", pages + 4096 - 3, 3), "readlink up to the edge");
    LINE(readlink("link", pages + 4096 - 3, 4), "readlink over the edge");
    LINE(readlink("link", pages + 4096 - 6, 4000), "readlink says more room than there is");
    munmap(pages, 8192);
}

void pointer_subject(void) {
    BOTH(origin) {
        room(origin);
        bad[4] = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (size_t i = 0; i < LENGTH(bad); i++) {
            char name[32];
            snprintf(name, sizeof name, "%s %s", origins[origin], names[i]);
            paths(name, bad[i]);
            results(name, bad[i]);
        }
        edges();
    }
}
