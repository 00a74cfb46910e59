#include "asked.h"

#include "backing.h"
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

long ask(struct caller *caller, int at, const char *path, unsigned how, char *elsewhere,
         struct target *target) {
    target->room = elsewhere;
    long result = resolve(caller, at, path, how, target);
    if (result < 0 || target->kind == TARGET_TREE) {
        return result;
    }
    if (target->kind == TARGET_KERNEL) {
        elsewhere[0] = 0;
    }
    return PASS;
}

unsigned how_of(int flags, unsigned how) {
    how |= (flags & AT_SYMLINK_NOFOLLOW) != 0 ? RESOLVE_KEEP_LINK : 0;
    return how | ((flags & AT_EMPTY_PATH) != 0 ? RESOLVE_EMPTY : 0);
}

long host_side(const struct world *world, int at, const char *path) {
    struct stat status;
    if (*path == '/' || at == AT_FDCWD) {
        return 0;
    }
    long result = at < 0 ? -EBADF : KERNEL2(world->kernel, SYS_fstat, at, &status);
    return result < 0 ? result : S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

/* The clock that the kernel takes the times of files from. */
struct moment now(const struct kernel *kernel) {
    struct timespec time = {0, 0};
    (void)KERNEL2(kernel, SYS_clock_gettime, CLOCK_REALTIME_COARSE, &time);
    return (struct moment){time.tv_sec, (uint32_t)time.tv_nsec};
}

long standing(struct caller *caller, node_id id, struct standing *out) {
    long result = world_owned(caller->world, id, &out->of);
    if (result < 0) {
        return result;
    }
    caller->credentials(caller, false, &out->who);
    out->owns = out->who.overrides || out->who.uid == out->of.uid;
    return 0;
}

long target_permits(struct caller *caller, const struct target *target, unsigned wanted, bool real) {
    struct stat status;
    bool nameless = target->is.links == 0 && target->is.backing == BACKING_UPPER && target->fd >= 0;
    if (!nameless) {
        return world_permits(caller, target->node, wanted, real);
    }
    long result = KERNEL2(caller->world->kernel, SYS_fstat, target->fd, &status);
    struct owned of = {status.st_mode, status.st_uid, status.st_gid};
    return result < 0 ? result : world_permits_owned(caller, &of, wanted, real);
}

bool has_group(const struct credentials *who, uint32_t gid) {
    bool in = who->gid == gid;
    for (unsigned i = 0; !in && i < who->group_count; i++) {
        in = who->groups[i] == gid;
    }
    return in;
}

/* In a directory that was removed nothing can be made, whatever its mode says. */
long may_add(struct caller *caller, node_id directory) {
    struct node node;
    if (!tree_node(&caller->world->tree, directory, &node) || node.parent == NO_NODE) {
        return -ENOENT;
    }
    return world_permits(caller, directory, 3, false);
}

long may_make(struct caller *caller, const struct target *target, bool directory) {
    if (target->last != LAST_NAME || target->node != NO_NODE) {
        return -EEXIST;
    }
    if (target->slash && !directory) {
        return -ENOENT;
    }
    return may_add(caller, target->parent);
}

long may_take(struct caller *caller, const struct target *target) {
    struct standing parent, victim;
    if (target->node == NO_NODE) {
        return -ENOENT;
    }
    long result = world_permits(caller, target->parent, 3, false);
    if (result < 0) {
        return result;
    }
    struct owned of;
    result = world_owned(caller->world, target->parent, &of);
    if (result < 0 || (of.mode & S_ISVTX) == 0) {
        return result;
    }
    result = standing(caller, target->parent, &parent);
    if (result == 0 && !parent.owns) {
        result = standing(caller, target->node, &victim);
        result = result == 0 && !victim.owns ? -EPERM : result;
    }
    return result;
}

void inherit(struct caller *caller, node_id directory, unsigned mode, struct node *out) {
    struct owned parent;
    struct credentials who;
    caller->credentials(caller, false, &who);
    out->mode = mode & 07777;
    out->uid = who.uid;
    out->gid = who.gid;
    if (world_owned(caller->world, directory, &parent) == 0 && (parent.mode & S_ISGID) != 0) {
        out->gid = parent.gid;
        out->mode |= out->type == NODE_DIRECTORY ? S_ISGID : 0;
        /* The rights of a group are lent by its members. */
        const bool lends = (out->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
        if (out->type != NODE_DIRECTORY && lends && !who.overrides && !has_group(&who, parent.gid)) {
            out->mode &= ~(unsigned)S_ISGID;
        }
    }
    out->accessed = out->modified = out->changed = now(caller->world->kernel);
}

/* A change of the group clears bits of the mode. */
void give_path_to_group(const struct world *world, node_id id, const char *path, const struct node *what) {
    struct stat status;
    const struct kernel *kernel = world->kernel;
    if (KERNEL4(kernel, SYS_newfstatat, AT_FDCWD, path, &status, 0) == 0 && status.st_gid != what->gid) {
        long result = KERNEL5(kernel, SYS_fchownat, AT_FDCWD, path, -1, what->gid, 0);
        if (result == -EPERM && world->door != NULL) {
            (void)world->door->give_group(world, id, what->gid);
        }
        (void)KERNEL3(kernel, SYS_fchmodat, AT_FDCWD, path, status.st_mode & 07777);
    }
}

void give_to_group(const struct world *world, node_id id, int fd, const struct node *what) {
    struct real_path path;
    real_descriptor(fd, &path);
    give_path_to_group(world, id, path.text, what);
}

/* A second name that comes and goes does it without a look at the mode, which another process may change. */
void touch_real(struct world *world, node_id id) {
    struct node node;
    struct real_path path;
    if (id == NO_NODE || !tree_node(&world->tree, id, &node) || node.links == 0 ||
        (node.backing != BACKING_UPPER && node.type != NODE_OTHER)) {
        return;
    }
    real_file(world, id, &path);
    link_beside(world->kernel, &path);
}

void remove_real(struct world *world, node_id gone) {
    struct node node;
    struct real_path path;
    if (gone == NO_NODE || !tree_node(&world->tree, gone, &node) || node.type == NODE_DIRECTORY ||
        node.backing == BACKING_BLOB) {
        return;
    }
    real_file(world, gone, &path);
    (void)KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, path.text, 0);
}
