#include "walk.h"

#include <errno.h>
#include <string.h>

static const struct tree *tree_of(const struct walk *walk) {
    return &walk->caller->world->tree;
}

long walk_end(struct walk *walk, node_id node) {
    struct target *out = walk->out;
    out->kind = TARGET_TREE;
    out->node = node;
    if (node == NO_NODE) {
        return 0;
    }
    if (!tree_node(tree_of(walk), node, &out->is)) {
        return -ENOENT;
    }
    bool must = out->slash && (walk->how & (RESOLVE_PLACE | RESOLVE_MAY_LACK)) == 0;
    return must && out->is.type != NODE_DIRECTORY ? -ENOTDIR : 0;
}

/* A directory in which a name may be looked up. */
static long enter(const struct walk *walk, node_id id, struct node *node) {
    if (!tree_node(tree_of(walk), id, node)) {
        return -ENOENT;
    }
    if (node->type != NODE_DIRECTORY) {
        return -ENOTDIR;
    }
    if ((node->mode & 0111) == 0111 || (walk->how & RESOLVE_NO_SEARCH) != 0) {
        return 0;
    }
    return world_permits(walk->caller, id, 1, (walk->how & RESOLVE_REAL) != 0);
}

/* What is left of the path goes to the end of room, which it may be in already. Its length with the NUL. */
static size_t put_aside(struct walk *walk, const char *rest) {
    size_t left = strlen(rest) + 1;
    memmove(walk->out->room + PATH_MAX - left, rest, left);
    return left;
}

/* And back, behind so many bytes that stand before it now. */
static long go_on(struct walk *walk, size_t length, size_t left) {
    char *room = walk->out->room;
    const char *rest = room + PATH_MAX - left;
    bool gap = length > 0 && room[length - 1] != '/' && *rest != '/' && *rest != 0;
    if (length + gap + left > PATH_MAX) {
        return -ENAMETOOLONG;
    }
    memmove(room + length + gap, rest, left);
    if (gap) {
        room[length] = '/';
    }
    return 0;
}

/* ".." of the root is the directory of the host that the prefix is in. */
static long leave(struct walk *walk, const char *rest) {
    const struct world *world = walk->caller->world;
    size_t length = world->last_name > 1 ? world->last_name - 1 : 1;
    size_t left = put_aside(walk, rest);
    if (length + left > PATH_MAX) {
        return -ENAMETOOLONG;
    }
    memcpy(walk->out->room, world->prefix, length);
    long result = go_on(walk, length, left);
    return result < 0 ? result : WALK_LEAVES;
}

/* The last component: by its name alone where a name is made or taken away, else what it is. */
static bool is_last(const struct walk *walk, node_id child, enum node_type type) {
    if ((walk->how & RESOLVE_PLACE) != 0 || child == NO_NODE || type != NODE_LINK) {
        return true;
    }
    if ((walk->how & RESOLVE_MAY_LACK) != 0 && walk->out->slash) {
        return true;
    }
    return (walk->how & RESOLVE_KEEP_LINK) != 0 && !walk->out->slash;
}

static void name_place(struct target *out, node_id parent, const char *name, size_t length) {
    out->parent = parent;
    out->name = name;
    out->name_length = length;
    out->last = LAST_NAME;
}

static void end_at_dots(struct target *out, bool up) {
    out->parent = NO_NODE;
    out->name = NULL;
    out->last = up ? LAST_DOT_DOT : LAST_DOT;
}

/* One step of the walk from *directory by the name at path; *path is what is left. */
struct step {
    node_id directory;
    const char *path;
    bool ended;
};

/* A symbolic link is absolute. */
static long to_top(const struct walk *walk, struct step *step) {
    if (walk->base == NO_NODE) {
        return WALK_LEAVES;
    }
    step->directory = walk->base;
    return (walk->how & RESOLVE_ROOTED) != 0 ? 0 : -EXDEV;
}

static long follow(struct walk *walk, struct step *step, node_id link) {
    char *room = walk->out->room;
    if (++walk->links > LINKS_MOST || (walk->how & RESOLVE_LINKLESS) != 0) {
        return -ELOOP;
    }
    size_t left = put_aside(walk, step->path);
    long length = tree_target(tree_of(walk), link, room, PATH_MAX - left);
    if (length < 0) {
        return length == -ERANGE ? -ENAMETOOLONG : -ENOENT;
    }
    step->path = room;
    long result = go_on(walk, (size_t)length, left);
    return result < 0 ? result : *room == '/' ? to_top(walk, step) : 0;
}

static long step_by_name(struct walk *walk, struct step *step, const char *name, size_t length, bool last) {
    struct node node = {.type = NODE_DIRECTORY};
    node_id child = tree_child(tree_of(walk), step->directory, name, length);
    if (child != NO_NODE && !tree_node(tree_of(walk), child, &node)) {
        child = NO_NODE;
    }
    if (child == NO_NODE && !(last && (walk->how & (RESOLVE_MAY_LACK | RESOLVE_PLACE)) != 0)) {
        return -ENOENT;
    }
    if (last && is_last(walk, child, node.type)) {
        name_place(walk->out, step->directory, name, length);
        step->ended = true;
        return walk_end(walk, child);
    }
    if (node.type != NODE_LINK) {
        step->directory = child;
        return 0;
    }
    return follow(walk, step, child);
}

static long step_up(struct walk *walk, struct step *step, const struct node *node) {
    if (step->directory == walk->base) {
        return (walk->how & RESOLVE_ROOTED) != 0 ? 0 : -EXDEV;
    }
    if (step->directory == ROOT_NODE) {
        return leave(walk, step->path);
    }
    if (node->parent == NO_NODE) {
        return -ENOENT;
    }
    step->directory = node->parent;
    return 0;
}

static long walk_step(struct walk *walk, struct step *step) {
    struct node node;
    const char *name = step->path + strspn(step->path, "/");
    size_t length = strcspn(name, "/");
    if (length == 0) {
        step->ended = true;
        return walk_end(walk, step->directory);
    }
    long result = enter(walk, step->directory, &node);
    if (result < 0) {
        return result;
    }
    const char *rest = name + length;
    bool last = rest[strspn(rest, "/")] == 0;
    /* The slashes stay in what is left where a link may be put before them: it has to be a directory then. */
    step->path = rest;
    if (last) {
        walk->out->slash = *rest == '/';
    }
    bool dot = length == 1 && name[0] == '.';
    bool up = length == 2 && name[0] == '.' && name[1] == '.';
    if (last && (dot || up)) {
        end_at_dots(walk->out, up);
        if ((walk->how & RESOLVE_PLACE) != 0) {
            step->ended = true;
            return walk_end(walk, step->directory);
        }
    }
    if (dot || up) {
        return up ? step_up(walk, step, &node) : 0;
    }
    return length > NAME_MOST ? -ENAMETOOLONG : step_by_name(walk, step, name, length, last);
}

long walk_tree(struct walk *walk, node_id directory, const char *path) {
    struct step step = {directory, path, false};
    long result = 0;
    walk->out->last = directory == ROOT_NODE ? LAST_ROOT : LAST_DOT;
    walk->out->slash = *path == '/' && path[strspn(path, "/")] == 0;
    while (result == 0 && !step.ended) {
        result = walk_step(walk, &step);
    }
    return result;
}
