#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

enum { XATTR_NAME_LENGTH = 255 };

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* Labels and lists of rights of the host's files would say nothing about the tree. */
static long check_name(const char *name) {
    size_t length = strnlen(name, XATTR_NAME_LENGTH + 1);
    if (length == 0 || length > XATTR_NAME_LENGTH) {
        return -ERANGE;
    }
    return begins(name, "security.") || begins(name, "system.") ? -EOPNOTSUPP : 0;
}

/* user.* is of files and directories alone. */
static bool can_have(const struct target *target, const char *name) {
    return target->is.type == NODE_FILE || target->is.type == NODE_DIRECTORY || !begins(name, "user.");
}

/* The kernel shows and gives these to nobody but root, whatever the permissions. */
static bool is_kept_from(struct caller *c, const char *name) {
    struct credentials who;
    if (!begins(name, "trusted.")) {
        return false;
    }
    c->credentials(c, false, &who);
    return !who.overrides;
}

/* A link's are those of the real link itself, while the path of another real file may be a link of /proc. */
static long by_type(const struct target *target, long following, long itself) {
    return target->is.type == NODE_LINK ? itself : following;
}

/* 1: there is no real file yet, so there are none. */
static long where_to_read(struct caller *c, const struct target *target, struct real_path *out) {
    struct stat status;
    if (target->is.backing == BACKING_BLOB) {
        return 1;
    }
    if (target->is.type == NODE_LINK) {
        real_file(c->world, target->node, out);
    } else if (target->is.type == NODE_DIRECTORY) {
        real_directory(c->world, target->node, out);
    } else {
        return real_standing(c->world, target->node, target->fd, out);
    }
    long result =
        KERNEL4(c->world->kernel, SYS_newfstatat, AT_FDCWD, out->text, &status, AT_SYMLINK_NOFOLLOW);
    return result == -ENOENT ? 1 : result;
}

/* What everybody may write to and only owners take away from is not everybody's to describe. */
static bool is_closed(struct caller *c, const struct target *target, const char *name) {
    struct standing owner;
    return target->is.type == NODE_DIRECTORY && (target->is.mode & S_ISVTX) != 0 && begins(name, "user.") &&
           standing(c, target->node, &owner) == 0 && !owner.owns;
}

static long where_to_write(struct caller *c, const struct target *target, const char *name,
                           struct real_path *out) {
    long result = check_name(name);
    if (result < 0) {
        return result;
    }
    if (!can_have(target, name) || is_kept_from(c, name)) {
        return -EPERM;
    }
    if (target->is.type == NODE_LINK) {
        return have_link(c->world, target->node, target->is.target, out);
    }
    result = is_closed(c, target, name) ? -EPERM : target_permits(c, target, 2, false);
    if (result < 0) {
        return result;
    }
    if (target->is.type == NODE_DIRECTORY) {
        return have_directory(c->world, target->node, out);
    }
    result = copy_up(c->world, target->node, UINT64_MAX);
    return result < 0 ? result : real_standing(c->world, target->node, target->fd, out);
}

/* The tree has the change time of what is not a real file. */
static long moved(struct caller *c, const struct target *target, long result) {
    bool own = target->is.type == NODE_DIRECTORY || target->is.type == NODE_LINK;
    return result == 0 && own ? tree_change(&c->world->tree, target->node, 0, &target->is) : result;
}

long call_getxattr(struct caller *c, int at, const char *path, int flags, const char *name, void *value,
                   size_t size, char *elsewhere) {
    struct target target;
    struct real_path real;
    long result = ask(c, at, path, how_of(flags, 0), elsewhere, &target);
    if (result == 0) {
        result = check_name(name);
    }
    if (result != 0) {
        return result;
    }
    if (!can_have(&target, name) || is_kept_from(c, name)) {
        return -ENODATA;
    }
    if (begins(name, "user.")) {
        result = target_permits(c, &target, 4, false);
    }
    if (result == 0) {
        result = where_to_read(c, &target, &real);
    }
    if (result != 0) {
        return result < 0 ? result : -ENODATA;
    }
    return KERNEL4(c->world->kernel, by_type(&target, SYS_getxattr, SYS_lgetxattr), real.text, name, value,
                   size);
}

long call_setxattr(struct caller *c, int at, const char *path, int flags, const char *name, const void *value,
                   size_t size, int how, char *elsewhere) {
    struct target target;
    struct real_path real;
    long result = ask(c, at, path, how_of(flags, RESOLVE_CHANGES), elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if ((how & ~(XATTR_CREATE | XATTR_REPLACE)) != 0) {
        return -EINVAL;
    }
    result = where_to_write(c, &target, name, &real);
    if (result < 0) {
        return result;
    }
    long call = by_type(&target, SYS_setxattr, SYS_lsetxattr);
    return moved(c, &target, KERNEL5(c->world->kernel, call, real.text, name, value, size, how));
}

/* What is kept on the real file and is not the tree's is not told. */
static long without_foreign(char *list, long length) {
    long kept = 0;
    for (long at = 0; at < length;) {
        long step = (long)strnlen(list + at, (size_t)(length - at)) + 1;
        if (check_name(list + at) == 0) {
            memmove(list + kept, list + at, (size_t)step);
            kept += step;
        }
        at += step;
    }
    return kept;
}

long call_listxattr(struct caller *c, int at, const char *path, int flags, char *list, size_t size,
                    char *elsewhere) {
    struct target target;
    struct real_path real;
    long result = ask(c, at, path, how_of(flags, 0), elsewhere, &target);
    if (result == 0) {
        result = where_to_read(c, &target, &real);
    }
    if (result != 0) {
        return result == 1 ? 0 : result;
    }
    long call = by_type(&target, SYS_listxattr, SYS_llistxattr);
    long length = KERNEL3(c->world->kernel, call, real.text, list, size);
    return length <= 0 || size == 0 ? length : without_foreign(list, length);
}

long call_removexattr(struct caller *c, int at, const char *path, int flags, const char *name,
                      char *elsewhere) {
    struct target target;
    struct real_path real;
    long result = ask(c, at, path, how_of(flags, RESOLVE_CHANGES), elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if (target.is.backing == BACKING_BLOB) {
        result = check_name(name);
        if (result == 0) {
            result = is_kept_from(c, name) ? -EPERM : target_permits(c, &target, 2, false);
        }
        return result < 0 ? result : -ENODATA;
    }
    result = where_to_write(c, &target, name, &real);
    if (result < 0) {
        return result;
    }
    long call = by_type(&target, SYS_removexattr, SYS_lremovexattr);
    return moved(c, &target, KERNEL2(c->world->kernel, call, real.text, name));
}
