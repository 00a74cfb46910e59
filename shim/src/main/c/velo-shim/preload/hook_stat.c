#include "quick.h"

HOT HOOK(int, stat, (const char *path, struct stat *out)) {
    return (int)told(quick_fstatat(AT_FDCWD, path, out, 0));
}

HOT HOOK(int, lstat, (const char *path, struct stat *out)) {
    return (int)told(quick_fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW));
}

HOOK(int, fstat, (int fd, struct stat *out)) {
    return (int)told(sys_fstat(fd, out));
}

HOT HOOK(int, fstatat, (int at, const char *path, struct stat *out, int flags)) {
    return (int)told(quick_fstatat(at, path, out, flags));
}

HOOK(int, statx, (int at, const char *path, int flags, unsigned mask, struct statx *out)) {
    return (int)told(sys_statx(at, path, flags, mask, out));
}

/* Before glibc 2.33 programs called these, and said which layout of struct stat they know. Of the 64-bit
 * machines x86_64 has 0 and 1 for the kernel's, aarch64 0. */
static bool known_version(int version) {
    if (version == 0 || version == 1) {
        return true;
    }
    errno = EINVAL;
    return false;
}

HOOK(int, xstat, (int version, const char *path, struct stat *out)) {
    return known_version(version) ? (int)told(sys_fstatat(AT_FDCWD, path, out, 0)) : -1;
}

HOOK(int, lxstat, (int version, const char *path, struct stat *out)) {
    return known_version(version) ? (int)told(sys_fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW)) : -1;
}

HOOK(int, fxstat, (int version, int fd, struct stat *out)) {
    return known_version(version) ? (int)told(sys_fstat(fd, out)) : -1;
}

HOOK(int, fxstatat, (int version, int at, const char *path, struct stat *out, int flags)) {
    return known_version(version) ? (int)told(sys_fstatat(at, path, out, flags)) : -1;
}

HOOK(int, xmknod, (int version, const char *path, unsigned mode, dev_t *device)) {
    return version == 0 ? (int)told(sys_mknodat(AT_FDCWD, path, mode, *device)) : (errno = EINVAL, -1);
}

HOOK(int, xmknodat, (int version, int at, const char *path, unsigned mode, dev_t *device)) {
    return version == 0 ? (int)told(sys_mknodat(at, path, mode, *device)) : (errno = EINVAL, -1);
}
