#include "answers.h"

#include "../file_request.h"
#include "../numbers.h"
#include "namespaces.h"

#include <errno.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/statfs.h>

static long statx_here(int at, const char *path, int flags, unsigned mask, struct statx *out) {
    char elsewhere[PATH_MAX];
    ANSWER(call_statx(&served->caller, call_directory(at, path), path, flags, mask, out, elsewhere),
           RAW(SYS_statx, AT_FDCWD, host, flags, mask, out));
}

long sys_statx(int at, remote path, int flags, unsigned mask, remote out) {
    char local[PATH_MAX];
    struct statx state;
    memset(&state, 0, sizeof state);
    local[0] = 0;
    /* Linux 6.11: NULL is "". */
    if (path != NULL || (flags & AT_EMPTY_PATH) == 0) {
        PATH_IN(local, path);
    }
    long result = statx_here(at, local, flags, mask, &state);
    if (result == 0) {
        owners_tell(&state.stx_uid, &state.stx_gid);
    }
    return result == 0 ? copy_out(out, &state, sizeof state) : result;
}

static long state_out(long result, struct statx *from, remote out) {
    struct stat state;
    if (result != 0) {
        return result;
    }
    owners_tell(&from->stx_uid, &from->stx_gid);
    stat_of_statx(from, &state);
    return copy_out(out, &state, sizeof state);
}

/* The kernel's structure is that of the C library on machines of 64 bits. */
long sys_fstatat(int at, remote path, remote out, int flags) {
    char local[PATH_MAX];
    struct statx state;
    PATH_IN(local, path);
    return state_out(statx_here(at, local, flags, STATX_BASIC_STATS, &state), &state, out);
}

long sys_fstat(int fd, remote out) {
    struct statx state;
    return state_out(statx_here(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &state), &state, out);
}

/* Before Linux 5.8 there was no call with flags, which stands for the real ids. */
static long access_host(const char *host, int mode, int flags) {
    return flags == 0 ? RAW(SYS_faccessat, AT_FDCWD, host, mode)
                      : RAW(SYS_faccessat2, AT_FDCWD, host, mode, flags);
}

long sys_faccessat(int at, remote path, int mode, int flags) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    PATH_IN(local, path);
    ANSWER(call_access(&served->caller, call_directory(at, local), local, mode, flags, elsewhere),
           access_host(host, mode, flags));
}

static long target_here(int at, const char *path, char *target, size_t room) {
    char elsewhere[PATH_MAX];
    ANSWER(call_readlink(&served->caller, call_directory(at, path), path, target, room, elsewhere),
           RAW(SYS_readlinkat, AT_FDCWD, host, target, room));
}

long sys_readlinkat(int at, remote path, remote out, size_t room) {
    char local[PATH_MAX], target[PATH_MAX];
    PATH_IN(local, path);
    if (room == 0 || room > INT_MAX) {
        return -EINVAL;
    }
    long length = target_here(at, local, target, room < sizeof target ? room : sizeof target);
    if (length <= 0) {
        return length;
    }
    long error = copy_out(out, target, (size_t)length);
    return error < 0 ? error : length;
}

static long statfs_here(int at, const char *path, struct statfs *out) {
    char elsewhere[PATH_MAX];
    ANSWER(call_statfs(&served->caller, call_directory(at, path), path, out, elsewhere),
           RAW(SYS_statfs, host, out));
}

static long statfs_out(int at, const char *path, remote out) {
    struct statfs state;
    long result = statfs_here(at, path, &state);
    return result == 0 ? copy_out(out, &state, sizeof state) : result;
}

long sys_statfs(remote path, remote out) {
    char local[PATH_MAX];
    PATH_IN(local, path);
    return local[0] == 0 ? -ENOENT : statfs_out(AT_FDCWD, local, out);
}

long sys_fstatfs(int fd, remote out) {
    return fd < 0 ? -EBADF : statfs_out(fd, "", out);
}

long sys_ioctl(int fd, unsigned long request, remote argument) {
    node_id node;
    (void)argument;
    if (!file_request_acts((unsigned)request)) {
        return CONTINUE;
    }
    int own = call_descriptor(fd);
    bool of_tree = own >= 0 && world_descriptor(&served->caller, own, &node) == 0 && node != NO_NODE;
    return of_tree ? -ENOTTY : CONTINUE;
}
