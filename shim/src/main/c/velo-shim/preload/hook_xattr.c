#include "sys.h"

/* NULL is a path that leads nowhere; to sys_* it would mean the descriptor. */
static const char *given(const char *path) {
    return path ? path : (const char *)1;
}

HOOK(ssize_t, getxattr, (const char *path, const char *name, void *value, size_t size)) {
    return told(sys_getxattr(AT_FDCWD, given(path), 0, name, value, size));
}

HOOK(ssize_t, lgetxattr, (const char *path, const char *name, void *value, size_t size)) {
    return told(sys_getxattr(AT_FDCWD, given(path), AT_SYMLINK_NOFOLLOW, name, value, size));
}

HOOK(ssize_t, fgetxattr, (int fd, const char *name, void *value, size_t size)) {
    return told(sys_getxattr(fd, NULL, 0, name, value, size));
}

HOOK(int, setxattr, (const char *path, const char *name, const void *value, size_t size, int how)) {
    return (int)told(sys_setxattr(AT_FDCWD, given(path), 0, name, value, size, how));
}

HOOK(int, lsetxattr, (const char *path, const char *name, const void *value, size_t size, int how)) {
    return (int)told(sys_setxattr(AT_FDCWD, given(path), AT_SYMLINK_NOFOLLOW, name, value, size, how));
}

HOOK(int, fsetxattr, (int fd, const char *name, const void *value, size_t size, int how)) {
    return (int)told(sys_setxattr(fd, NULL, 0, name, value, size, how));
}

HOOK(ssize_t, listxattr, (const char *path, char *list, size_t size)) {
    return told(sys_listxattr(AT_FDCWD, given(path), 0, list, size));
}

HOOK(ssize_t, llistxattr, (const char *path, char *list, size_t size)) {
    return told(sys_listxattr(AT_FDCWD, given(path), AT_SYMLINK_NOFOLLOW, list, size));
}

HOOK(ssize_t, flistxattr, (int fd, char *list, size_t size)) {
    return told(sys_listxattr(fd, NULL, 0, list, size));
}

HOOK(int, removexattr, (const char *path, const char *name)) {
    return (int)told(sys_removexattr(AT_FDCWD, given(path), 0, name));
}

HOOK(int, lremovexattr, (const char *path, const char *name)) {
    return (int)told(sys_removexattr(AT_FDCWD, given(path), AT_SYMLINK_NOFOLLOW, name));
}

HOOK(int, fremovexattr, (int fd, const char *name)) {
    return (int)told(sys_removexattr(fd, NULL, 0, name));
}
