#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "copy_up.h"
#include "opening.h"
#include "watching.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

enum { ATTEMPTS = 16 };

static bool has_all(int flags, int wanted) {
    return (flags & wanted) == wanted;
}

/* What the kernel says of the flags before it looks at the path. */
static bool is_possible(int flags) {
    bool unnamed = (flags & O_TMPFILE & ~O_DIRECTORY) != 0;
    if ((flags & O_CREAT) != 0 && (flags & O_DIRECTORY) != 0) {
        return false;
    }
    return !unnamed || (has_all(flags, O_TMPFILE) && (flags & O_ACCMODE) != O_RDONLY);
}

static unsigned how_to_open(int flags) {
    unsigned how = (flags & O_NOFOLLOW) != 0 ? RESOLVE_KEEP_LINK : 0;
    if ((flags & O_PATH) == 0 && (flags & (O_ACCMODE | O_TRUNC)) != 0) {
        how |= RESOLVE_CHANGES;
    }
    if (has_all(flags, O_TMPFILE) || (flags & O_CREAT) == 0) {
        return how;
    }
    return how | RESOLVE_MAY_LACK | ((flags & O_EXCL) != 0 ? RESOLVE_KEEP_LINK : 0);
}

/* A file without a name, as the file system of the session makes them: gone when nobody has it open any more.
 * linkat(2) gives it its name in files/ as well as in the tree. */
static long open_unnamed(struct caller *c, const struct target *target, int flags, unsigned mode) {
    struct node what = {.type = NODE_FILE, .backing = BACKING_UPPER, .parent = NO_NODE};
    struct real_path files;
    node_id id;
    if (target->is.type != NODE_DIRECTORY) {
        return -ENOTDIR;
    }
    long result = may_add(c, target->node);
    if (result < 0) {
        return result == -ENOENT ? -EPERM : result; /* ext4's word for a directory that was removed */
    }
    inherit(c, target->node, mode & ~c->umask(c), &what);
    result = tree_new(&c->world->tree, &what, NULL, &id);
    if (result < 0) {
        return result;
    }
    real_files(c->world, &files);
    long fd = KERNEL4(c->world->kernel, SYS_openat, AT_FDCWD, files.text, flags, what.mode);
    if (fd >= 0) {
        give_to_group(c->world, id, (int)fd, &what);
        result = note_descriptor(c->world, (int)fd, id);
    }
    if (fd >= 0 && result < 0) {
        (void)KERNEL1(c->world->kernel, SYS_close, fd);
    }
    return fd >= 0 && result < 0 ? result : fd;
}

/* -EEXIST: somebody has made it meanwhile. */
static long create(struct caller *c, const struct target *target, int flags, unsigned mode) {
    struct node what = {.type = NODE_FILE, .backing = BACKING_UPPER, .parent = NO_NODE};
    struct world *world = c->world;
    struct real_path path;
    node_id id;
    long result = may_add(c, target->parent);
    if (result < 0) {
        return result;
    }
    inherit(c, target->parent, mode & ~c->umask(c), &what);
    result = tree_new(&world->tree, &what, NULL, &id);
    if (result < 0) {
        return result;
    }
    real_file(world, id, &path);
    int fresh = (flags & ~(O_DIRECTORY | O_TRUNC)) | O_CREAT | O_EXCL;
    long fd = KERNEL4(world->kernel, SYS_openat, AT_FDCWD, path.text, fresh, what.mode);
    if (fd < 0) {
        return fd == -EEXIST ? -EIO : fd;
    }
    give_to_group(world, id, (int)fd, &what);
    result = note_descriptor(world, (int)fd, id);
    if (result == 0) {
        result = tree_link(&world->tree, id, target->parent, target->name, target->name_length);
    }
    if (result == 0) {
        watch_made(world, target, false);
        return fd;
    }
    forget_descriptor(world, (int)fd);
    (void)KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, path.text, 0);
    (void)KERNEL1(world->kernel, SYS_close, fd);
    return result;
}

/* A second look where another process made the name, or took it away, in between. */
static long open_once(struct caller *c, int at, const char *path, int flags, unsigned mode, unsigned how,
                      char *elsewhere) {
    struct target target;
    long result = ask(c, at, path, how_to_open(flags) | how, elsewhere, &target);
    if (result != PASS && !is_possible(flags)) {
        return -EINVAL;
    }
    if (result != 0) {
        return result;
    }
    if ((flags & O_CREAT) != 0 && target.slash && target.last == LAST_NAME) {
        return -EISDIR;
    }
    if (has_all(flags, O_TMPFILE)) {
        return open_unnamed(c, &target, flags, mode);
    }
    if (target.node == NO_NODE) {
        result = create(c, &target, flags, mode);
        return result == -EEXIST && (flags & O_EXCL) == 0 ? -EAGAIN : result;
    }
    if (has_all(flags, O_CREAT | O_EXCL)) {
        return -EEXIST;
    }
    return open_node(c, &target, flags);
}

long open_by(struct caller *c, int at, const char *path, int flags, unsigned mode, unsigned how,
             char *elsewhere) {
    if ((flags & O_PATH) != 0) {
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    }
    long result = -EAGAIN;
    for (unsigned i = 0; result == -EAGAIN && i < ATTEMPTS; i++) {
        result = open_once(c, at, path, flags, mode, how, elsewhere);
    }
    return result;
}

long call_open(struct caller *c, int at, const char *path, int flags, unsigned mode, char *elsewhere) {
    return open_by(c, at, path, flags, mode, 0, elsewhere);
}
