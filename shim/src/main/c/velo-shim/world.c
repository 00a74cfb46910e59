#include "world.h"

#include "backing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A pair that no inode has: device 0 is none's. */
enum { FLAG_DEVICE = 0, FLAG_HOST_LINKS = 1 };

long world_begin(struct world *world) {
    struct stat status;
    world->prefix_length = strlen(world->prefix);
    world->session_length = strlen(world->session);
    world->store_length = strlen(world->store);
    world->last_name = (size_t)(strrchr(world->prefix, '/') - world->prefix) + 1;
    long result = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, world->session, &status, 0);
    if (result < 0) {
        return result;
    }
    world->owner_uid = status.st_uid;
    world->owner_gid = status.st_gid;
    char parent[sizeof world->prefix];
    memcpy(parent, world->prefix, world->last_name);
    parent[world->last_name] = 0;
    world->parent_known = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, parent, &status, 0) == 0;
    if (world->parent_known) {
        world->parent_device = status.st_dev;
        world->parent_inode = status.st_ino;
    }
    return 0;
}

void world_expect_host_links(struct world *world) {
    if (!world_expects_host_links(world)) {
        (void)tree_note(&world->tree, FLAG_DEVICE, FLAG_HOST_LINKS, ROOT_NODE);
    }
}

bool world_expects_host_links(const struct world *world) {
    return tree_noted(&world->tree, FLAG_DEVICE, FLAG_HOST_LINKS) != NO_NODE;
}

node_id world_inode(struct caller *caller, int fd, const struct stat *status) {
    const struct tree *tree = &caller->world->tree;
    struct node node;
    node_id id = NO_NODE;
    if (caller->hint != NULL) {
        id = caller->hint(caller, fd, status->st_dev, status->st_ino);
    }
    if (id == NO_NODE) {
        id = tree_noted(tree, status->st_dev, status->st_ino);
    }
    if (id == NO_NODE || !tree_node(tree, id, &node)) {
        return NO_NODE;
    }
    /* The file of a node without a name has none either; one that has is the host's, and got its inode. */
    bool removed = node.links == 0 && node.type != NODE_DIRECTORY && node.backing != BACKING_BLOB;
    return removed && status->st_nlink != 0 && !S_ISLNK(status->st_mode) ? NO_NODE : id;
}

long world_descriptor(struct caller *caller, int fd, node_id *node) {
    struct stat status;
    const struct kernel *kernel = caller->world->kernel;
    *node = NO_NODE;
    long result = fd >= 0 ? KERNEL2(kernel, SYS_fstat, fd, &status)
                          : KERNEL4(kernel, SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH);
    if (result < 0) {
        return result;
    }
    *node = world_inode(caller, fd, &status);
    return 0;
}

static const uint32_t TYPES[] = {0, S_IFDIR, S_IFREG, S_IFLNK, 0};

static long owned(const struct world *world, node_id id, const struct node *node, struct owned *out) {
    if (node->backing == BACKING_UPPER || node->type == NODE_OTHER) {
        struct real_path path;
        struct stat status;
        real_file(world, id, &path);
        long result =
            KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, path.text, &status, AT_SYMLINK_NOFOLLOW);
        if (result < 0) {
            return result;
        }
        *out = (struct owned){status.st_mode, status.st_uid, status.st_gid};
        return 0;
    }
    out->mode = TYPES[node->type] | node->mode;
    out->uid = node->uid == TREE_OWNER ? world->owner_uid : node->uid;
    out->gid = node->gid == TREE_OWNER ? world->owner_gid : node->gid;
    return 0;
}

long world_owned(const struct world *world, node_id id, struct owned *out) {
    struct node node;
    return tree_node(&world->tree, id, &node) ? owned(world, id, &node, out) : -ENOENT;
}

static bool in_group(const struct credentials *who, uint32_t gid) {
    bool in = who->gid == gid;
    for (unsigned i = 0; !in && i < who->group_count; i++) {
        in = who->groups[i] == gid;
    }
    return in;
}

static long allowed(const struct owned *of, const struct credentials *who, unsigned wanted) {
    unsigned shift = of->uid == who->uid ? 6 : in_group(who, of->gid) ? 3 : 0;
    if ((wanted & ~(of->mode >> shift)) == 0) {
        return 0;
    }
    if (!who->overrides) {
        return -EACCES;
    }
    return (wanted & 1) == 0 || S_ISDIR(of->mode) || (of->mode & 0111) != 0 ? 0 : -EACCES;
}

long world_allows(const struct world *world, node_id id, const struct credentials *who, unsigned wanted) {
    struct owned of;
    long result = world_owned(world, id, &of);
    return result < 0 ? result : allowed(&of, who, wanted);
}

long world_permits(struct caller *caller, node_id id, unsigned wanted, bool real) {
    struct owned of;
    long result = world_owned(caller->world, id, &of);
    if (result < 0) {
        return result;
    }
    if ((~of.mode & (wanted * 0111)) == 0) {
        return 0;
    }
    struct credentials who;
    caller->credentials(caller, real, &who);
    return allowed(&of, &who, wanted);
}
