/* System calls and structures that a C library may be too old to declare; values of the kernel's own
 * interface. */
#ifndef VELO_KERNEL_H
#define VELO_KERNEL_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

enum {
    K_FSOPEN_CLOEXEC = 1,
    K_FSMOUNT_CLOEXEC = 1,
    K_FSCONFIG_FLAG = 0,
    K_FSCONFIG_STRING = 1,
    K_FSCONFIG_CREATE = 6
};
enum { K_OPEN_TREE_CLONE = 1, K_MOVE_FROM_EMPTY = 0x4, K_MOVE_TO_EMPTY = 0x40, K_AT_RECURSIVE = 0x8000 };
enum { K_ATTR_RDONLY = 1, K_ATTR_NOSUID = 2, K_ATTR_NODEV = 4, K_ATTR_NOEXEC = 8 };
enum {
    K_RESOLVE_NO_MAGICLINKS = 2,
    K_RESOLVE_NO_SYMLINKS = 4,
    K_RESOLVE_BENEATH = 8,
    K_RESOLVE_IN_ROOT = 0x10
};

/* struct clone_args of Linux 5.7 */
struct k_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
        cgroup;
};
#define K_CLONE_INTO_CGROUP 0x200000000ULL

enum { K_LANDLOCK_SCOPE_ABSTRACT_UNIX = 1, K_LANDLOCK_SCOPE_SIGNAL = 2 };

struct k_landlock_ruleset {
    uint64_t files, network, scoped;
};

struct k_open_how {
    uint64_t flags, mode, resolve;
};

/* The two words of struct statx that are asked for. */
struct k_statx {
    uint64_t begin;
    uint64_t attributes;
    uint64_t middle[5];
    uint64_t attributes_mask;
    uint64_t end[24];
};
enum { K_STATX_MOUNT_ROOT = 0x2000 };

struct k_mount_attr {
    uint64_t attr_set, attr_clr, propagation, userns_fd;
};

static inline int k_fsopen(const char *type) {
    return (int)syscall(SYS_fsopen, type, K_FSOPEN_CLOEXEC);
}
static inline int k_fsconfig(int context, unsigned command, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, command, key, value, 0);
}
static inline int k_fsmount(int context, unsigned long attributes) {
    return (int)syscall(SYS_fsmount, context, K_FSMOUNT_CLOEXEC, attributes);
}
static inline int k_move_mount(int from, int to) {
    return (int)syscall(SYS_move_mount, from, "", to, "", K_MOVE_FROM_EMPTY | K_MOVE_TO_EMPTY);
}
/* On an entry of a directory; a link in its place is not followed. */
static inline int k_move_mount_at(int from, int dir, const char *name) {
    return (int)syscall(SYS_move_mount, from, "", dir, name, K_MOVE_FROM_EMPTY);
}
static inline int k_open_tree(int dir, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, dir, path, flags);
}
static inline int k_mount_setattr(int mount, unsigned flags, const struct k_mount_attr *attr) {
    return (int)syscall(SYS_mount_setattr, mount, "", flags | 0x1000U /* AT_EMPTY_PATH */, attr,
                        sizeof *attr);
}
static inline int k_openat2(int dir, const char *path, const struct k_open_how *how) {
    return (int)syscall(SYS_openat2, dir, path, how, sizeof *how);
}
static inline int k_statx(const char *path, struct k_statx *status) {
    return (int)syscall(SYS_statx, AT_FDCWD, path, 0, 0U, status);
}
static inline int k_close_range(unsigned first, unsigned last) {
    return (int)syscall(SYS_close_range, first, last, 0);
}

#endif
