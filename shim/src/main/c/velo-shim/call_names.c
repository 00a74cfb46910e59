#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "watching.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static long link_name(struct caller *c, node_id id, const struct target *target, bool is_directory) {
    const long result = tree_link(&c->world->tree, id, target->parent, target->name, target->name_length);
    if (result == 0) {
        watch_made(c->world, target, is_directory);
    }
    return result;
}

/* A new node of the shared memory alone, with its name. */
static long make(struct caller *c, const struct target *target, struct node *what, unsigned mode,
                 const char *content) {
    node_id id;
    inherit(c, target->parent, mode, what);
    long result = tree_new(&c->world->tree, what, content, &id);
    return result < 0 ? result : link_name(c, id, target, what->type == NODE_DIRECTORY);
}

long call_mkdir(struct caller *c, int at, const char *path, unsigned mode, char *elsewhere) {
    struct target target;
    struct node what = {.type = NODE_DIRECTORY, .backing = BACKING_NONE, .parent = NO_NODE};
    long result = ask(c, at, path, RESOLVE_PLACE, elsewhere, &target);
    if (result == 0) {
        result = may_make(c, &target, true);
    }
    return result != 0 ? result : make(c, &target, &what, mode & 01777 & ~c->umask(c), NULL);
}

long call_symlink(struct caller *c, const char *content, int at, const char *path, char *elsewhere) {
    struct target target;
    struct node what = {.type = NODE_LINK, .backing = BACKING_NONE, .parent = NO_NODE};
    long result = ask(c, at, path, RESOLVE_PLACE, elsewhere, &target);
    if (result == PASS && strstr(content, c->world->prefix + c->world->last_name) != NULL) {
        world_expect_host_links(c->world);
    }
    if (result == 0) {
        result = *content == 0 ? -ENOENT : may_make(c, &target, false);
    }
    what.size = strlen(content);
    return result != 0 ? result : make(c, &target, &what, 0777, content);
}

/* The real node is made before its name can be found. */
static long make_real(struct caller *c, const struct target *target, unsigned mode, uint64_t device) {
    struct world *world = c->world;
    bool file = S_ISREG(mode);
    struct node what = {.type = file ? NODE_FILE : NODE_OTHER, .backing = BACKING_UPPER, .parent = NO_NODE};
    struct real_path path;
    node_id id;
    inherit(c, target->parent, mode & 07777 & ~c->umask(c), &what);
    long result = tree_new(&world->tree, &what, NULL, &id);
    if (result < 0) {
        return result;
    }
    real_file(world, id, &path);
    result = KERNEL4(world->kernel, SYS_mknodat, AT_FDCWD, path.text, (mode & S_IFMT) | what.mode, device);
    if (result < 0) {
        return result;
    }
    give_path_to_group(world, id, path.text, &what);
    result = note_path(world, path.text, id);
    if (result == 0) {
        result = link_name(c, id, target, false);
    }
    if (result < 0) {
        (void)note_path(world, path.text, NO_NODE);
        (void)KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, path.text, 0);
    }
    return result;
}

long call_mknod(struct caller *c, int at, const char *path, unsigned mode, uint64_t device, char *elsewhere) {
    struct target target;
    long result = ask(c, at, path, RESOLVE_PLACE, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    switch (mode & S_IFMT) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    default:
        return (mode & S_IFMT) == S_IFDIR ? -EPERM : -EINVAL;
    }
    result = may_make(c, &target, false);
    return result < 0 ? result : make_real(c, &target, mode, device);
}

static long not_a_name(const struct target *target, bool directories) {
    switch (target->last) {
    case LAST_DOT:
        return directories ? -EINVAL : -EISDIR;
    case LAST_DOT_DOT:
        return directories ? -ENOTEMPTY : -EISDIR;
    case LAST_ROOT:
        return directories ? -EBUSY : -EISDIR;
    default:
        return 0;
    }
}

long call_unlink(struct caller *c, int at, const char *path, int flags, char *elsewhere) {
    struct target target;
    node_id gone = NO_NODE;
    bool directories = (flags & AT_REMOVEDIR) != 0;
    long result = ask(c, at, path, RESOLVE_PLACE, elsewhere, &target);
    if (result != PASS && (flags & ~AT_REMOVEDIR) != 0) {
        return -EINVAL;
    }
    if (result == 0) {
        result = not_a_name(&target, directories);
    }
    if (result == 0 && target.node == NO_NODE) {
        result = -ENOENT;
    }
    bool is_directory = target.is.type == NODE_DIRECTORY;
    if (result == 0 && target.slash && !directories) {
        result = is_directory ? -EISDIR : -ENOTDIR;
    }
    if (result == 0) {
        result = may_take(c, &target);
    }
    if (result == 0) {
        result =
            tree_unlink(&c->world->tree, target.parent, target.name, target.name_length, directories, &gone);
    }
    if (result == 0) {
        watch_removed(c->world, &target);
        touch_real(c->world, target.node);
        remove_real(c->world, gone);
    }
    return result;
}
