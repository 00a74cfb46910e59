#include "refusal.h"

#include <sys/mount.h>
#include <sys/syscall.h>

bool is_refused(int at, const char *path) {
    const bool itself =
        at >= 0 ? !path || (memory_readable(path, 1) && !*path) : path && memory_readable(path, 1) && !*path;
    node_id node = NO_NODE;
    if (!itself) {
        return path && path_is_virtual(at, path);
    }
    return shim_virtual() && world_descriptor(&shim.caller, at, &node) == 0 && node != NO_NODE;
}

long refused_at(int at, const char *path, long number, long a, long b, long c, long d, long e) {
    return is_refused(at, path) ? -EPERM : RAW5(number, a, b, c, d, e);
}

long refused(int at, const char *path, long number, long a, long b, long c, long d, long e) {
    return path && path_is_virtual(at, path) ? -EPERM : RAW5(number, a, b, c, d, e);
}

long refused_either(const char *path, const char *other, long number, long a, long b, long c, long d,
                    long e) {
    return path && path_is_virtual(AT_FDCWD, path) ? -EPERM : refused(AT_FDCWD, other, number, a, b, c, d, e);
}

/* The source is a path where it is a directory, or names a file system's place: any word else. */
long refused_mount(const char *source, const char *target, long type, unsigned long flags, long data) {
    const bool names =
        source && memory_readable(source, 1) && (flags & (MS_BIND | MS_MOVE) || *source == '/');
    return refused_either(names ? source : NULL, target, SYS_mount, (long)source, (long)target, type,
                          (long)flags, data);
}

HOOK(int, mount,
     (const char *source, const char *target, const char *type, unsigned long flags, const void *data)) {
    return (int)told(refused_mount(source, target, (long)type, flags, (long)data));
}

HOOK(int, umount, (const char *path)) {
    return (int)told(refused(AT_FDCWD, path, SYS_umount2, (long)path, 0, 0, 0, 0));
}

HOOK(int, umount2, (const char *path, int flags)) {
    return (int)told(refused(AT_FDCWD, path, SYS_umount2, (long)path, flags, 0, 0, 0));
}

HOOK(int, pivot_root, (const char *root, const char *old)) {
    return (int)told(refused_either(root, old, SYS_pivot_root, (long)root, (long)old, 0, 0, 0));
}

HOOK(int, open_tree, (int at, const char *path, unsigned flags)) {
    return (int)told(refused_at(at, path, 428, at, (long)path, (long)flags, 0, 0));
}

HOOK(int, move_mount, (int at, const char *path, int to_at, const char *to, unsigned flags)) {
    if (is_refused(at, path)) {
        return (int)told(-EPERM);
    }
    return (int)told(refused_at(to_at, to, 429, at, (long)path, to_at, (long)to, (long)flags));
}

HOOK(int, fspick, (int at, const char *path, unsigned flags)) {
    return (int)told(refused_at(at, path, 433, at, (long)path, (long)flags, 0, 0));
}

HOOK(int, mount_setattr, (int at, const char *path, unsigned flags, void *attributes, size_t size)) {
    return (int)told(refused_at(at, path, 442, at, (long)path, (long)flags, (long)attributes, (long)size));
}

HOOK(int, swapon, (const char *path, int flags)) {
    return (int)told(refused(AT_FDCWD, path, SYS_swapon, (long)path, flags, 0, 0, 0));
}

HOOK(int, swapoff, (const char *path)) {
    return (int)told(refused(AT_FDCWD, path, SYS_swapoff, (long)path, 0, 0, 0, 0));
}

HOOK(int, acct, (const char *path)) {
    return (int)told(refused(AT_FDCWD, path, SYS_acct, (long)path, 0, 0, 0, 0));
}

HOOK(int, quotactl, (int command, const char *path, int id, void *address)) {
    return (int)told(refused(AT_FDCWD, path, SYS_quotactl, command, (long)path, id, (long)address, 0));
}
