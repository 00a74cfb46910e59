#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "watching.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void tell(const struct real_path *path, char *elsewhere) {
    memcpy(elsewhere, path->text, path->length + 1);
}

long call_chdir(struct caller *c, int at, const char *path, node_id *node, char *elsewhere) {
    struct target target;
    struct real_path real;
    *node = NO_NODE;
    bool itself = *path == 0 && at != AT_FDCWD;
    long result = ask(c, at, path, itself ? RESOLVE_EMPTY : 0, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if (target.is.type != NODE_DIRECTORY) {
        return -ENOTDIR;
    }
    result = world_permits(c, target.node, 1, false);
    if (result < 0) {
        return result;
    }
    result = have_directory(c->world, target.node, &real);
    if (result < 0) {
        return result;
    }
    tell(&real, elsewhere);
    if (itself) {
        elsewhere[0] = 0;
    }
    *node = target.node;
    return PASS;
}

static long real_of(struct caller *c, const struct target *target, struct real_path *out) {
    switch (target->is.type) {
    case NODE_DIRECTORY:
        return have_directory(c->world, target->node, out);
    case NODE_LINK:
        return have_link(c->world, target->node, target->is.target, out);
    case NODE_FILE:
        if (target->is.backing == BACKING_BLOB) {
            real_blob(c->world, target->is.digest, out);
            return 0;
        }
        return real_standing(c->world, target->node, target->fd, out);
    case NODE_OTHER:
        return real_standing(c->world, target->node, target->fd, out);
    }
    return -ENOENT;
}

long call_real_path(struct caller *c, int at, const char *path, unsigned how, char *elsewhere) {
    struct target target;
    struct real_path real;
    long result = ask(c, at, path, how & ~(unsigned)(RESOLVE_MAY_LACK | RESOLVE_PLACE), elsewhere, &target);
    if (result != 0) {
        return result;
    }
    result = real_of(c, &target, &real);
    if (result < 0) {
        return result;
    }
    tell(&real, elsewhere);
    return PASS;
}

long call_watch(struct caller *c, const char *path, unsigned how, char *elsewhere) {
    struct target target;
    struct real_path real;
    long result = ask(c, AT_FDCWD, path, how, elsewhere, &target);
    if (result == 0 && target.is.type != NODE_LINK) {
        result = target_permits(c, &target, 4, false);
    }
    if (result == 0) {
        result = real_of(c, &target, &real);
        if (result < 0) {
            return result;
        }
        if (target.is.type == NODE_DIRECTORY) {
            watch_directory(c->world, target.node);
        }
        tell(&real, elsewhere);
        result = PASS;
    }
    return result;
}

long call_bind(struct caller *c, const char *path, node_id *node, char *elsewhere) {
    struct target target;
    struct real_path real;
    *node = NO_NODE;
    long result = ask(c, AT_FDCWD, path, RESOLVE_PLACE, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    result = may_make(c, &target, false);
    if (result < 0) {
        return result == -EEXIST ? -EADDRINUSE : result;
    }
    struct node what = {.type = NODE_OTHER, .backing = BACKING_UPPER, .parent = NO_NODE};
    result = tree_new(&c->world->tree, &what, NULL, node);
    if (result < 0) {
        return result;
    }
    real_file(c->world, *node, &real);
    tell(&real, elsewhere);
    return PASS;
}

/* A pair that no inode has (world.c), for each socket: what it stands for is a symbolic link without a name,
 * whose target is the path. */
enum { BOUND_DEVICE = 0 };
#define BOUND_INODE(node) (UINT64_C(1) << 32 | (node))

/* Without room for it the socket has the path that it can be found by. */
static void keep_bound_path(struct tree *tree, const char *path, node_id node) {
    const struct node what = {.type = NODE_LINK, .mode = 0777, .uid = TREE_OWNER, .gid = TREE_OWNER};
    node_id kept;
    if (tree_new(tree, &what, path, &kept) == 0) {
        (void)tree_note(tree, BOUND_DEVICE, BOUND_INODE(node), kept);
    }
}

long call_bound_path(struct caller *c, node_id node, char *out, size_t room) {
    const struct world *world = c->world;
    const node_id kept = tree_noted(&world->tree, BOUND_DEVICE, BOUND_INODE(node));
    if (kept != NO_NODE) {
        return tree_target(&world->tree, kept, out, room);
    }
    if (room <= world->prefix_length + 1) {
        return -ERANGE;
    }
    memcpy(out, world->prefix, world->prefix_length);
    out[world->prefix_length] = '/';
    const long below =
        tree_path(&world->tree, node, out + world->prefix_length + 1, room - world->prefix_length - 1);
    return below < 0 ? below : below + (long)world->prefix_length + 1;
}

long call_bound(struct caller *c, const char *path, node_id node, char *elsewhere) {
    struct target target;
    struct real_path real;
    real_file(c->world, node, &real);
    keep_bound_path(&c->world->tree, path, node);
    long result = note_path(c->world, real.text, node);
    if (result == 0) {
        result = ask(c, AT_FDCWD, path, RESOLVE_PLACE, elsewhere, &target);
    }
    if (result == 0) {
        result = may_make(c, &target, false);
    }
    if (result == 0) {
        struct node what = {.type = NODE_OTHER};
        inherit(c, target.parent, 0, &what);
        give_path_to_group(c->world, node, real.text, &what);
        result = tree_link(&c->world->tree, node, target.parent, target.name, target.name_length);
    }
    if (result == 0) {
        watch_made(c->world, &target, false);
    }
    if (result < 0) {
        remove_real(c->world, node);
    }
    return result == -EEXIST ? -EADDRINUSE : result == PASS ? -ENOENT : result;
}
