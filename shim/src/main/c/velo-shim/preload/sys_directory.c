#include "answer.h"
#include "reach.h"

#include <string.h>
#include <sys/syscall.h>

long sys_getcwd(char *out, size_t room) {
    if (shim_virtual()) {
        if (room > 0 && !memory_writable(out, room < PATH_MAX ? room : PATH_MAX)) {
            return -EFAULT;
        }
        long result = call_getcwd(&shim.caller, out, room);
        if (result != PASS) {
            return result;
        }
    }
    return RAW2(SYS_getcwd, out, room);
}

static long change(const char *path, node_id *node) {
    char elsewhere[PATH_MAX];
    ANSWER(call_chdir(caller, AT_FDCWD, path, node, elsewhere), REACH1(SYS_chdir, PATH(path)));
}

long sys_chdir(const char *path) {
    if (!shim_virtual()) {
        return RAW1(SYS_chdir, path);
    }
    long length = path_length(path);
    if (length <= 0) {
        return length == 0 ? -ENOENT : length;
    }
    node_id node = NO_NODE;
    long result = change(path, &node);
    if (result == 0) {
        process_moved(node);
    }
    return result;
}

/* The descriptor is a real directory in any case; what it stands for is seen in its inode. */
long sys_fchdir(int fd) {
    node_id node = NO_NODE;
    if (shim_virtual()) {
        long error = world_descriptor(&shim.caller, fd, &node);
        if (error < 0) {
            return error;
        }
    }
    long result = RAW1(SYS_fchdir, fd);
    if (result == 0 && shim_virtual()) {
        process_moved(node);
    }
    return result;
}

/* What is no directory is told as of any other. */
static long root_at(const char *path, node_id *node) {
    char elsewhere[PATH_MAX];
    ANSWER(call_chdir(caller, AT_FDCWD, path, node, elsewhere),
           *node != NO_NODE ? -EPERM : RAW1(SYS_chroot, PATH(path)));
}

/* Behind another root the tree's prefix and its files mean nothing. */
long sys_chroot(const char *path) {
    node_id node = NO_NODE;
    if (!shim_virtual()) {
        return RAW1(SYS_chroot, path);
    }
    long length = path_length(path);
    return length > 0 ? root_at(path, &node) : length == 0 ? -ENOENT : length;
}

long sys_getdents64(int fd, void *out, size_t room) {
    if (shim_virtual()) {
        const bool writable = memory_writable(out, room < 4096 ? room : 4096);
        long result = call_getdents(&shim.caller, fd, writable ? out : NULL, writable ? room : 0);
        if (result != PASS) {
            /* At the end nothing is written. */
            return !writable && result == -EINVAL ? -EFAULT : result;
        }
    }
    return RAW3(SYS_getdents64, fd, out, room);
}

/*
 * Both forms of a record are of one length: the older one has the name one byte earlier, and the type behind
 * everything else.
 */
long sys_getdents(int fd, void *out, size_t room) {
    enum { LENGTH = 16, TYPE = 18, NAME = 19 };
    long result = sys_getdents64(fd, out, room);
    for (long at = 0; at < result;) {
        unsigned short length;
        char *record = (char *)out + at;
        memcpy(&length, record + LENGTH, sizeof length);
        char type = record[TYPE];
        memmove(record + TYPE, record + NAME, (size_t)length - NAME);
        record[length - 1] = type;
        at += length;
    }
    return result;
}

long sys_umask(unsigned mask) {
    long before = RAW1(SYS_umask, mask);
    if (shim_virtual()) {
        process_umask(mask);
    }
    return before;
}
