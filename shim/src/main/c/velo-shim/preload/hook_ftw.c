#include "stream.h"
#include "visited.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/*
 * A walk holds one descriptor, however deep it goes: a directory is read to its end before what is in it is
 * looked at. So the caller's limit is kept without being looked at.
 */
typedef int visit_old(const char *, const struct stat *, int);
typedef int visit_new(const char *, const struct stat *, int, struct FTW *);

struct directory {
    dev_t device;
    ino_t inode;
    const struct directory *above;
};

struct tree_walk {
    visit_old *old;
    visit_new *visit;
    int flags;
    dev_t device;
    int first; /* what FTW_F is: 0, of musl 1 */
    struct visited visited;
    char path[PATH_MAX];
};

static int tell(struct tree_walk *walk, const struct stat *state, int type, struct FTW *where) {
    type += walk->first;
    return walk->old ? walk->old(walk->path, state, type) : walk->visit(walk->path, state, type, where);
}

/* Names of a directory, one after another; NULL with errno. */
static char *read_names(const char *path, size_t *count) {
    struct stream *stream = stream_open(AT_FDCWD, path);
    size_t room = 4096, filled = 0;
    int error = 0;
    char *names = stream ? malloc(room) : NULL;
    struct dirent *entry;
    *count = 0;
    while (names && (entry = stream_next(stream, &error)) != NULL) {
        size_t length = strlen(entry->d_name) + 1;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (filled + length > room) {
            char *more = realloc(names, room *= 2);
            if (!more) {
                free(names);
            }
            names = more;
        }
        if (names) {
            memcpy(names + filled, entry->d_name, length);
            filled += length;
            ++*count;
        }
    }
    if (stream) {
        stream_close(stream);
    }
    return names;
}

static int walk_at(struct tree_walk *walk, int level, int base, const struct directory *above);

static int walk_names(struct tree_walk *walk, int level, const struct directory *above) {
    size_t length = strlen(walk->path), count;
    char *names = read_names(walk->path, &count), *name = names;
    int result = 0;
    if (!names) {
        return errno == ENOMEM ? -1 : 0;
    }
    bool slash = length > 0 && walk->path[length - 1] == '/';
    for (; count > 0 && result == 0; count--, name += strlen(name) + 1) {
        if (length + strlen(name) + 2 > sizeof walk->path) {
            errno = ENAMETOOLONG;
            result = -1;
            break;
        }
        walk->path[length] = '/';
        strcpy(walk->path + length + !slash, name);
        result = walk_at(walk, level + 1, (int)(length + !slash), above);
        if (result == FTW_SKIP_SUBTREE && walk->flags & FTW_ACTIONRETVAL) {
            result = 0;
        }
        if (result == FTW_SKIP_SIBLINGS && walk->flags & FTW_ACTIONRETVAL) {
            result = 0;
            break;
        }
    }
    walk->path[length] = 0;
    free(names);
    return result;
}

/* FTW_CHDIR: the caller is in the directory of what he is told of. */
static int enter(struct tree_walk *walk, int base, int *back) {
    char parent[PATH_MAX];
    *back = -1;
    if (!(walk->flags & FTW_CHDIR)) {
        return 0;
    }
    long fd = told(sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
    if (fd < 0) {
        return -1;
    }
    *back = (int)fd;
    if (base == 0) {
        return 0;
    }
    memcpy(parent, walk->path, (size_t)base);
    parent[base] = 0;
    return (int)told(sys_chdir(parent));
}

static void leave(int back) {
    if (back >= 0) {
        sys_fchdir(back);
        RAW1(SYS_close, back);
    }
}

static int tell_inside(struct tree_walk *walk, const struct stat *state, int type, struct FTW *where) {
    int back, result = enter(walk, where->base, &back);
    if (result == 0) {
        result = tell(walk, state, type, where);
    }
    leave(back);
    return result;
}

static bool is_above(const struct stat *state, const struct directory *above) {
    for (; above; above = above->above) {
        if (above->device == state->st_dev && above->inode == state->st_ino) {
            return true;
        }
    }
    return false;
}

/* Where links are followed glibc tells each directory once, musl only leaves out one that it is in. */
static int meet(struct tree_walk *walk, const struct stat *state, const struct directory *above) {
    if (libc_is_musl()) {
        return !is_above(state, above);
    }
    return visited_add(&walk->visited, state->st_dev, state->st_ino);
}

static int walk_directory(struct tree_walk *walk, const struct stat *state, struct FTW *where,
                          const struct directory *above) {
    struct directory here = {state->st_dev, state->st_ino, above};
    if (!(walk->flags & FTW_PHYS)) {
        const int met = meet(walk, state, above);
        if (met <= 0) {
            return met;
        }
    }
    long readable = sys_openat(AT_FDCWD, walk->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (readable < 0) {
        return tell_inside(walk, state, FTW_DNR, where);
    }
    RAW1(SYS_close, readable);
    bool after = (walk->flags & FTW_DEPTH) != 0;
    int result = after ? 0 : tell_inside(walk, state, FTW_D, where);
    if (result == FTW_SKIP_SUBTREE && walk->flags & FTW_ACTIONRETVAL) {
        return 0;
    }
    if (result == 0) {
        result = walk_names(walk, where->level, &here);
    }
    if (result == 0 && after) {
        result = tell_inside(walk, state, FTW_DP, where);
    }
    return result;
}

static int walk_at(struct tree_walk *walk, int level, int base, const struct directory *above) {
    struct stat state;
    struct FTW where = {base, level};
    bool physical = (walk->flags & FTW_PHYS) != 0;
    long error = sys_fstatat(AT_FDCWD, walk->path, &state, physical ? AT_SYMLINK_NOFOLLOW : 0);
    if (error < 0 && error != -ENOENT && (level == 0 || error != -EACCES)) {
        return (int)told(error);
    }
    if (error < 0 && level == 0 && physical) {
        return (int)told(error);
    }
    if (error < 0) {
        if (physical || sys_fstatat(AT_FDCWD, walk->path, &state, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISLNK(state.st_mode)) {
            return level == 0 ? (int)told(error) : tell_inside(walk, &state, FTW_NS, &where);
        }
        return tell_inside(walk, &state, walk->old ? FTW_NS : FTW_SLN, &where);
    }
    if (level == 0) {
        walk->device = state.st_dev;
    }
    if (walk->flags & FTW_MOUNT && state.st_dev != walk->device) {
        return 0;
    }
    if (S_ISDIR(state.st_mode)) {
        return walk_directory(walk, &state, &where, above);
    }
    return tell_inside(walk, &state, S_ISLNK(state.st_mode) ? FTW_SL : FTW_F, &where);
}

static int walk_from(const char *path, visit_old *old, visit_new *visit, int flags) {
    long length = path_length(path);
    if (length <= 0) {
        return (int)told(length == 0 ? -ENOENT : length);
    }
    struct tree_walk *walk = malloc(sizeof *walk);
    if (!walk) {
        return -1;
    }
    walk->visited = (struct visited){0};
    walk->old = old;
    walk->visit = visit;
    walk->flags = flags;
    walk->first = libc_is_musl();
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    memcpy(walk->path, path, (size_t)length);
    walk->path[length] = 0;
    const char *slash = strrchr(walk->path, '/');
    int result = walk_at(walk, 0, slash && slash[1] ? (int)(slash - walk->path) + 1 : 0, NULL);
    visited_forget(&walk->visited);
    free(walk);
    return result;
}

HOOK(int, ftw, (const char *path, visit_old *visit, int limit)) {
    (void)limit;
    return walk_from(path, visit, NULL, 0);
}

HOOK(int, nftw, (const char *path, visit_new *visit, int limit, int flags)) {
    (void)limit;
    return walk_from(path, NULL, visit, flags);
}
