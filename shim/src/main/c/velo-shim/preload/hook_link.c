#include "sys.h"

#include <stdlib.h>
#include <string.h>

HOOK(ssize_t, readlink, (const char *path, char *out, size_t room)) {
    return told(sys_readlinkat(AT_FDCWD, path, out, room));
}

HOOK(ssize_t, readlinkat, (int at, const char *path, char *out, size_t room)) {
    return told(sys_readlinkat(at, path, out, room));
}

HOOK(ssize_t, readlink_chk, (const char *path, char *out, size_t room, size_t size)) {
    if (room > size) {
        __builtin_trap();
    }
    return told(sys_readlinkat(AT_FDCWD, path, out, room));
}

HOOK(ssize_t, readlinkat_chk, (int at, const char *path, char *out, size_t room, size_t size)) {
    if (room > size) {
        __builtin_trap();
    }
    return told(sys_readlinkat(at, path, out, room));
}

/* What is done of a path, what is to do, and how often a link was followed. */
struct walk {
    char done[PATH_MAX], rest[PATH_MAX], link[PATH_MAX];
    size_t length;
    int followed;
};

static void step_up(struct walk *walk) {
    while (walk->length > 1 && walk->done[walk->length - 1] != '/') {
        walk->length--;
    }
    if (walk->length > 1) {
        walk->length--;
    }
    walk->done[walk->length] = 0;
}

static long step_down(struct walk *walk, const char *name, size_t length) {
    bool slash = walk->length > 1;
    if (walk->length + slash + length >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    if (slash) {
        walk->done[walk->length++] = '/';
    }
    memcpy(walk->done + walk->length, name, length);
    walk->length += length;
    walk->done[walk->length] = 0;
    return 0;
}

/* The link's content goes before the rest. */
static long follow(struct walk *walk, const char *rest, long length) {
    size_t left = strlen(rest);
    if (++walk->followed > 40) {
        return -ELOOP;
    }
    if ((size_t)length + left >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    memmove(walk->rest + length, rest, left + 1);
    memcpy(walk->rest, walk->link, (size_t)length);
    if (walk->rest[0] == '/') {
        walk->length = 1;
        walk->done[1] = 0;
    } else {
        step_up(walk);
    }
    return 0;
}

/* What stands before rest must be a directory, and the look at a name in it will not tell. */
static bool ends_there(const char *rest) {
    if (*rest != '/') {
        return false;
    }
    rest += strspn(rest, "/");
    const size_t length = strcspn(rest, "/");
    return length == 0 || (rest[0] == '.' && (length == 1 || (length == 2 && rest[1] == '.')));
}

static long walk_to_end(struct walk *walk) {
    struct stat state;
    const char *at = walk->rest;
    for (;;) {
        while (*at == '/') {
            at++;
        }
        if (*at == 0) {
            return 0;
        }
        size_t length = strcspn(at, "/");
        const char *rest = at + length;
        long error = 0;
        if (length == 2 && at[0] == '.' && at[1] == '.') {
            step_up(walk);
        } else if (!(length == 1 && at[0] == '.')) {
            if ((error = step_down(walk, at, length)) < 0) {
                return error;
            }
            long link = sys_readlinkat(AT_FDCWD, walk->done, walk->link, sizeof walk->link);
            if (link == -EINVAL) {
                error = ends_there(rest) ? sys_fstatat(AT_FDCWD, walk->done, &state, 0) : 0;
            } else if (link < 0) {
                return link;
            } else if ((error = follow(walk, rest, link)) == 0) {
                rest = walk->rest;
            }
            if (link == -EINVAL && error == 0 && ends_there(rest) && !S_ISDIR(state.st_mode)) {
                return -ENOTDIR;
            }
        }
        if (error < 0) {
            return error;
        }
        at = rest;
    }
}

static long begin(struct walk *walk, const char *path) {
    long length = path_length(path);
    if (length <= 0) {
        return length == 0 ? -ENOENT : length == -EFAULT && !path ? -EINVAL : length;
    }
    memcpy(walk->rest, path, (size_t)length + 1);
    walk->followed = 0;
    if (path[0] == '/') {
        memcpy(walk->done, "/", 2);
        walk->length = 1;
        return 0;
    }
    long got = sys_getcwd(walk->done, sizeof walk->done);
    if (got < 0) {
        return got;
    }
    walk->length = (size_t)got - 1;
    return walk->done[0] == '/' ? 0 : -ENOENT;
}

HOOK(char *, realpath, (const char *path, char *out)) {
    struct walk *walk = malloc(sizeof *walk);
    if (!walk) {
        return NULL;
    }
    long error = begin(walk, path);
    if (error == 0) {
        error = walk_to_end(walk);
        /* Where it fails, out tells how far it came, as in libc. */
        if (out && (error == 0 || error == -ENOENT || error == -EACCES)) {
            memcpy(out, walk->done, walk->length + 1);
        }
    }
    char *result = error == 0 ? out ? out : strdup(walk->done) : NULL;
    free(walk);
    if (error < 0) {
        errno = (int)-error;
    }
    return result;
}

HOOK(char *, realpath_chk, (const char *path, char *out, size_t size)) {
    if (out && size < PATH_MAX) {
        __builtin_trap();
    }
    return hook_realpath(path, out);
}

HOOK(char *, canonicalize_file_name, (const char *path)) {
    return hook_realpath(path, NULL);
}
