#include "sys.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

HOOK(int, chdir, (const char *path)) {
    return (int)told(sys_chdir(path));
}

HOOK(int, fchdir, (int fd)) {
    return (int)told(sys_fchdir(fd));
}

HOOK(int, chroot, (const char *path)) {
    return (int)told(sys_chroot(path));
}

/* A directory outside of the root is not told: what the kernel calls "(unreachable)" is no path. */
static long current(char *out, size_t room) {
    long result = sys_getcwd(out, room);
    return result > 0 && out[0] != '/' ? -ENOENT : result;
}

static char *allocated(size_t size) {
    char path[PATH_MAX];
    long result = current(path, sizeof path);
    if (result < 0 || (size > 0 && (size_t)result > size)) {
        errno = result < 0 ? (int)-result : ERANGE;
        return NULL;
    }
    char *out = malloc(size > 0 ? size : (size_t)result);
    if (out) {
        memcpy(out, path, (size_t)result);
    }
    return out;
}

HOOK(char *, getcwd, (char *out, size_t room)) {
    if (!out) {
        return allocated(room);
    }
    if (room == 0) {
        errno = EINVAL;
        return NULL;
    }
    return told(current(out, room)) < 0 ? NULL : out;
}

HOOK(char *, getcwd_chk, (char *out, size_t room, size_t size)) {
    if (room > size) {
        __builtin_trap();
    }
    return hook_getcwd(out, room);
}

HOOK(char *, getwd, (char *out)) {
    if (!out) {
        errno = EINVAL;
        return NULL;
    }
    return told(current(out, PATH_MAX)) < 0 ? NULL : out;
}

HOOK(char *, getwd_chk, (char *out, size_t size)) {
    char path[PATH_MAX];
    if (told(current(path, sizeof path)) < 0) {
        return NULL;
    }
    if (strlen(path) >= size) {
        __builtin_trap();
    }
    return memcpy(out, path, strlen(path) + 1);
}

HOOK(char *, get_current_dir_name, (void)) {
    struct stat here, named;
    const char *name = environment_value(environ, "PWD");
    if (name && name[0] == '/' && sys_fstatat(AT_FDCWD, name, &named, 0) == 0 &&
        sys_fstatat(AT_FDCWD, ".", &here, 0) == 0 && here.st_dev == named.st_dev &&
        here.st_ino == named.st_ino) {
        return strdup(name);
    }
    return allocated(0);
}
