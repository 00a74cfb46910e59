#include "sys.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define AT(at) (elsewhere[0] ? AT_FDCWD : (at))
#define PATH(path) (elsewhere[0] ? elsewhere : (path))

long sys_fchmodat(int at, const char *path, unsigned mode, int flags) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0)
            return result;
        if ((result = call_chmod(&shim.caller, at, path, mode, flags, elsewhere)) != PASS)
            return result;
    }
    if (flags == 0)
        return RAW3(SYS_fchmodat, AT(at), PATH(path), mode);
    return RAW4(SYS_fchmodat2, AT(at), PATH(path), mode, flags);
}

long sys_fchmod(int fd, unsigned mode) {
    char elsewhere[PATH_MAX];
    if (shim_virtual()) {
        long result = call_chmod(&shim.caller, fd, "", mode, AT_EMPTY_PATH, elsewhere);
        if (result != PASS)
            return result;
    }
    return RAW2(SYS_fchmod, fd, mode);
}

long sys_fchownat(int at, const char *path, uint32_t uid, uint32_t gid, int flags) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0)
            return result;
        if ((result = call_chown(&shim.caller, at, path, uid, gid, flags, elsewhere)) != PASS)
            return result;
    }
    return RAW5(SYS_fchownat, AT(at), PATH(path), uid, gid, flags);
}

long sys_fchown(int fd, uint32_t uid, uint32_t gid) {
    char elsewhere[PATH_MAX];
    if (shim_virtual()) {
        long result = call_chown(&shim.caller, fd, "", uid, gid, AT_EMPTY_PATH, elsewhere);
        if (result != PASS)
            return result;
    }
    return RAW3(SYS_fchown, fd, uid, gid);
}

long sys_utimensat(int at, const char *path, const struct timespec *times, int flags) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        const char *named = path ? path : "";
        long result = path_length(named);
        if (result < 0)
            return result;
        if (times && !memory_readable(times, 2 * sizeof *times))
            return -EFAULT;
        result = call_utimens(&shim.caller, at, named, times, path ? flags : flags | AT_EMPTY_PATH,
                              elsewhere);
        if (result != PASS)
            return result;
    }
    return RAW4(SYS_utimensat, AT(at), PATH(path), times, flags);
}

long sys_utimes(int at, const char *path, const struct timeval *times, int flags) {
    struct timespec converted[2];
    if (!times)
        return sys_utimensat(at, path, NULL, flags);
    if (!memory_readable(times, 2 * sizeof *times))
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if (times[i].tv_usec < 0 || times[i].tv_usec >= 1000000)
            return -EINVAL;
        converted[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    }
    return sys_utimensat(at, path, converted, flags);
}

long sys_utime(const char *path, const struct utimbuf *times) {
    if (!times)
        return sys_utimensat(AT_FDCWD, path, NULL, 0);
    if (!memory_readable(times, sizeof *times))
        return -EFAULT;
    struct timespec converted[2] = {{times->actime, 0}, {times->modtime, 0}};
    return sys_utimensat(AT_FDCWD, path, converted, 0);
}

long sys_truncate(const char *path, int64_t length) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0)
            return result;
        if ((result = call_truncate(&shim.caller, path, length, elsewhere)) != PASS)
            return result;
    }
    return RAW2(SYS_truncate, PATH(path), length);
}
