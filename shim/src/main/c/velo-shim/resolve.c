#include "resolve.h"

#include "border.h"
#include "proc_paths.h"
#include "proc_places.h"
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A path below the prefix that needs no walk: no ".", no "..", no two slashes in it. */
struct plain {
    const char *path; /* from the root, no leading slash */
    size_t length, parent_length;
    const char *name;
    bool slash;
};

static bool is_plain(const char *rest, struct plain *out) {
    const char *name = rest + 1, *at = name;
    out->path = name;
    for (;; at++) {
        if (*at != '/' && *at != 0) {
            continue;
        }
        size_t length = (size_t)(at - name);
        if (length == 0 || length > NAME_MOST || (name[0] == '.' && length == 1) ||
            (name[0] == '.' && name[1] == '.' && length == 2)) {
            return false;
        }
        if (at[*at == '/'] == 0) {
            break;
        }
        name = at + 1;
    }
    out->name = name;
    out->length = (size_t)(at - out->path);
    out->parent_length = name == out->path ? 0 : (size_t)(name - out->path) - 1;
    out->slash = *at == '/';
    return true;
}

/* The name in its directory, both without a walk. False: a walk is needed to tell. */
static bool find_place(struct walk *walk, const struct plain *plain, node_id *node) {
    const struct tree *tree = &walk->caller->world->tree;
    struct node is;
    bool certain, searchable;
    size_t length = plain->length - (size_t)(plain->name - plain->path);
    node_id parent = tree_find(tree, plain->path, plain->parent_length, &certain, &searchable);
    if (parent == NO_NODE || !tree_node(tree, parent, &is) || is.type != NODE_DIRECTORY) {
        return false;
    }
    if ((walk->how & RESOLVE_NO_SEARCH) == 0 && (!searchable || (is.mode & 0111) != 0111)) {
        return false;
    }
    *node = tree_child(tree, parent, plain->name, length);
    walk->out->parent = parent;
    walk->out->name = plain->name;
    walk->out->name_length = length;
    walk->out->last = LAST_NAME;
    return true;
}

/* 1: a walk is needed. */
static long find_plain(struct walk *walk, const char *rest) {
    const struct tree *tree = &walk->caller->world->tree;
    struct plain plain;
    bool certain = true, searchable = true;
    node_id node;
    if (!is_plain(rest, &plain)) {
        return 1;
    }
    walk->out->slash = plain.slash;
    if ((walk->how & (RESOLVE_MAY_LACK | RESOLVE_PLACE)) != 0) {
        if (!find_place(walk, &plain, &node)) {
            return 1;
        }
    } else {
        node = tree_find(tree, plain.path, plain.length, &certain, &searchable);
        if ((!searchable && (walk->how & RESOLVE_NO_SEARCH) == 0) || (node == NO_NODE && !certain)) {
            return 1;
        }
        if (node == NO_NODE) {
            return -ENOENT;
        }
    }
    long result = walk_end(walk, node);
    bool link = node != NO_NODE && walk->out->is.type == NODE_LINK && (walk->how & RESOLVE_PLACE) == 0;
    return link && (plain.slash || (walk->how & RESOLVE_KEEP_LINK) == 0) ? 1 : result;
}

static long below_prefix(struct walk *walk, const char *rest) {
    if (*rest == '/' && rest[1] != 0) {
        long result = find_plain(walk, rest);
        if (result != 1) {
            return result;
        }
    }
    return walk_tree(walk, ROOT_NODE, rest);
}

static long of_host(struct walk *walk, const char *path) {
    bool as_it_is = path != walk->out->room;
    walk->out->kind = as_it_is ? TARGET_KERNEL : TARGET_HOST;
    return 0;
}

/* A path of the host, from the directory fd or absolute, that nothing at its beginning leads into the tree.
 */
static long on_host(struct walk *walk, int fd, const char *path) {
    const struct world *world = walk->caller->world;
    const char *rest = border_crossed(world, fd, path, walk->out->room);
    if (rest != NULL) {
        return below_prefix(walk, rest);
    }
    if ((walk->how & RESOLVE_AGAIN) == 0 || (walk->how & RESOLVE_LINKLESS) != 0 ||
        !world_expects_host_links(world)) {
        return of_host(walk, path);
    }
    bool follow = (walk->how & (RESOLVE_KEEP_LINK | RESOLVE_PLACE)) == 0;
    memmove(walk->out->room, path, strlen(path) + 1);
    if (border_behind_links(world, fd, walk->out->room, follow, &walk->links, &rest)) {
        return below_prefix(walk, rest);
    }
    return walk->links > LINKS_MOST ? -ELOOP : of_host(walk, path);
}

static long from_node(struct walk *walk, node_id node, int fd, const char *rest) {
    if (*rest != 0) {
        return walk_tree(walk, node, rest);
    }
    walk->out->slash = false;
    walk->out->fd = fd;
    walk->out->last = LAST_DOT;
    return walk_end(walk, node);
}

/* What the kernel shows a process of itself. WALK_LEAVES: *path goes on elsewhere. */
static long from_proc(struct walk *walk, const struct proc_path *proc, const char **path) {
    struct origin origin = {.kind = ORIGIN_HOST};
    bool follow = (walk->how & (RESOLVE_KEEP_LINK | RESOLVE_PLACE)) == 0;
    if (proc->kind == PROC_OTHER || (*proc->rest == 0 && !follow) ||
        (walk->how & (RESOLVE_LINKLESS | RESOLVE_MAGICLESS)) != 0) {
        return of_host(walk, *path);
    }
    if (proc->kind == PROC_ROOT) {
        if (*proc->rest == 0 || border_below(walk->caller->world, proc->rest) == NULL) {
            return of_host(walk, *path);
        }
        *path = proc->rest;
        return WALK_LEAVES;
    }
    if (proc->kind == PROC_PROGRAM) {
        origin.node = proc_program(walk->caller);
        origin.kind = origin.node == NO_NODE ? ORIGIN_HOST : ORIGIN_TREE;
        origin.fd = -1;
    } else if (walk->caller->origin(walk->caller, proc->fd, &origin) < 0) {
        return of_host(walk, *path);
    }
    if (origin.kind != ORIGIN_TREE) {
        return of_host(walk, *path);
    }
    return from_node(walk, origin.node, origin.fd, proc->rest);
}

static bool may_be_proc(const char *path) {
    return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/", 5) == 0;
}

static long absolute(struct walk *walk, const char *path) {
    const struct world *world = walk->caller->world;
    struct proc_path proc;
    for (;;) {
        const char *rest = border_below(world, path);
        long result;
        if (rest != NULL) {
            result = below_prefix(walk, rest);
            path = walk->out->room;
        } else if (may_be_proc(path) && (proc_path(walk->caller, path, &proc), proc.kind != PROC_OTHER)) {
            result = from_proc(walk, &proc, &path);
            path = result == WALK_LEAVES && proc.kind != PROC_ROOT ? walk->out->room : path;
        } else {
            result = on_host(walk, AT_FDCWD, path);
            path = walk->out->room;
        }
        if (result != WALK_LEAVES) {
            return result;
        }
    }
}

static long relative(struct walk *walk, int directory, const char *path) {
    struct origin origin;
    struct proc_path proc;
    long result = walk->caller->origin(walk->caller, directory, &origin);
    if (result < 0) {
        /* The kernel has the same to say, and about other things of the call before. */
        return of_host(walk, path);
    }
    if (origin.kind == ORIGIN_HOST && proc_relative(walk->caller->world, origin.fd, path, walk->out->room) &&
        (proc_path(walk->caller, walk->out->room, &proc), proc.kind != PROC_OTHER)) {
        return absolute(walk, walk->out->room);
    }
    if (origin.kind == ORIGIN_HOST) {
        result = *path == 0 ? of_host(walk, path) : on_host(walk, origin.fd, path);
    } else {
        result = from_node(walk, origin.node, origin.fd, path);
    }
    return result == WALK_LEAVES ? absolute(walk, walk->out->room) : result;
}

/* A path that must not leave the directory it starts from. */
static long scoped(struct walk *walk, int directory, const char *path) {
    struct origin origin;
    if (walk->caller->origin(walk->caller, directory, &origin) < 0) {
        return of_host(walk, path);
    }
    if (origin.kind == ORIGIN_HOST) {
        long result = *path == '/' || *path == 0 ? of_host(walk, path) : on_host(walk, origin.fd, path);
        return result < 0 || walk->out->kind == TARGET_KERNEL ? result : -EXDEV;
    }
    if (*path == '/' && (walk->how & RESOLVE_ROOTED) == 0) {
        return -EXDEV;
    }
    walk->base = origin.node;
    long result = from_node(walk, origin.node, origin.fd, path);
    return result == WALK_LEAVES ? -EXDEV : result;
}

/* Whichever way a path takes: what many trees share is not changed. */
static long see_through(struct walk *walk, int directory, const char *path) {
    struct target *out = walk->out;
    const char *named = out->kind == TARGET_HOST ? out->room : path;
    int open;
    node_id node = proc_behind(walk->caller, directory, named, (walk->how & RESOLVE_KEEP_LINK) == 0, &open);
    return node == NO_NODE ? 0 : from_node(walk, node, open, "");
}

long resolve(struct caller *caller, int directory, const char *path, unsigned how, struct target *out) {
    struct walk walk = {caller, how, 0, out, NO_NODE};
    out->node = out->parent = NO_NODE;
    out->is = (struct node){.links = 0};
    out->name = NULL;
    out->name_length = 0;
    out->last = LAST_ROOT;
    out->slash = false;
    out->fd = -1;
    if (caller->again) {
        walk.how |= RESOLVE_AGAIN;
    }
    if (*path == 0 && (how & RESOLVE_EMPTY) == 0) {
        return -ENOENT;
    }
    if ((how & (RESOLVE_STAYING | RESOLVE_ROOTED)) != 0) {
        return scoped(&walk, directory, path);
    }
    long result = *path == '/' ? absolute(&walk, path) : relative(&walk, directory, path);
    bool through = result == 0 && out->kind != TARGET_TREE && (how & RESOLVE_CHANGES) != 0;
    return through ? see_through(&walk, directory, path) : result;
}
