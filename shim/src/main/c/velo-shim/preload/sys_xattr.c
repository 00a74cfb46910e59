#include "answer.h"

#include <sys/syscall.h>

/* The kernel's twelve calls are four, in three forms: a path, a path whose link is not followed, a
 * descriptor. */
static long form(const char *path, int flags, long follow, long keep, long descriptor) {
    return !path ? descriptor : flags & AT_SYMLINK_NOFOLLOW ? keep : follow;
}

#define SUBJECT(at, path) (!(path) ? (long)(at) : (long)(elsewhere[0] ? elsewhere : (path)))
#define FLAGS(path, flags) ((path) ? (flags) : AT_EMPTY_PATH)
#define NAMED(path) ((path) ? (path) : "")
#define NAME_MOST 256

#define BAD ((const char *)1)

static long checked(int at, const char *path, const char *name) {
    long error = path ? path_length(path) : descriptor_check(at);
    if (error < 0) {
        return error;
    }
    if (name && (error = path_length(name)) < 0) {
        return error == -ENAMETOOLONG ? -ERANGE : error;
    }
    return name && (error == 0 || error >= NAME_MOST) ? -ERANGE : 0;
}

long sys_getxattr(int at, const char *path, int flags, const char *name, void *value, size_t size) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = checked(at, path, name ? name : BAD);
        if (result < 0) {
            return result;
        }
        if (size > 0 && !memory_writable(value, size)) {
            return -EFAULT;
        }
        ANSWER(call_getxattr(caller, at, NAMED(path), FLAGS(path, flags), name, value, size, elsewhere),
               RAW4(form(path, flags, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr), SUBJECT(at, path), name,
                    value, size));
    }
    return RAW4(form(path, flags, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr), SUBJECT(at, path), name, value,
                size);
}

long sys_setxattr(int at, const char *path, int flags, const char *name, const void *value, size_t size,
                  int how) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = checked(at, path, name ? name : BAD);
        if (result < 0) {
            return result;
        }
        if (size > 65536) {
            return -E2BIG;
        }
        if (size > 0 && !memory_readable(value, size)) {
            return -EFAULT;
        }
        ANSWER(call_setxattr(caller, at, NAMED(path), FLAGS(path, flags), name, value, size, how, elsewhere),
               RAW5(form(path, flags, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr), SUBJECT(at, path), name,
                    value, size, how));
    }
    return RAW5(form(path, flags, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr), SUBJECT(at, path), name, value,
                size, how);
}

long sys_listxattr(int at, const char *path, int flags, char *list, size_t size) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = checked(at, path, NULL);
        if (result < 0) {
            return result;
        }
        if (size > 0 && !memory_writable(list, size)) {
            return -EFAULT;
        }
        ANSWER(call_listxattr(caller, at, NAMED(path), FLAGS(path, flags), list, size, elsewhere),
               RAW3(form(path, flags, SYS_listxattr, SYS_llistxattr, SYS_flistxattr), SUBJECT(at, path), list,
                    size));
    }
    return RAW3(form(path, flags, SYS_listxattr, SYS_llistxattr, SYS_flistxattr), SUBJECT(at, path), list,
                size);
}

long sys_removexattr(int at, const char *path, int flags, const char *name) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = checked(at, path, name ? name : BAD);
        if (result < 0) {
            return result;
        }
        ANSWER(call_removexattr(caller, at, NAMED(path), FLAGS(path, flags), name, elsewhere),
               RAW2(form(path, flags, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr), SUBJECT(at, path),
                    name));
    }
    return RAW2(form(path, flags, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr), SUBJECT(at, path),
                name);
}
