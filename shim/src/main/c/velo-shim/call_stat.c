#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "tree_glance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { BLOCK = 4096, SECTOR = 512 };

/* Whole blocks, as most file systems take them, and as the file has it when it is copied up. */
static uint64_t sectors(uint64_t size) {
    return (size + BLOCK - 1) / BLOCK * (BLOCK / SECTOR);
}

static const uint16_t TYPES[] = {0, S_IFDIR, S_IFREG, S_IFLNK, 0};

static struct statx_timestamp timestamp(struct moment moment) {
    struct statx_timestamp out;
    memset(&out, 0, sizeof out);
    out.tv_sec = moment.seconds;
    out.tv_nsec = moment.nanoseconds;
    return out;
}

/* Identity is the tree's, whatever the real file's is. A device number is split as stat(2) does it. */
static void identify(const struct world *world, node_id id, const struct node *node, struct statx *out) {
    uint64_t device = world->device;
    bool directory = node->type == NODE_DIRECTORY;
    bool removed = directory && node->parent == NO_NODE;
    out->stx_dev_major = (uint32_t)(((device >> 8) & 0xfff) | ((device >> 32) & ~(uint64_t)0xfff));
    out->stx_dev_minor = (uint32_t)((device & 0xff) | ((device >> 12) & ~(uint64_t)0xff));
    out->stx_ino = (uint64_t)id + 1;
    out->stx_nlink = removed ? 0 : directory ? 2 + node->children : node->links;
    out->stx_mask |= STATX_INO | STATX_NLINK;
}

static void tell(const struct world *world, node_id id, const struct node *node, struct statx *out) {
    memset(out, 0, sizeof *out);
    out->stx_mask = STATX_BASIC_STATS;
    out->stx_blksize = BLOCK;
    out->stx_mode = (uint16_t)(TYPES[node->type] | node->mode);
    out->stx_uid = node->uid == TREE_OWNER ? world->tree.owner_uid : node->uid;
    out->stx_gid = node->gid == TREE_OWNER ? world->tree.owner_gid : node->gid;
    out->stx_size = node->type == NODE_DIRECTORY ? BLOCK : node->size;
    out->stx_blocks = node->type == NODE_DIRECTORY ? BLOCK / SECTOR
                      : node->type == NODE_LINK    ? 0
                                                   : sectors(node->size);
    out->stx_atime = timestamp(node->accessed);
    out->stx_mtime = timestamp(node->modified);
    out->stx_ctime = timestamp(node->changed);
    identify(world, id, node, out);
}

static long tell_real(const struct world *world, const struct target *target, int flags, unsigned mask,
                      struct statx *out) {
    struct real_path path;
    int sync = flags & (AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC);
    real_file(world, target->node, &path);
    long result =
        KERNEL5(world->kernel, SYS_statx, AT_FDCWD, path.text, sync | AT_SYMLINK_NOFOLLOW, mask, out);
    if (result == -ENOENT && target->fd >= 0) {
        result = KERNEL5(world->kernel, SYS_statx, target->fd, "", sync | AT_EMPTY_PATH, mask, out);
    }
    if (result == 0) {
        identify(world, target->node, &target->is, out);
    }
    return result;
}

/* What the kernel says of the flags before it looks at the path. */
static bool is_possible(int flags, unsigned mask) {
    const int sync = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
    const int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | sync;
    return (flags & ~known) == 0 && (flags & sync) != sync && (mask & STATX__RESERVED) == 0;
}

long call_statx(struct caller *c, int at, const char *path, int flags, unsigned mask, struct statx *out,
                char *elsewhere) {
    struct target target;
    long result = ask(c, at, path, how_of(flags, 0), elsewhere, &target);
    if (result != PASS && !is_possible(flags, mask)) {
        return -EINVAL;
    }
    if (result != 0) {
        return result;
    }
    if (target.is.backing == BACKING_UPPER || target.is.type == NODE_OTHER) {
        return tell_real(c->world, &target, flags, mask, out);
    }
    tell(c->world, target.node, &target.is, out);
    return 0;
}

/* Of one memset(3) of all the compiler makes a loop that takes longer than the rest of this. */
static void clear(struct stat *out) {
    enum { PIECE = 48 };
    char *at = (char *)out;
    for (size_t i = 0; i < sizeof *out / PIECE; i++) {
        memset(at + i * PIECE, 0, PIECE);
    }
    memset(at + sizeof *out - PIECE, 0, PIECE);
}

long call_glance(const struct world *world, const char *path, size_t length, struct stat *out) {
    struct glanced file;
    const enum glance seen = tree_glance(&world->tree, path, length, &file);
    if (seen != GLANCE_FILE) {
        return seen == GLANCE_NOTHING ? -ENOENT : PASS;
    }
    clear(out);
    out->st_dev = world->device;
    out->st_ino = (ino_t)file.id + 1;
    out->st_nlink = file.links;
    out->st_mode = S_IFREG | file.mode;
    out->st_uid = file.uid == TREE_OWNER ? world->tree.owner_uid : file.uid;
    out->st_gid = file.gid == TREE_OWNER ? world->tree.owner_gid : file.gid;
    out->st_size = (off_t)file.size;
    out->st_blksize = BLOCK;
    out->st_blocks = (blkcnt_t)sectors(file.size);
    out->st_atim = out->st_mtim = (struct timespec){file.modified.seconds, file.modified.nanoseconds};
    out->st_ctim = (struct timespec){file.changed.seconds, file.changed.nanoseconds};
    return 0;
}

long call_access(struct caller *c, int at, const char *path, int mode, int flags, char *elsewhere) {
    struct target target;
    const unsigned real = (flags & AT_EACCESS) == 0 ? RESOLVE_REAL : 0;
    long result = ask(c, at, path, how_of(flags, real), elsewhere, &target);
    if (result != PASS && ((mode & ~(R_OK | W_OK | X_OK)) != 0 ||
                           (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)) {
        return -EINVAL;
    }
    if (result != 0 || mode == F_OK) {
        return result;
    }
    return target_permits(c, &target, (unsigned)mode, (flags & AT_EACCESS) == 0);
}

long call_statfs(struct caller *c, int at, const char *path, struct statfs *out, char *elsewhere) {
    struct target target;
    long result = ask(c, at, path, *path == 0 && at != AT_FDCWD ? RESOLVE_EMPTY : 0, elsewhere, &target);
    return result != 0 ? result : KERNEL2(c->world->kernel, SYS_statfs, c->world->session, out);
}

void stat_of_statx(const struct statx *from, struct stat *out) {
    memset(out, 0, sizeof *out);
    out->st_dev = (dev_t)(from->stx_dev_minor & 0xff) | (dev_t)(from->stx_dev_major & 0xfff) << 8 |
                  (dev_t)(from->stx_dev_minor & ~0xffu) << 12;
    out->st_ino = from->stx_ino;
    out->st_mode = from->stx_mode;
    out->st_nlink = from->stx_nlink;
    out->st_uid = from->stx_uid;
    out->st_gid = from->stx_gid;
    out->st_rdev = (dev_t)(from->stx_rdev_minor & 0xff) | (dev_t)(from->stx_rdev_major & 0xfff) << 8 |
                   (dev_t)(from->stx_rdev_minor & ~0xffu) << 12;
    out->st_size = (off_t)from->stx_size;
    out->st_blksize = (blksize_t)from->stx_blksize;
    out->st_blocks = (blkcnt_t)from->stx_blocks;
    out->st_atim = (struct timespec){from->stx_atime.tv_sec, from->stx_atime.tv_nsec};
    out->st_mtim = (struct timespec){from->stx_mtime.tv_sec, from->stx_mtime.tv_nsec};
    out->st_ctim = (struct timespec){from->stx_ctime.tv_sec, from->stx_ctime.tv_nsec};
}
