#include "proc_places.h"

#include "backing.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static bool is_number(const char *name, size_t length) {
    size_t digits = strspn(name, "0123456789");
    return digits > 0 && digits == length;
}

/* What a path to a descriptor goes on with behind a directory of /proc. */
static bool may_follow(const char *name, size_t length) {
    static const char *const NAMES[] = {"self", "thread-self", "task", "fd", "cwd", "exe", "root", "proc"};
    bool is = is_number(name, length);
    for (unsigned i = 0; !is && i < sizeof NAMES / sizeof *NAMES; i++) {
        is = strlen(NAMES[i]) == length && memcmp(name, NAMES[i], length) == 0;
    }
    return is;
}

/* The first component that is neither "." nor ".."; ups: how many of these stood before it. */
static const char *behind_dots(const char *path, unsigned *ups) {
    *ups = 0;
    for (;;) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        bool up = length == 2 && path[0] == '.' && path[1] == '.';
        if (length == 0 || (!up && !(length == 1 && path[0] == '.'))) {
            return path;
        }
        *ups += up;
        path += length;
    }
}

/* Where the kernel says that the directory is, if that is below /proc, in room. Its length, or 0. */
static size_t place_of(const struct world *world, int fd, char *room) {
    struct real_path link;
    real_descriptor(fd, &link);
    const char *asked = fd == AT_FDCWD ? "/proc/thread-self/cwd" : link.text;
    long length = KERNEL4(world->kernel, SYS_readlinkat, AT_FDCWD, asked, room, PATH_MAX - 1);
    bool below = length >= 5 && memcmp(room, "/proc", 5) == 0 && (length == 5 || room[5] == '/');
    return below ? (size_t)length : 0;
}

bool proc_relative(const struct world *world, int fd, const char *path, char *room) {
    unsigned ups;
    const char *rest = behind_dots(path, &ups);
    if (!may_follow(rest, strcspn(rest, "/"))) {
        return false;
    }
    size_t length = place_of(world, fd, room), left = strlen(rest) + 1;
    if (length == 0) {
        return false;
    }
    for (; ups > 0 && length > 0; ups--) {
        while (length > 0 && room[--length] != '/') {
        }
    }
    if (length + 1 + left > PATH_MAX) {
        return false;
    }
    room[length] = '/';
    memcpy(room + length + 1, rest, left);
    return true;
}

/* The descriptor of this process that has the path's last name, where it is the same file. */
static int descriptor_named(struct caller *caller, const char *path, const struct stat *status) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    size_t length = strlen(name);
    struct stat found;
    int fd = 0;
    if (!is_number(name, length) || length > 7) {
        return -1;
    }
    for (; *name != 0; name++) {
        fd = fd * 10 + (*name - '0');
    }
    bool same = KERNEL2(caller->world->kernel, SYS_fstat, fd, &found) == 0 &&
                found.st_dev == status->st_dev && found.st_ino == status->st_ino;
    return same ? fd : -1;
}

node_id proc_behind(struct caller *caller, int fd, const char *path, bool follow, int *open) {
    const struct world *world = caller->world;
    struct stat status;
    *open = -1;
    /* Who names the store itself means it. */
    if (*path == 0 || strncmp(path, world->store, world->store_length) == 0) {
        return NO_NODE;
    }
    int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
    if (KERNEL4(world->kernel, SYS_newfstatat, fd, path, &status, flags) < 0) {
        return NO_NODE;
    }
    node_id node = world_inode(caller, -1, &status);
    if (node == NO_NODE) {
        return NO_NODE;
    }
    *open = descriptor_named(caller, path, &status);
    return *open < 0 ? node : world_inode(caller, *open, &status);
}
