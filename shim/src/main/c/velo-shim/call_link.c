#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "watching.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A file of O_TMPFILE gets its name in files/ first. A file that lost its last name has none to get back. */
static long name_unnamed(struct caller *c, const struct target *from) {
    struct real_path open, path;
    if (from->is.links != 0) {
        return 0;
    }
    if (from->fd < 0 || from->is.backing != BACKING_UPPER) {
        return -ENOENT;
    }
    real_descriptor(from->fd, &open);
    real_file(c->world, from->node, &path);
    long result =
        KERNEL5(c->world->kernel, SYS_linkat, AT_FDCWD, open.text, AT_FDCWD, path.text, AT_SYMLINK_FOLLOW);
    return result == -EEXIST ? 0 : result;
}

/* proc_sys_fs(5), protected_hardlinks: asked for only where it matters. */
static bool are_protected(const struct kernel *kernel) {
    char value = '0';
    const long fd =
        KERNEL4(kernel, SYS_openat, AT_FDCWD, "/proc/sys/fs/protected_hardlinks", O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        (void)KERNEL3(kernel, SYS_read, fd, &value, 1);
        (void)KERNEL1(kernel, SYS_close, fd);
    }
    return value != '0';
}

/* A file of another user must be an ordinary one without set-id bits that may be read and written. */
static long may_link(struct caller *c, const struct target *from) {
    struct standing owner;
    const long result = standing(c, from->node, &owner);
    if (result < 0 || owner.owns) {
        /* What has no name any more was opened by whoever links it. */
        return result == -ENOENT && from->fd >= 0 ? 0 : result;
    }
    const unsigned lends = S_ISGID | S_IXGRP;
    const bool safe = S_ISREG(owner.of.mode) && (owner.of.mode & S_ISUID) == 0 &&
                      (owner.of.mode & lends) != lends && world_permits_owned(c, &owner.of, 6, false) == 0;
    return safe || !are_protected(c->world->kernel) ? 0 : -EPERM;
}

static long link_node(struct caller *c, const struct target *from, const struct target *to) {
    long result = may_link(c, from);
    if (result == 0) {
        result = may_make(c, to, false);
    }
    if (result == 0 && from->is.type == NODE_DIRECTORY) {
        result = -EPERM;
    }
    if (result == 0) {
        result = name_unnamed(c, from);
    }
    if (result == 0) {
        result = tree_link(&c->world->tree, from->node, to->parent, to->name, to->name_length);
    }
    if (result == 0) {
        watch_made(c->world, to, false);
        touch_real(c->world, from->node);
    }
    return result;
}

long call_link(struct caller *c, int at, const char *path, int to_at, const char *to, int flags,
               char *elsewhere, char *to_elsewhere) {
    struct target from, target;
    unsigned how = (flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : RESOLVE_KEEP_LINK;
    long first = ask(c, at, path, how_of(flags, how | RESOLVE_CHANGES), elsewhere, &from);
    long second = ask(c, to_at, to, RESOLVE_PLACE, to_elsewhere, &target);
    if (first == PASS && second == PASS) {
        return PASS;
    }
    if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
        return -EINVAL;
    }
    if (first != 0 && first != PASS) {
        return first;
    }
    if (second != 0 && second != PASS) {
        return second;
    }
    if (second == 0) {
        long result = may_make(c, &target, false);
        if (result == -EEXIST || result == -ENOENT) {
            return result;
        }
    }
    return first == PASS || second == PASS ? -EXDEV : link_node(c, &from, &target);
}
