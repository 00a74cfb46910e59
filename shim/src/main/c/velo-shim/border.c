#include "border.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { LINKS_MOST = 40, TARGET_ROOM = 1024 };

/* The next component that is the prefix's last name, from a place on where a component begins. */
static const char *next_name(const struct world *world, const char *path, const char *from) {
    const char *name = world->prefix + world->last_name;
    size_t length = world->prefix_length - world->last_name;
    for (const char *at = strstr(from, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == path || at[-1] == '/') && (at[length] == '/' || at[length] == 0)) {
            return at;
        }
    }
    return NULL;
}

/* An absolute path without these, which does not begin with the prefix, is not below it: but for links. */
static bool is_winding(const char *path, const char *end) {
    for (const char *at = path; at + 1 < end; at++) {
        if (at[0] == '/' && (at[1] == '/' || at[1] == '.')) {
            return true;
        }
    }
    return false;
}

/* The directory is the one of the host that the prefix is in. */
static bool is_parent(const struct world *world, int fd, const char *directory) {
    struct stat status;
    int flags = *directory == 0 ? AT_EMPTY_PATH : 0;
    return KERNEL4(world->kernel, SYS_newfstatat, fd, directory, &status, flags) == 0 &&
           status.st_dev == world->parent_device && status.st_ino == world->parent_inode;
}

const char *border_crossed(const struct world *world, int fd, const char *path, char *room) {
    size_t length = world->prefix_length - world->last_name;
    if (!world->parent_known) {
        return NULL;
    }
    for (const char *at = next_name(world, path, path); at != NULL; at = next_name(world, path, at + 1)) {
        if (*path == '/' && !is_winding(path, at)) {
            continue;
        }
        size_t before = (size_t)(at - path);
        memmove(room, path, path == room ? 0 : before);
        char kept = room[before];
        room[before] = 0;
        bool is = is_parent(world, fd, room);
        room[before] = kept;
        if (is) {
            return at + length;
        }
    }
    return NULL;
}

/* Puts a link's target where the component from begin to end stands in room, or at the start of it. False: it
 * does not fit. */
static bool replace(char *room, size_t begin, size_t end, const char *target, size_t length) {
    size_t rest = strlen(room + end) + 1;
    begin = *target == '/' ? 0 : begin;
    if (begin + length + rest > PATH_MAX) {
        return false;
    }
    memmove(room + begin + length, room + end, rest);
    memcpy(room + begin, target, length);
    return true;
}

static long link_target(const struct world *world, int fd, char *room, size_t end, char *target) {
    char kept = room[end];
    room[end] = 0;
    long length = KERNEL4(world->kernel, SYS_readlinkat, fd, room, target, TARGET_ROOM);
    room[end] = kept;
    return length > 0 && length < TARGET_ROOM ? length : 0;
}

bool border_behind_links(const struct world *world, int fd, char *room, bool follow, unsigned *links,
                         const char **rest) {
    char target[TARGET_ROOM];
    size_t begin = 0;
    while (*links < LINKS_MOST) {
        begin += strspn(room + begin, "/");
        size_t end = begin + strcspn(room + begin, "/");
        if (begin == end || (room[end] == 0 && !follow)) {
            return false;
        }
        long length = link_target(world, fd, room, end, target);
        if (length == 0) {
            begin = end;
            continue;
        }
        ++*links;
        if (!replace(room, begin, end, target, (size_t)length)) {
            return false;
        }
        begin = *target == '/' ? 0 : begin;
        *rest = *room == '/' ? border_below(world, room) : NULL;
        if (*rest == NULL) {
            *rest = border_crossed(world, fd, room, room);
        }
        if (*rest != NULL) {
            return true;
        }
    }
    return false;
}
