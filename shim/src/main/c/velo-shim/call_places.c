#include "asked.h"
#include "backing.h"
#include "calls.h"

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

long call_bound(struct caller *c, const char *path, node_id node, char *elsewhere) {
    struct target target;
    struct real_path real;
    real_file(c->world, node, &real);
    long result = note_path(c->world, real.text, node);
    if (result == 0) {
        result = ask(c, AT_FDCWD, path, RESOLVE_PLACE, elsewhere, &target);
    }
    if (result == 0) {
        result = may_make(c, &target, false);
    }
    if (result == 0) {
        result = tree_link(&c->world->tree, node, target.parent, target.name, target.name_length);
    }
    if (result < 0) {
        remove_real(c->world, node);
    }
    return result == -EEXIST ? -EADDRINUSE : result == PASS ? -ENOENT : result;
}
