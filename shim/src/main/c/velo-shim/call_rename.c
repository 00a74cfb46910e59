#include "asked.h"
#include "calls.h"
#include "watching.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>

static long names(const struct target *from, const struct target *to, unsigned flags) {
    if (from->last != LAST_NAME) {
        return -EBUSY;
    }
    if (to->last != LAST_NAME) {
        return (flags & RENAME_NOREPLACE) != 0 ? -EEXIST : -EBUSY;
    }
    if (from->node == NO_NODE) {
        return -ENOENT;
    }
    if ((flags & RENAME_NOREPLACE) != 0 && to->node != NO_NODE) {
        return -EEXIST;
    }
    if ((flags & RENAME_EXCHANGE) != 0) {
        if (to->node == NO_NODE) {
            return -ENOENT;
        }
        if (to->slash && to->is.type != NODE_DIRECTORY) {
            return -ENOTDIR;
        }
    }
    if (from->is.type != NODE_DIRECTORY) {
        bool slash = from->slash || ((flags & RENAME_EXCHANGE) == 0 && to->slash);
        return slash ? -ENOTDIR : 0;
    }
    return 0;
}

static bool is_above(const struct tree *tree, node_id above, node_id id) {
    struct node node;
    /* A tree that is changed meanwhile may show a circle. */
    for (unsigned depth = 0; depth < PATH_MAX; depth++) {
        if (id == above) {
            return true;
        }
        if (id == ROOT_NODE || !tree_node(tree, id, &node) || node.parent == NO_NODE) {
            return false;
        }
        id = node.parent;
    }
    return false;
}

/* Which of them is in the other is what the kernel looks at before any permission. */
static long loops(const struct tree *tree, const struct target *from, const struct target *to,
                  unsigned flags) {
    if (from->is.type == NODE_DIRECTORY && is_above(tree, from->node, to->parent)) {
        return -EINVAL;
    }
    if (to->node != NO_NODE && to->is.type == NODE_DIRECTORY && is_above(tree, to->node, from->parent)) {
        return (flags & RENAME_EXCHANGE) != 0 ? -EINVAL : -ENOTEMPTY;
    }
    return 0;
}

/* A directory that gets another parent is written itself: its ".." changes. */
static long permitted(struct caller *c, const struct target *from, const struct target *to, unsigned flags) {
    long result = may_take(c, from);
    if (result == 0) {
        result = to->node == NO_NODE ? may_add(c, to->parent) : may_take(c, to);
    }
    bool exchange = (flags & RENAME_EXCHANGE) != 0;
    if (result == 0 && to->node != NO_NODE && !exchange &&
        (from->is.type == NODE_DIRECTORY) != (to->is.type == NODE_DIRECTORY)) {
        result = to->is.type == NODE_DIRECTORY ? -EISDIR : -ENOTDIR;
    }
    if (result == 0 && from->parent != to->parent) {
        if (from->is.type == NODE_DIRECTORY) {
            result = world_permits(c, from->node, 2, false);
        }
        if (result == 0 && exchange && to->is.type == NODE_DIRECTORY) {
            result = world_permits(c, to->node, 2, false);
        }
    }
    return result;
}

static long rename_nodes(struct caller *c, const struct target *from, const struct target *to,
                         unsigned flags) {
    node_id gone = NO_NODE;
    long result = names(from, to, flags);
    if (result == 0) {
        result = loops(&c->world->tree, from, to, flags);
    }
    if (result == 0 && from->node == to->node) {
        return 0;
    }
    if (result == 0) {
        result = permitted(c, from, to, flags);
    }
    if (result == 0) {
        struct place old = {from->parent, from->name, from->name_length};
        struct place new = {to->parent, to->name, to->name_length};
        result = tree_rename(&c->world->tree, old, new, flags, &gone);
    }
    if (result == 0) {
        watch_renamed(c->world, from, to, flags);
        touch_real(c->world, from->node);
        touch_real(c->world, to->node);
        remove_real(c->world, gone);
    }
    return result;
}

/* No file system that is shared keeps whiteouts of its own. */
static bool is_possible(unsigned flags) {
    bool both = (flags & RENAME_NOREPLACE) != 0 && (flags & RENAME_EXCHANGE) != 0;
    return (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) == 0 && !both;
}

/* The kernel looks for the old name before it tries the new one. */
static long earlier(const struct target *from, const char *to, long second) {
    size_t end = strlen(to);
    while (end > 0 && to[end - 1] == '/') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && to[begin - 1] != '/') {
        begin--;
    }
    bool long_name = second == -ENAMETOOLONG && end - begin > NAME_MAX;
    return long_name && from->last == LAST_NAME && from->node == NO_NODE ? -ENOENT : second;
}

long call_rename(struct caller *c, int at, const char *path, int to_at, const char *to, unsigned flags,
                 char *elsewhere, char *to_elsewhere) {
    struct target from, target;
    long first = ask(c, at, path, RESOLVE_PLACE, elsewhere, &from);
    long second = ask(c, to_at, to, RESOLVE_PLACE, to_elsewhere, &target);
    if (first == PASS && second == PASS) {
        return PASS;
    }
    if (!is_possible(flags)) {
        return -EINVAL;
    }
    bool crosses = first == PASS || second == PASS;
    first = first == PASS ? host_side(c->world, at, path) : first;
    if (first < 0) {
        return first;
    }
    second = second == PASS ? host_side(c->world, to_at, to) : second;
    if (second < 0) {
        return crosses ? second : earlier(&from, to, second);
    }
    return crosses ? -EXDEV : rename_nodes(c, &from, &target, flags);
}
