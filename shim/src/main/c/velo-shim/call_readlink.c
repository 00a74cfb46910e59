#include "asked.h"
#include "calls.h"
#include "proc_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/*
 * The path of a node as the kernel would tell that of an open file. A name may be longer than the room, and
 * is cut then as readlink(2) cuts it.
 */
static long tell_path(struct caller *c, node_id id, char *out, size_t room, char *scratch) {
    static const char GONE[] = " (deleted)";
    const struct world *world = c->world;
    size_t length = world->prefix_length;
    memcpy(scratch, world->prefix, length);
    long below = tree_path(&world->tree, id, scratch + length + 1, PATH_MAX - length - 1 - sizeof GONE);
    if (below == -ENOENT) {
        memcpy(scratch + length, GONE, sizeof GONE - 1);
        length += sizeof GONE - 1;
    } else if (below < 0) {
        return below == -ERANGE ? -ENAMETOOLONG : below;
    } else if (below > 0) {
        scratch[length] = '/';
        length += (size_t)below + 1;
    }
    length = length < room ? length : room;
    memcpy(out, scratch, length);
    return (long)length;
}

/* PASS where the link leads to nothing of the tree. */
static long tell_own(struct caller *c, const struct proc_path *proc, char *out, size_t room,
                     char *elsewhere) {
    struct origin origin = {.kind = ORIGIN_HOST, .node = NO_NODE};
    node_id id = NO_NODE;
    if (proc->kind == PROC_PROGRAM) {
        id = proc_program(c);
    } else if (proc->kind != PROC_ROOT && c->origin(c, proc->fd, &origin) == 0) {
        id = origin.kind == ORIGIN_TREE ? origin.node : NO_NODE;
    }
    if (id != NO_NODE) {
        return tell_path(c, id, out, room, elsewhere);
    }
    elsewhere[0] = 0;
    return PASS;
}

/*
 * What the kernel tells of another process: a place of the session or of the store is told as the name of
 * what it stands for. PASS where it is none.
 */
static long tell_other(struct caller *c, const char *path, char *out, size_t room, char *scratch) {
    const struct world *world = c->world;
    const struct kernel *kernel = world->kernel;
    struct stat status;
    long length = KERNEL4(kernel, SYS_readlinkat, AT_FDCWD, path, scratch, PATH_MAX - 1);
    scratch[length < 0 ? 0 : length] = 0;
    bool inside = strncmp(scratch, world->session, world->session_length) == 0 ||
                  strncmp(scratch, world->store, world->store_length) == 0;
    node_id id = NO_NODE;
    if (inside && KERNEL4(kernel, SYS_newfstatat, AT_FDCWD, path, &status, 0) == 0) {
        id = world_inode(c, -1, &status);
    }
    if (id != NO_NODE) {
        return tell_path(c, id, out, room, scratch);
    }
    scratch[0] = 0;
    return PASS;
}

long call_readlink(struct caller *c, int at, const char *path, char *out, size_t room, char *elsewhere) {
    struct target target;
    struct proc_path proc = {.kind = PROC_OTHER};
    if (room == 0 || room > INT_MAX) {
        return -EINVAL;
    }
    if (*path == '/') {
        proc_path(c, path, &proc);
    }
    if (proc.kind != PROC_OTHER && *proc.rest == 0) {
        return tell_own(c, &proc, out, room, elsewhere);
    }
    if (proc.kind == PROC_OTHER && strncmp(path, "/proc/", strlen("/proc/")) == 0) {
        return tell_other(c, path, out, room, elsewhere);
    }
    /* "" names a descriptor of a link itself, and AT_FDCWD is none. */
    unsigned empty = at != AT_FDCWD ? RESOLVE_EMPTY : 0;
    long result = ask(c, at, path, RESOLVE_KEEP_LINK | empty, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if (target.is.type != NODE_LINK) {
        return *path == 0 ? -ENOENT : -EINVAL;
    }
    long length = tree_target(&c->world->tree, target.node, elsewhere, PATH_MAX);
    if (length > 0) {
        length = (size_t)length < room ? length : (long)room;
        memcpy(out, elsewhere, (size_t)length);
    }
    return length;
}
