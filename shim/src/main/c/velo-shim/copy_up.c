#include "copy_up.h"

#include "backing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum { PIECE = 4096 };

static long write_all(const struct kernel *kernel, int to, const char *bytes, size_t length) {
    size_t done = 0;
    while (done < length) {
        long written = KERNEL3(kernel, SYS_write, to, bytes + done, length - done);
        if (written < 0 && written != -EINTR) {
            return written;
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static long copy_by_hand(const struct kernel *kernel, int from, int to, uint64_t length) {
    char bytes[PIECE];
    while (length > 0) {
        long got = KERNEL3(kernel, SYS_read, from, bytes, length < PIECE ? length : PIECE);
        if (got == -EINTR) {
            continue;
        }
        long result = got <= 0 ? got : write_all(kernel, to, bytes, (size_t)got);
        if (got <= 0 || result < 0) {
            return result;
        }
        length -= (uint64_t)got;
    }
    return 0;
}

long copy_content(const struct kernel *kernel, int from, int to, uint64_t length) {
    bool started = false;
    while (length > 0) {
        size_t piece = length < (1u << 30) ? (size_t)length : 1u << 30;
        long got = KERNEL6(kernel, SYS_copy_file_range, from, NULL, to, NULL, piece, 0);
        if (got == -EINTR) {
            continue;
        }
        if (got <= 0) {
            /* Not between these file systems, or not at all: both positions are where it stopped. */
            bool other = got == 0 || got == -EXDEV || got == -EINVAL || got == -ENOSYS ||
                         got == -EOPNOTSUPP || got == -EPERM;
            return started || other ? copy_by_hand(kernel, from, to, length) : got;
        }
        started = true;
        length -= (uint64_t)got;
    }
    return 0;
}

static long clone_or_copy(const struct world *world, const struct node *node, int to, uint64_t most) {
    struct real_path blob;
    if (most == 0 || node->size == 0) {
        return 0;
    }
    real_blob(world, node->digest, &blob);
    long from = KERNEL4(world->kernel, SYS_openat, AT_FDCWD, blob.text, O_RDONLY | O_CLOEXEC, 0);
    if (from < 0) {
        return from == -ENOENT ? -EIO : from;
    }
    long result = -EXDEV;
    if (most >= node->size) {
        result = KERNEL3(world->kernel, SYS_ioctl, to, FICLONE, from);
    }
    if (result < 0) {
        result = copy_content(world->kernel, (int)from, to, most < node->size ? most : node->size);
    }
    (void)KERNEL1(world->kernel, SYS_close, from);
    return result;
}

/* Who may not give files away goes on as their owner where he is alone: the content is what counts. */
static long give_to_owner(const struct world *world, const struct node *node, int fd, bool alone) {
    struct stat status;
    uint32_t uid = node->uid == TREE_OWNER ? world->tree.owner_uid : node->uid;
    uint32_t gid = node->gid == TREE_OWNER ? world->tree.owner_gid : node->gid;
    long result = KERNEL2(world->kernel, SYS_fstat, fd, &status);
    if (result == 0 && (status.st_uid != uid || status.st_gid != gid)) {
        result = KERNEL3(world->kernel, SYS_fchown, fd, uid, gid);
    }
    return result == -EPERM && alone ? 0 : result;
}

/* The mode comes after the owner, which would clear bits of it, and the times after the content. */
static long dress(const struct world *world, const struct node *node, int fd) {
    const unsigned mode = node->mode & (world->lends_nothing ? 01777u : 07777u);
    long result = KERNEL2(world->kernel, SYS_fchmod, fd, mode);
    if (result == 0) {
        struct timespec times[2] = {{node->accessed.seconds, node->accessed.nanoseconds},
                                    {node->modified.seconds, node->modified.nanoseconds}};
        result = KERNEL4(world->kernel, SYS_utimensat, fd, NULL, times, 0);
    }
    return result;
}

struct publication {
    const struct kernel *kernel;
    const char *from, *to;
};

static long publish(void *with) {
    const struct publication *what = with;
    return KERNEL4(what->kernel, SYS_renameat, AT_FDCWD, what->from, AT_FDCWD, what->to);
}

static long copy_by_self(struct world *world, node_id id, const struct node *node, uint64_t most,
                         bool alone) {
    struct real_path to, fresh;
    real_file(world, id, &to);
    fresh = to;
    long fd = make_beside(world->kernel, &fresh, 0600);
    if (fd < 0) {
        return fd;
    }
    long result = give_to_owner(world, node, (int)fd, alone);
    if (result == 0) {
        result = clone_or_copy(world, node, (int)fd, most);
    }
    if (result == 0) {
        result = dress(world, node, (int)fd);
    }
    /* Noted before anybody can open it under its name. */
    if (result == 0) {
        result = note_descriptor(world, (int)fd, id);
    }
    if (result == 0) {
        struct publication what = {world->kernel, fresh.text, to.text};
        result = tree_raise(&world->tree, id, publish, &what);
    }
    if (result < 0) {
        forget_descriptor(world, (int)fd);
        (void)KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, fresh.text, 0);
    }
    (void)KERNEL1(world->kernel, SYS_close, fd);
    return result == -EALREADY ? 0 : result;
}

long copy_up(struct world *world, node_id id, uint64_t most) {
    struct node node;
    if (!tree_node(&world->tree, id, &node)) {
        return -ENOENT;
    }
    if (node.backing != BACKING_BLOB) {
        return 0;
    }
    long result = copy_by_self(world, id, &node, most, world->door == NULL);
    if (result == -EPERM && world->door != NULL) {
        result = world->door->copy_up(world, id, most);
        result = result == -ECONNREFUSED ? copy_by_self(world, id, &node, most, true) : result;
    }
    return result;
}
