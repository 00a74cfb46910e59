#include "backing.h"
#include "calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct linux_dirent64 of getdents64(2). */
struct record {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t type;
    char name[];
};

static uint8_t type_of(const struct world *world, const struct entry *entry) {
    static const uint8_t TYPES[] = {DT_UNKNOWN, DT_DIR, DT_REG, DT_LNK};
    struct stat status;
    struct real_path path;
    if (entry->type != NODE_OTHER) {
        return TYPES[entry->type];
    }
    real_file(world, entry->node, &path);
    long result = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, path.text, &status, AT_SYMLINK_NOFOLLOW);
    return result < 0 ? DT_UNKNOWN : (uint8_t)IFTODT(status.st_mode);
}

/* 0: no room for it. */
static size_t put(const struct world *world, node_id directory, const struct entry *entry, uint64_t next,
                  char *out, size_t room) {
    size_t head = offsetof(struct record, name);
    size_t length = (head + entry->name_length + 1 + 7) & ~(size_t)7;
    if (length > room) {
        return 0;
    }
    uint64_t inode = (uint64_t)entry->node + 1;
    bool up = entry->name_length == 2 && entry->name[0] == '.' && entry->name[1] == '.';
    if (up && directory == ROOT_NODE && world->parent_known) {
        inode = world->parent_inode;
    }
    struct record record = {inode, (int64_t)next, (uint16_t)length, type_of(world, entry)};
    memset(out, 0, length);
    memcpy(out, &record, head);
    memcpy(out + head, entry->name, entry->name_length);
    return length;
}

static long fill(struct caller *c, node_id directory, uint64_t *position, char *out, size_t room) {
    struct entry entry;
    uint64_t next;
    size_t filled = 0;
    while (tree_list(&c->world->tree, directory, *position, &entry, &next)) {
        size_t length = put(c->world, directory, &entry, next, out + filled, room - filled);
        if (length == 0) {
            return filled == 0 ? -EINVAL : (long)filled;
        }
        filled += length;
        *position = next;
    }
    return (long)filled;
}

long call_getdents(struct caller *c, int fd, void *out, size_t room) {
    struct origin origin;
    struct node node;
    const struct kernel *kernel = c->world->kernel;
    if (c->origin(c, fd, &origin) < 0 || origin.kind != ORIGIN_TREE ||
        !tree_node(&c->world->tree, origin.node, &node) || node.type != NODE_DIRECTORY) {
        return PASS;
    }
    long at = KERNEL3(kernel, SYS_lseek, origin.fd, 0, SEEK_CUR);
    if (at < 0) {
        return at;
    }
    if (node.parent == NO_NODE) {
        return -ENOENT;
    }
    uint64_t position = (uint64_t)at;
    long filled = fill(c, origin.node, &position, out, room);
    if (filled > 0) {
        long moved = KERNEL3(kernel, SYS_lseek, origin.fd, position, SEEK_SET);
        filled = moved < 0 ? moved : filled;
    }
    return filled;
}

/* That a directory is gone is told before how little room there is. */
static long too_little(const struct world *world, node_id id) {
    struct node node;
    bool gone = tree_node(&world->tree, id, &node) && node.parent == NO_NODE;
    return gone ? -ENOENT : -ERANGE;
}

long call_getcwd(struct caller *c, char *out, size_t room) {
    struct origin origin;
    const struct world *world = c->world;
    size_t length = world->prefix_length;
    if (c->origin(c, AT_FDCWD, &origin) < 0 || origin.kind != ORIGIN_TREE) {
        return PASS;
    }
    long below = 0;
    if (origin.node != ROOT_NODE) {
        /* A NUL and a slash more than the prefix. */
        if (room < length + 3) {
            return too_little(world, origin.node);
        }
        below = tree_path(&world->tree, origin.node, out + length + 1, room - length - 1);
        if (below < 0) {
            return below;
        }
        out[length] = '/';
        below++;
    } else if (room < length + 1) {
        return -ERANGE;
    } else {
        out[length] = 0;
    }
    memcpy(out, world->prefix, length);
    return (long)length + below + 1;
}
