#include "answer.h"
#include "host_path.h"
#include "maps.h"
#include "quick.h"
#include "shown_path.h"

#include <linux/openat2.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

static bool bad_path(const char *path, long *error) {
    long length = path_length(path);
    *error = length;
    return length < 0;
}

__attribute__((noinline)) long answer_openat(int at, const char *path, int flags, unsigned mode) {
    char elsewhere[PATH_MAX];
    long result;
    elsewhere[0] = 0;
    if (shim_virtual()) {
        if (bad_path(path, &result)) {
            return result;
        }
        if ((result = maps_open(at, path, flags)) != PASS) {
            return result;
        }
        ANSWER(call_open(caller, at, path, flags, mode, elsewhere),
               RAW4(SYS_openat, AT(at), PATH(path), flags, mode));
    }
    return RAW4(SYS_openat, AT(at), PATH(path), flags, mode);
}

long sys_openat(int at, const char *path, int flags, unsigned mode) {
    return quick_openat(at, path, flags, mode);
}

/* Fields that this library does not know must be zero, as for a kernel that does not know them. */
static long copy_how(const void *how, size_t size, struct open_how *out) {
    if (size < sizeof *out) {
        return -EINVAL;
    }
    if (size > 4096) {
        return -E2BIG;
    }
    if (!memory_readable(how, size)) {
        return -EFAULT;
    }
    const uint8_t *bytes = how;
    for (size_t i = sizeof *out; i < size; i++) {
        if (bytes[i] != 0) {
            return -E2BIG;
        }
    }
    memcpy(out, how, sizeof *out);
    return 0;
}

long sys_openat2(int at, const char *path, const void *how, size_t size) {
    char elsewhere[PATH_MAX];
    struct open_how copy;
    long result;
    elsewhere[0] = 0;
    if (shim_virtual()) {
        if ((result = copy_how(how, size, &copy)) < 0 || bad_path(path, &result)) {
            return result;
        }
        ANSWER(call_open2(caller, at, path, &copy, elsewhere),
               RAW4(SYS_openat2, AT(at), PATH(path), how, size));
    }
    return RAW4(SYS_openat2, AT(at), PATH(path), how, size);
}

static __attribute__((noinline)) long answer_statx(int at, const char *path, int flags, unsigned mask,
                                                   struct statx *out) {
    char elsewhere[PATH_MAX];
    long result;
    elsewhere[0] = 0;
    if (shim_virtual()) {
        /* Linux 6.11: NULL is "". */
        const char *named = !path && flags & AT_EMPTY_PATH ? "" : path;
        if (bad_path(named, &result)) {
            return result;
        }
        if (!memory_writable(out, sizeof *out)) {
            return -EFAULT;
        }
        ANSWER(call_statx(caller, at, named, flags, mask, out, elsewhere),
               RAW5(SYS_statx, AT(at), PATH(path), flags, mask, out));
    }
    return RAW5(SYS_statx, AT(at), PATH(path), flags, mask, out);
}

long sys_statx(int at, const char *path, int flags, unsigned mask, struct statx *out) {
    ANSWER_HOST(path, RAW5(SYS_statx, at, path, flags, mask, out));
    return answer_statx(at, path, flags, mask, out);
}

static long state_in_tree(struct caller *caller, int at, const char *path, int flags, struct stat *out,
                          char *elsewhere) {
    struct statx answer;
    long result = call_statx(caller, at, path, flags, STATX_BASIC_STATS, &answer, elsewhere);
    if (result == 0) {
        stat_of_statx(&answer, out);
    }
    return result;
}

static __attribute__((noinline)) long answer_fstatat_slowly(int at, const char *path, struct stat *out,
                                                            int flags) {
    char elsewhere[PATH_MAX];
    long result;
    elsewhere[0] = 0;
    if (shim_virtual()) {
        if (bad_path(path, &result)) {
            return result;
        }
        if (!memory_writable(out, sizeof *out)) {
            return -EFAULT;
        }
        ANSWER(state_in_tree(caller, at, path, flags, out, elsewhere),
               RAW4(SYS_newfstatat, AT(at), PATH(path), out, flags));
    }
    return RAW4(SYS_newfstatat, AT(at), PATH(path), out, flags);
}

__attribute__((noinline)) long answer_fstatat(int at, const char *path, struct stat *out, int flags) {
    struct shown_path shown;
    if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) == 0 && is_shown_path(path, &shown) &&
        is_known_writable(out, sizeof *out)) {
        const long result = call_glance(&shim.world, shown.rest, shown.length, out);
        if (result != PASS) {
            return result;
        }
    }
    return answer_fstatat_slowly(at, path, out, flags);
}

long sys_fstatat(int at, const char *path, struct stat *out, int flags) {
    return quick_fstatat(at, path, out, flags);
}

/* The kernel is asked first: most descriptors are of the host, and its answer tells which. */
long sys_fstat(int fd, struct stat *out) {
    char elsewhere[PATH_MAX];
    if (!shim_virtual()) {
        return RAW2(SYS_fstat, fd, out);
    }
    long result = RAW2(SYS_fstat, fd, out);
    if (result != 0 || world_inode(&shim.caller, fd, out) == NO_NODE) {
        return result;
    }
    elsewhere[0] = 0;
    struct stat state = *out;
    result = state_in_tree(&shim.caller, fd, "", AT_EMPTY_PATH, out, elsewhere);
    if (result == PASS) {
        *out = state;
    }
    return result == PASS ? 0 : result;
}

/* Kernels before 5.8 have no call with flags, and answer for the real ids. */
static long kernel_access(int at, const char *path, int mode, int flags) {
    return flags == 0 ? RAW3(SYS_faccessat, at, path, mode) : RAW4(SYS_faccessat2, at, path, mode, flags);
}

__attribute__((noinline)) long answer_faccessat(int at, const char *path, int mode, int flags) {
    char elsewhere[PATH_MAX];
    long result;
    elsewhere[0] = 0;
    if (shim_virtual()) {
        if (bad_path(path, &result)) {
            return result;
        }
        ANSWER(call_access(caller, at, path, mode, flags, elsewhere),
               kernel_access(AT(at), PATH(path), mode, flags));
    }
    return kernel_access(AT(at), PATH(path), mode, flags);
}

long sys_faccessat(int at, const char *path, int mode, int flags) {
    ANSWER_HOST(path, kernel_access(at, path, mode, flags));
    return answer_faccessat(at, path, mode, flags);
}

/* Only what is written must be writable: more room may be named than there is. */
static long target_in_tree(struct caller *caller, int at, const char *path, char *out, size_t room,
                           char *elsewhere) {
    char target[PATH_MAX];
    long length =
        call_readlink(caller, at, path, target, room < sizeof target ? room : sizeof target, elsewhere);
    if (length <= 0) {
        return length;
    }
    if (!memory_writable(out, (size_t)length)) {
        return -EFAULT;
    }
    memcpy(out, target, (size_t)length);
    return length;
}

static __attribute__((noinline)) long answer_readlinkat(int at, const char *path, char *out, size_t room) {
    char elsewhere[PATH_MAX];
    long result;
    elsewhere[0] = 0;
    if (shim_virtual()) {
        if (bad_path(path, &result)) {
            return result;
        }
        if (room == 0 || room > INT_MAX) {
            return -EINVAL;
        }
        ANSWER(target_in_tree(caller, at, path, out, room, elsewhere),
               RAW4(SYS_readlinkat, AT(at), PATH(path), out, room));
    }
    return RAW4(SYS_readlinkat, AT(at), PATH(path), out, room);
}

long sys_readlinkat(int at, const char *path, char *out, size_t room) {
    ANSWER_HOST(path, QUICK4(SYS_readlinkat, at, path, out, room));
    return answer_readlinkat(at, path, out, room);
}

long sys_statfs(const char *path, struct statfs *out) {
    char elsewhere[PATH_MAX];
    long result;
    elsewhere[0] = 0;
    if (shim_virtual()) {
        if (bad_path(path, &result)) {
            return result;
        }
        if (path[0] == 0) {
            return -ENOENT;
        }
        if (!memory_writable(out, sizeof *out)) {
            return -EFAULT;
        }
        ANSWER(call_statfs(caller, AT_FDCWD, path, out, elsewhere), RAW2(SYS_statfs, PATH(path), out));
    }
    return RAW2(SYS_statfs, PATH(path), out);
}

long sys_fstatfs(int fd, struct statfs *out) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        if (!memory_writable(out, sizeof *out)) {
            return -EFAULT;
        }
        ANSWER(call_statfs(caller, fd, "", out, elsewhere), RAW2(SYS_fstatfs, fd, out));
    }
    return RAW2(SYS_fstatfs, fd, out);
}

long real_path(int at, const char *path, unsigned how, char *elsewhere) {
    struct caller caller = shim.caller;
    long result;
    elsewhere[0] = 0;
    if (!shim_virtual()) {
        return PASS;
    }
    if (bad_path(path, &result)) {
        return result;
    }
    caller.again = world_expects_host_links(&shim.world);
    return call_real_path(&caller, at, path, how, elsewhere);
}

bool path_is_virtual(int at, const char *path) {
    char room[PATH_MAX];
    struct target target;
    struct caller caller = shim.caller;
    unsigned how = RESOLVE_MAY_LACK | RESOLVE_NO_SEARCH | RESOLVE_AGAIN;
    if (!shim_virtual() || path_length(path) < 0) {
        return false;
    }
    target.room = room;
    return resolve(&caller, at, path, how, &target) == 0 && target.kind == TARGET_TREE;
}
