#include "auditing.h"
#include "reach.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/syscall.h>

/*
 * Where that is closed to this process, which became another user: by a descriptor. libc knows a library by
 * its name and would take the next one with this number for the same, so the inode is in the name, too.
 */
static bool name_by_descriptor(long fd, char *out, size_t room) {
    struct stat status;
    char number[40];
    size_t length = sizeof DOOR_PLACE - 2; /* without the slash */
    if (RAW2(SYS_fstat, fd, &status) < 0 || door_text((int)fd, "", number, sizeof number) < 0 || room < 256) {
        return false;
    }
    memcpy(out, DOOR_PLACE, length);
    for (uint64_t left = status.st_ino; left != 0; left >>= 1) {
        out[length++] = '/';
        out[length++] = (left & 1) != 0 ? '.' : '/';
    }
    const char *rest = number + sizeof DOOR_PLACE - 2;
    memcpy(out + length, rest, strlen(rest) + 1);
    return true;
}

/* The real file behind a library of the tree: libc maps it from there. False: not of the tree. *held is
 * closed when it is mapped. */
static bool real_library(const char *path, char *out, size_t room, long *held) {
    char name[40];
    struct stat status;
    *held = -1;
    long fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 || door_text((int)fd, "", name, sizeof name) < 0) {
        return false;
    }
    long got = RAW4(SYS_readlinkat, AT_FDCWD, name, out, room - 1);
    out[got < 0 ? 0 : got] = 0;
    if (got > 0 && RAW4(SYS_newfstatat, AT_FDCWD, out, &status, 0) == -EACCES) {
        *held = fd;
        return name_by_descriptor(fd, out, room);
    }
    RAW1(SYS_close, fd);
    return got > 0;
}

static void release(long held) {
    if (held >= 0) {
        RAW1(SYS_close, held);
    }
}

/* Where ld.so asks libvelo-audit.so, it finds that itself, and knows the library by the tree's name. */
static bool is_library_of_tree(const char *path) {
    return path && !auditing_here() && strchr(path, '/') && path_is_virtual(AT_FDCWD, path);
}

typedef void *open_library(const char *, int);
typedef void *open_library_in(long, const char *, int);

static __attribute__((noinline)) void *open_virtual(open_library *next, const char *path, int flags) {
    char real[PATH_MAX];
    long held;
    void *library = next(real_library(path, real, sizeof real, &held) ? real : path, flags);
    release(held);
    return library;
}

static __attribute__((noinline)) void *open_virtual_in(open_library_in *next, long space, const char *path,
                                                       int flags) {
    char real[PATH_MAX];
    long held;
    void *library = next(space, real_library(path, real, sizeof real, &held) ? real : path, flags);
    release(held);
    return library;
}

/*
 * libc looks at who calls, whose RUNPATH counts and whose $ORIGIN is meant. So for libraries of the host the
 * call ends in a jump, and libc sees the program itself. (The compiler makes it one: the tests look.)
 */
HOOK(void *, dlopen, (const char *path, int flags)) {
    open_library *next = (open_library *)hidden_function(HIDDEN_dlopen);
    if (is_library_of_tree(path)) {
        return open_virtual(next, path, flags);
    }
    return next(path, flags);
}

HOOK(void *, dlmopen, (long space, const char *path, int flags)) {
    open_library_in *next = (open_library_in *)hidden_function(HIDDEN_dlmopen);
    /* musl has no such function, and a program that calls it all the same gets what dlopen(3) would give. */
    if (!next) {
        return hook_dlopen(path, flags);
    }
    if (is_library_of_tree(path)) {
        return open_virtual_in(next, space, path, flags);
    }
    return next(space, path, flags);
}
