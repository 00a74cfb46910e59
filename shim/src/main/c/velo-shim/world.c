#include "world.h"

#include "backing.h"
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A pair that no inode has: device 0 is none's. */
enum { FLAG_DEVICE = 0, FLAG_HOST_LINKS = 1 };

void world_begin(struct world *world) {
    struct stat status;
    world->prefix_length = strlen(world->prefix);
    world->session_length = strlen(world->session);
    world->store_length = strlen(world->store);
    world->last_name = (size_t)(strrchr(world->prefix, '/') - world->prefix) + 1;
    char parent[sizeof world->prefix];
    memcpy(parent, world->prefix, world->last_name);
    parent[world->last_name] = 0;
    world->parent_known = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, parent, &status, 0) == 0;
    if (world->parent_known) {
        world->parent_device = status.st_dev;
        world->parent_inode = status.st_ino;
    }
}

void world_expect_host_links(struct world *world) {
    if (!world_expects_host_links(world)) {
        (void)tree_note(&world->tree, FLAG_DEVICE, FLAG_HOST_LINKS, ROOT_NODE);
    }
}

bool world_expects_host_links(const struct world *world) {
    return tree_noted(&world->tree, FLAG_DEVICE, FLAG_HOST_LINKS) != NO_NODE;
}

static bool is_at(const struct world *world, const struct real_path *path, const struct stat *status) {
    struct stat found;
    return KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, path->text, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           found.st_dev == status->st_dev && found.st_ino == status->st_ino;
}

/*
 * What still has a name in the file system, and is of a node without one: its file that is about to be
 * removed or was just given its first name, or the manifest's content, of which descriptors are left from
 * before it was copied up.
 */
static bool is_of_node(const struct world *world, node_id id, const struct stat *status) {
    struct manifest_entry entry;
    struct real_path path;
    real_file(world, id, &path);
    if (is_at(world, &path, status)) {
        return true;
    }
    if (!manifest_entry(&world->tree.lower, id, &entry) || entry.type != ENTRY_FILE) {
        return false;
    }
    real_blob(world, entry.digest, &path);
    return is_at(world, &path, status);
}

/* A file of the host may have got the inode of one that was removed. */
static bool is_another(const struct world *world, int fd, node_id id, const struct stat *status) {
    struct node node;
    struct stat later;
    if (!tree_node(&world->tree, id, &node)) {
        return true;
    }
    bool removed = node.links == 0 && node.type != NODE_DIRECTORY && node.backing != BACKING_BLOB;
    if (!removed || status->st_nlink == 0 || S_ISLNK(status->st_mode) || is_of_node(world, id, status)) {
        return false;
    }
    /* Or the last name in the file system went since it was looked at. */
    return fd < 0 || KERNEL2(world->kernel, SYS_fstat, fd, &later) < 0 || later.st_nlink != 0;
}

node_id world_inode(struct caller *caller, int fd, const struct stat *status) {
    const struct world *world = caller->world;
    node_id id = descriptor_node(caller, fd, status->st_dev, status->st_ino);
    return id == NO_NODE || is_another(world, fd, id, status) ? NO_NODE : id;
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
    out->uid = node->uid == TREE_OWNER ? world->tree.owner_uid : node->uid;
    out->gid = node->gid == TREE_OWNER ? world->tree.owner_gid : node->gid;
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

long world_permits_owned(struct caller *caller, const struct owned *of, unsigned wanted, bool real) {
    struct credentials who;
    if ((~of->mode & (wanted * 0111)) == 0) {
        return 0;
    }
    caller->credentials(caller, real, &who);
    return allowed(of, &who, wanted);
}

long world_permits(struct caller *caller, node_id id, unsigned wanted, bool real) {
    struct owned of;
    long result = world_owned(caller->world, id, &of);
    return result < 0 ? result : world_permits_owned(caller, &of, wanted, real);
}
