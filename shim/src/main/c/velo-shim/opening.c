#include "opening.h"

#include "backing.h"
#include "copy_up.h"
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static bool wants_write(int flags) {
    return (flags & O_PATH) == 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0);
}

static unsigned wanted(int flags) {
    static const unsigned BITS[] = {4, 2, 6, 6};
    return (flags & O_PATH) != 0 ? 0 : BITS[flags & O_ACCMODE] | ((flags & O_TRUNC) != 0 ? 2u : 0u);
}

static long open_real(const struct kernel *kernel, const char *path, int flags) {
    return KERNEL4(kernel, SYS_openat, AT_FDCWD, path, flags, 0);
}

static long open_directory(struct caller *c, const struct target *target, int flags) {
    struct real_path path;
    struct world *world = c->world;
    if ((flags & O_CREAT) != 0 || wants_write(flags)) {
        return -EISDIR;
    }
    long result = world_permits(c, target->node, wanted(flags), false);
    if (result < 0) {
        return result;
    }
    real_directory(world, target->node, &path);
    int real = flags & ~(O_NOFOLLOW | O_NOATIME);
    long fd = open_real(world->kernel, path.text, real);
    if (fd != -ENOENT) {
        return fd;
    }
    result = have_directory(world, target->node, &path);
    return result < 0 ? result : open_real(world->kernel, path.text, real);
}

static long open_blob(struct caller *c, const struct target *target, int flags) {
    struct real_path path;
    real_blob(c->world, target->is.digest, &path);
    long fd = open_real(c->world->kernel, path.text,
                        flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW | O_NOATIME | O_NOCTTY));
    if (fd >= 0) {
        descriptor_opened(c, (int)fd, target->node);
    }
    return fd == -ENOENT ? -EIO : fd;
}

/* A descriptor from before the file was copied up, which has no name any more. */
static long open_again(struct caller *c, const struct target *target, int flags) {
    struct real_path path;
    real_descriptor(target->fd, &path);
    long fd = open_real(c->world->kernel, path.text, flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW));
    if (fd >= 0) {
        descriptor_opened(c, (int)fd, target->node);
    }
    return fd;
}

static long open_standing(struct caller *c, const struct target *target, int flags) {
    struct real_path path;
    long result = real_standing(c->world, target->node, target->fd, &path);
    if (result == -ENOENT && target->fd >= 0 && !wants_write(flags)) {
        return open_again(c, target, flags);
    }
    if (result < 0) {
        return result;
    }
    long fd = open_real(c->world->kernel, path.text, flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW));
    return fd == -ENOENT && target->fd < 0 ? -EAGAIN : fd;
}

static long open_file(struct caller *c, const struct target *target, int flags) {
    if (target->is.backing == BACKING_UPPER) {
        return open_standing(c, target, flags);
    }
    long result = world_permits(c, target->node, wanted(flags), false);
    if (result < 0) {
        return result;
    }
    if (!wants_write(flags)) {
        return open_blob(c, target, flags);
    }
    result = copy_up(c->world, target->node, (flags & O_TRUNC) != 0 ? 0 : UINT64_MAX);
    return result < 0 ? result : open_standing(c, target, flags);
}

/* Only O_PATH may have a symbolic link itself; by a link of /proc also without O_NOFOLLOW. */
static long open_link(struct caller *c, const struct target *target, int flags) {
    struct real_path path;
    if ((flags & O_PATH) == 0) {
        return -ELOOP;
    }
    long result = have_link(c->world, target->node, target->is.target, &path);
    return result < 0 ? result : open_real(c->world->kernel, path.text, flags | O_NOFOLLOW);
}

long open_node(struct caller *c, const struct target *target, int flags) {
    enum node_type type = target->is.type;
    if (type == NODE_DIRECTORY) {
        return open_directory(c, target, flags);
    }
    if ((flags & O_DIRECTORY) != 0 || target->slash) {
        return -ENOTDIR;
    }
    switch (type) {
    case NODE_LINK:
        return open_link(c, target, flags);
    case NODE_FILE:
        return open_file(c, target, flags);
    default:
        return open_standing(c, target, flags);
    }
}
