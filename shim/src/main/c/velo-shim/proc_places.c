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

/* The descriptor of the caller that has the path's last name, where it is the same file; as it is here. */
static int descriptor_named(struct caller *caller, const char *path, const struct stat *status) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    size_t length = strlen(name);
    struct origin origin;
    struct stat found;
    int fd = 0;
    if (!is_number(name, length) || length > 7) {
        return -1;
    }
    for (; *name != 0; name++) {
        fd = fd * 10 + (*name - '0');
    }
    if (caller->pid != 0) {
        fd = caller->origin(caller, fd, &origin) == 0 ? origin.fd : -1;
    }
    bool same = fd >= 0 && KERNEL2(caller->world->kernel, SYS_fstat, fd, &found) == 0 &&
                found.st_dev == status->st_dev && found.st_ino == status->st_ino;
    return same ? fd : -1;
}

/* A component of room, from begin to end. */
struct component {
    char *room;
    size_t begin, end;
};

static bool is_named(const struct component *at, const char *name) {
    size_t length = at->end - at->begin;
    return strlen(name) == length && memcmp(at->room + at->begin, name, length) == 0;
}

/* In fd and map_files the kernel shows a file itself, whatever the name is worth that it tells. */
static bool shows_itself(const struct component *at) {
    static const char *const PLACES[] = {"fd/", "map_files/"};
    bool is = false;
    for (unsigned i = 0; !is && i < 2; i++) {
        size_t length = strlen(PLACES[i]);
        is = at->begin >= length && memcmp(at->room + at->begin - length, PLACES[i], length) == 0 &&
             (at->begin == length || at->room[at->begin - length - 1] == '/');
    }
    return is;
}

/* The target of a symbolic link, with the caller where the kernel names who asks. 0: it is none to follow. */
static size_t target_seen(const struct caller *caller, int fd, const struct component *at, char *target) {
    struct real_path own = {.length = 0};
    char kept = at->room[at->end];
    at->room[at->end] = 0;
    long length = KERNEL4(caller->world->kernel, SYS_readlinkat, fd, at->room, target, PATH_MAX - 1);
    at->room[at->end] = kept;
    if (length <= 0 || shows_itself(at)) {
        return 0;
    }
    target[length] = 0;
    if (is_named(at, "self") || is_named(at, "thread-self")) {
        path_number(&own, (unsigned long)KERNEL0(caller->world->kernel, SYS_getpid), 10, 1);
        if (strncmp(target, own.text, own.length) == 0 &&
            (target[own.length] == 0 || target[own.length] == '/')) {
            own.length = 0;
            path_number(&own, (unsigned long)caller->pid, 10, 1);
            memcpy(target, own.text, own.length);
            return own.length;
        }
    }
    return (size_t)length;
}

enum { LINKS = 40 };

/*
 * /proc/self is whoever asks. Where the core answers for another process the path is followed link by link,
 * so that it leads to what that one has. In room, PATH_MAX bytes, where it is.
 */
static void name_caller(const struct caller *caller, int fd, bool follow, char *room) {
    char target[PATH_MAX];
    struct component at = {room, 0, 0};
    for (unsigned links = 0; links < LINKS;) {
        at.begin += strspn(room + at.begin, "/");
        at.end = at.begin + strcspn(room + at.begin, "/");
        if (at.begin == at.end || (room[at.end] == 0 && !follow)) {
            return;
        }
        size_t length = target_seen(caller, fd, &at, target), rest = strlen(room + at.end) + 1;
        if (length == 0) {
            at.begin = at.end;
            continue;
        }
        at.begin = *target == '/' ? 0 : at.begin;
        if (at.begin + length + rest > PATH_MAX) {
            return;
        }
        memmove(room + at.begin + length, room + at.end, rest);
        memcpy(room + at.begin, target, length);
        links++;
    }
}

static node_id behind(struct caller *caller, int fd, const char *path, bool follow, int *open) {
    const struct world *world = caller->world;
    struct stat status;
    const int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
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

static node_id behind_other(struct caller *caller, int fd, const char *path, bool follow, int *open) {
    char room[PATH_MAX];
    memcpy(room, path, strlen(path) + 1);
    name_caller(caller, fd, follow, room);
    return behind(caller, fd, room, follow, open);
}

node_id proc_behind(struct caller *caller, int fd, const char *path, bool follow, int *open) {
    const struct world *world = caller->world;
    *open = -1;
    /* Who names the store itself means it. */
    if (*path == 0 || strncmp(path, world->store, world->store_length) == 0) {
        return NO_NODE;
    }
    return caller->pid != 0 ? behind_other(caller, fd, path, follow, open)
                            : behind(caller, fd, path, follow, open);
}
