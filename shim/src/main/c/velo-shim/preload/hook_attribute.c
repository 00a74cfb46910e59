#include "sys.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

HOOK(int, chmod, (const char *path, unsigned mode)) {
    return (int)told(sys_fchmodat(AT_FDCWD, path, mode, 0));
}

HOOK(int, fchmod, (int fd, unsigned mode)) {
    return (int)told(sys_fchmod(fd, mode));
}

/*
 * Before Linux 6.6 there is no call with flags. Then what is no symbolic link is changed through a descriptor
 * that names it, as libc does.
 */
static long change_unfollowed(int at, const char *path, unsigned mode) {
    char name[32] = "/proc/self/fd/";
    struct stat state;
    long fd = sys_openat(at, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        return fd;
    }
    long result = sys_fstat((int)fd, &state);
    if (result == 0 && S_ISLNK(state.st_mode)) {
        result = -EOPNOTSUPP;
    }
    if (result == 0) {
        char digits[12];
        int count = 0, length = 14;
        for (long rest = fd; rest > 0 || count == 0; rest /= 10) {
            digits[count++] = (char)('0' + rest % 10);
        }
        while (count > 0) {
            name[length++] = digits[--count];
        }
        result = sys_fchmodat(AT_FDCWD, name, mode, 0);
    }
    RAW1(SYS_close, fd);
    return result;
}

HOOK(int, fchmodat, (int at, const char *path, unsigned mode, int flags)) {
    long result = sys_fchmodat(at, path, mode, flags);
    if (result == -ENOSYS && flags == AT_SYMLINK_NOFOLLOW) {
        result = change_unfollowed(at, path, mode);
    }
    return (int)told(result);
}

HOOK(int, lchmod, (const char *path, unsigned mode)) {
    return hook_fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
}

HOOK(int, chown, (const char *path, uint32_t uid, uint32_t gid)) {
    return (int)told(sys_fchownat(AT_FDCWD, path, uid, gid, 0));
}

HOOK(int, lchown, (const char *path, uint32_t uid, uint32_t gid)) {
    return (int)told(sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW));
}

HOOK(int, fchown, (int fd, uint32_t uid, uint32_t gid)) {
    return (int)told(sys_fchown(fd, uid, gid));
}

HOOK(int, fchownat, (int at, const char *path, uint32_t uid, uint32_t gid, int flags)) {
    return (int)told(sys_fchownat(at, path, uid, gid, flags));
}

/* utimensat(3) of libc has no form without a path, the kernel's call has. */
HOOK(int, utimensat, (int at, const char *path, const struct timespec *times, int flags)) {
    return (int)told(path ? sys_utimensat(at, path, times, flags) : -EINVAL);
}

HOOK(int, futimens, (int fd, const struct timespec *times)) {
    return (int)told(fd < 0 ? -EBADF : sys_utimensat(fd, NULL, times, 0));
}

HOOK(int, utimes, (const char *path, const struct timeval *times)) {
    return (int)told(sys_utimes(AT_FDCWD, path, times, 0));
}

HOOK(int, lutimes, (const char *path, const struct timeval *times)) {
    return (int)told(sys_utimes(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

HOOK(int, futimes, (int fd, const struct timeval *times)) {
    return (int)told(fd < 0 ? -EBADF : sys_utimes(fd, NULL, times, 0));
}

HOOK(int, futimesat, (int at, const char *path, const struct timeval *times)) {
    return (int)told(sys_utimes(at, path, times, 0));
}

HOOK(int, utime, (const char *path, const struct utimbuf *times)) {
    return (int)told(sys_utime(path, times));
}

HOOK(int, truncate, (const char *path, off_t length)) {
    return (int)told(sys_truncate(path, length));
}
