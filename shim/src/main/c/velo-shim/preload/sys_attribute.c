#include "answer.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static long kernel_chmod(int at, const char *path, unsigned mode, int flags) {
    return flags == 0 ? RAW3(SYS_fchmodat, at, path, mode) : RAW4(SYS_fchmodat2, at, path, mode, flags);
}

long sys_fchmodat(int at, const char *path, unsigned mode, int flags) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0) {
            return result;
        }
        ANSWER(call_chmod(caller, at, path, mode, flags, elsewhere),
               kernel_chmod(AT(at), PATH(path), mode, flags));
    }
    return kernel_chmod(AT(at), PATH(path), mode, flags);
}

long sys_fchmod(int fd, unsigned mode) {
    char elsewhere[PATH_MAX];
    if (shim_virtual()) {
        const long error = descriptor_check(fd);
        if (error < 0) {
            return error;
        }
        ANSWER(call_chmod(caller, fd, "", mode, AT_EMPTY_PATH, elsewhere), RAW2(SYS_fchmod, fd, mode));
    }
    return RAW2(SYS_fchmod, fd, mode);
}

long sys_fchownat(int at, const char *path, uint32_t uid, uint32_t gid, int flags) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0) {
            return result;
        }
        ANSWER(call_chown(caller, at, path, uid, gid, flags, elsewhere),
               RAW5(SYS_fchownat, AT(at), PATH(path), uid, gid, flags));
    }
    return RAW5(SYS_fchownat, AT(at), PATH(path), uid, gid, flags);
}

long sys_fchown(int fd, uint32_t uid, uint32_t gid) {
    char elsewhere[PATH_MAX];
    if (shim_virtual()) {
        const long error = descriptor_check(fd);
        if (error < 0) {
            return error;
        }
        ANSWER(call_chown(caller, fd, "", uid, gid, AT_EMPTY_PATH, elsewhere),
               RAW3(SYS_fchown, fd, uid, gid));
    }
    return RAW3(SYS_fchown, fd, uid, gid);
}

long sys_utimensat(int at, const char *path, const struct timespec *times, int flags) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        const char *named = path ? path : "";
        long result = path || at == AT_FDCWD ? path_length(named) : descriptor_check(at);
        if (result < 0) {
            return result;
        }
        if (times && !memory_readable(times, 2 * sizeof *times)) {
            return -EFAULT;
        }
        ANSWER(call_utimens(caller, at, named, times, path ? flags : flags | AT_EMPTY_PATH, elsewhere),
               RAW4(SYS_utimensat, AT(at), PATH(path), times, flags));
    }
    return RAW4(SYS_utimensat, AT(at), PATH(path), times, flags);
}

long sys_utimes(int at, const char *path, const struct timeval *times, int flags) {
    struct timespec converted[2];
    if (!times) {
        return sys_utimensat(at, path, NULL, flags);
    }
    if (!memory_readable(times, 2 * sizeof *times)) {
        return -EFAULT;
    }
    for (int i = 0; i < 2; i++) {
        if (times[i].tv_usec < 0 || times[i].tv_usec >= 1000000) {
            return -EINVAL;
        }
        converted[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    }
    return sys_utimensat(at, path, converted, flags);
}

long sys_utime(const char *path, const struct utimbuf *times) {
    if (!times) {
        return sys_utimensat(AT_FDCWD, path, NULL, 0);
    }
    if (!memory_readable(times, sizeof *times)) {
        return -EFAULT;
    }
    struct timespec converted[2] = {{times->actime, 0}, {times->modtime, 0}};
    return sys_utimensat(AT_FDCWD, path, converted, 0);
}

/* What the kernel says of the length comes before what it says of the path. */
long sys_truncate(const char *path, int64_t length) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (length < 0) {
        return -EINVAL;
    }
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0) {
            return result;
        }
        ANSWER(call_truncate(caller, path, length, elsewhere), RAW2(SYS_truncate, PATH(path), length));
    }
    return RAW2(SYS_truncate, PATH(path), length);
}
