#include "reach.h"
#include "sys.h"

#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

/* What is watched is the real file or directory that stands for it. */
static long watched(int at, const char *path, bool keep_link, char *elsewhere) {
    return real_path(at, path, keep_link ? RESOLVE_KEEP_LINK : 0, elsewhere);
}

long sys_inotify_add_watch(int fd, const char *path, uint32_t mask) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        struct caller caller = shim.caller;
        const unsigned how = mask & IN_DONT_FOLLOW ? RESOLVE_KEEP_LINK : 0;
        long result = path_length(path);
        if (result >= 0) {
            caller.again = world_expects_host_links(&shim.world);
            result = call_watch(&caller, path, how, elsewhere);
        }
        if (result != PASS) {
            return result;
        }
    }
    return REACH3(SYS_inotify_add_watch, fd, elsewhere[0] ? elsewhere : path, mask);
}

long sys_fanotify_mark(int fd, unsigned flags, uint64_t mask, int at, const char *path) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (path) {
        long result = watched(at, path, (flags & 4) != 0, elsewhere);
        if (result != PASS) {
            return result;
        }
    }
    return REACH5(SYS_fanotify_mark, fd, flags, mask, elsewhere[0] ? AT_FDCWD : at,
                  elsewhere[0] ? elsewhere : path);
}

/*
 * A handle is of the real file, and open_by_handle_at(2) would open that for writing, too: a blob belongs to
 * many trees. So the tree is a file system without handles, of which there are many.
 */
long sys_name_to_handle_at(int at, const char *path, void *handle, void *mount, int flags) {
    char elsewhere[PATH_MAX];
    const struct world *world = &shim.world;
    unsigned how =
        (flags & AT_SYMLINK_FOLLOW ? 0 : RESOLVE_KEEP_LINK) | (flags & AT_EMPTY_PATH ? RESOLVE_EMPTY : 0);
    long result = real_path(at, path, how, elsewhere);
    if (result != PASS) {
        return result;
    }
    if (elsewhere[0] && (path_is_at_or_below(elsewhere, world->store, world->store_length) ||
                         path_is_at_or_below(elsewhere, world->session, world->session_length))) {
        return -EOPNOTSUPP;
    }
    return RAW5(SYS_name_to_handle_at, elsewhere[0] ? AT_FDCWD : at, elsewhere[0] ? elsewhere : path, handle,
                mount, flags);
}

HOOK(int, inotify_add_watch, (int fd, const char *path, uint32_t mask)) {
    return (int)told(sys_inotify_add_watch(fd, path, mask));
}

HOOK(int, fanotify_mark, (int fd, unsigned flags, uint64_t mask, int at, const char *path)) {
    return (int)told(sys_fanotify_mark(fd, flags, mask, at, path));
}

HOOK(int, name_to_handle_at, (int at, const char *path, void *handle, void *mount, int flags)) {
    return (int)told(sys_name_to_handle_at(at, path, handle, mount, flags));
}
