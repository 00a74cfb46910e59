#include "auditing.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/syscall.h>

/* The real file behind a library of the tree: libc maps it from there. False: not of the tree. */
static bool real_library(const char *path, char *out, size_t room) {
    char name[32] = "/proc/self/fd/", digits[12];
    int count = 0, length = 14;
    long fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    for (long rest = fd; rest > 0 || count == 0; rest /= 10) {
        digits[count++] = (char)('0' + rest % 10);
    }
    while (count > 0) {
        name[length++] = digits[--count];
    }
    name[length] = 0;
    long got = RAW4(SYS_readlinkat, AT_FDCWD, name, out, room - 1);
    RAW1(SYS_close, fd);
    out[got < 0 ? 0 : got] = 0;
    return got > 0;
}

/* Where ld.so asks libvelo-audit.so, it finds that itself, and knows the library by the tree's name. */
static bool is_library_of_tree(const char *path) {
    return path && !auditing_here() && strchr(path, '/') && path_is_virtual(AT_FDCWD, path);
}

typedef void *open_library(const char *, int);
typedef void *open_library_in(long, const char *, int);

static __attribute__((noinline)) void *open_virtual(open_library *next, const char *path, int flags) {
    char real[PATH_MAX];
    return next(real_library(path, real, sizeof real) ? real : path, flags);
}

static __attribute__((noinline)) void *open_virtual_in(open_library_in *next, long space, const char *path,
                                                       int flags) {
    char real[PATH_MAX];
    return next(space, real_library(path, real, sizeof real) ? real : path, flags);
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
