#include "answers.h"

#include "../numbers.h"
#include "namespaces.h"

#include <errno.h>
#include <sys/time.h>
#include <utime.h>

/* An O_PATH descriptor is none to calls that take a descriptor alone. */
static long descriptor_check(int fd) {
    int own = call_descriptor(fd);
    long flags = own < 0 ? -EBADF : RAW(SYS_fcntl, own, F_GETFL);
    return flags < 0 ? flags : (flags & O_PATH) != 0 ? -EBADF : 0;
}

static long chmod_host(const char *host, unsigned mode, int flags) {
    return flags == 0 ? RAW(SYS_fchmodat, AT_FDCWD, host, mode)
                      : RAW(SYS_fchmodat2, AT_FDCWD, host, mode, flags);
}

static long chmod_here(int at, const char *path, unsigned mode, int flags) {
    char elsewhere[PATH_MAX];
    ANSWER(call_chmod(&served->caller, call_directory(at, path), path, mode, flags, elsewhere),
           chmod_host(host, mode, flags));
}

long sys_fchmodat(int at, remote path, unsigned mode, int flags) {
    char local[PATH_MAX];
    PATH_IN(local, path);
    return chmod_here(at, local, mode, flags);
}

long sys_fchmod(int fd, unsigned mode) {
    long error = descriptor_check(fd);
    return error < 0 ? error : chmod_here(fd, "", mode, AT_EMPTY_PATH);
}

static long chown_here(int at, const char *path, uint32_t uid, uint32_t gid, int flags) {
    char elsewhere[PATH_MAX];
    const long error = owners_take(&uid, &gid);
    if (error < 0) {
        return error;
    }
    ANSWER(call_chown(&served->caller, call_directory(at, path), path, uid, gid, flags, elsewhere),
           RAW(SYS_fchownat, AT_FDCWD, host, uid, gid, flags));
}

long sys_fchownat(int at, remote path, uint32_t uid, uint32_t gid, int flags) {
    char local[PATH_MAX];
    PATH_IN(local, path);
    return chown_here(at, local, uid, gid, flags);
}

long sys_fchown(int fd, uint32_t uid, uint32_t gid) {
    long error = descriptor_check(fd);
    return error < 0 ? error : chown_here(fd, "", uid, gid, AT_EMPTY_PATH);
}

static long utimens_here(int at, const char *path, const struct timespec *times, int flags) {
    char elsewhere[PATH_MAX];
    ANSWER(call_utimens(&served->caller, call_directory(at, path), path, times, flags, elsewhere),
           RAW(SYS_utimensat, AT_FDCWD, host, times, flags));
}

/* times are copied already. */
static long change_times(int at, remote path, const struct timespec *times, int flags) {
    char local[PATH_MAX];
    if (path != NULL || at == AT_FDCWD) {
        PATH_IN(local, path);
        return utimens_here(at, local, times, flags);
    }
    long error = descriptor_check(at);
    return error < 0 ? error : utimens_here(at, "", times, flags | AT_EMPTY_PATH);
}

long sys_utimensat(int at, remote path, remote times, int flags) {
    struct timespec copy[2];
    if (times != NULL && copy_in(copy, times, sizeof copy) != 0) {
        return -EFAULT;
    }
    return change_times(at, path, times == NULL ? NULL : copy, flags);
}

long sys_utimes(int at, remote path, remote times, int flags) {
    struct timeval given[2];
    struct timespec copy[2];
    if (times == NULL) {
        return change_times(at, path, NULL, flags);
    }
    if (copy_in(given, times, sizeof given) != 0) {
        return -EFAULT;
    }
    for (int i = 0; i < 2; i++) {
        if (given[i].tv_usec < 0 || given[i].tv_usec >= 1000000) {
            return -EINVAL;
        }
        copy[i] = (struct timespec){given[i].tv_sec, given[i].tv_usec * 1000};
    }
    return change_times(at, path, copy, flags);
}

long sys_utime(remote path, remote times) {
    struct utimbuf given;
    if (times == NULL) {
        return change_times(AT_FDCWD, path, NULL, 0);
    }
    if (copy_in(&given, times, sizeof given) != 0) {
        return -EFAULT;
    }
    const struct timespec copy[2] = {{given.actime, 0}, {given.modtime, 0}};
    return change_times(AT_FDCWD, path, copy, 0);
}

/* The core starts relative paths at AT_FDCWD, which the current directory is. */
long sys_truncate(remote path, int64_t length) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    if (length < 0) {
        return -EINVAL;
    }
    PATH_IN(local, path);
    if (call_directory(AT_FDCWD, local) == -1) {
        return CONTINUE;
    }
    ANSWER(call_truncate(&served->caller, local, length, elsewhere), RAW(SYS_truncate, host, length));
}
