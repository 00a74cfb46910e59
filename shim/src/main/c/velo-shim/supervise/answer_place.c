#include "answers.h"

#include "../numbers.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>

static bool is_virtual(int at, const char *path) {
    char room[PATH_MAX];
    struct target target = {.room = room};
    const unsigned how = RESOLVE_MAY_LACK | RESOLVE_NO_SEARCH | RESOLVE_AGAIN;
    return resolve(&served->caller, call_directory(at, path), path, how, &target) == 0 &&
           target.kind == TARGET_TREE;
}

/*
 * Calls that change what is mounted, or how the machine uses a file, do not know the tree. Inside the prefix
 * they fail as they do for an ordinary user. What cannot be read is the kernel's to refuse.
 */
long(refused)(int at, remote path) {
    char local[PATH_MAX];
    bool of_tree = path != NULL && copy_path(local, path) > 0 && is_virtual(at, local);
    return of_tree ? -EPERM : CONTINUE;
}

long(refused_either)(remote path, remote other) {
    long result = (refused)(AT_FDCWD, path);
    return result == CONTINUE ? (refused)(AT_FDCWD, other) : result;
}

/* A source is a path where it is a directory, or names a file system's place: any word else. */
long(refused_mount)(remote source, remote target, unsigned long flags) {
    char first = 0;
    const bool names = source != NULL && copy_in(&first, source, 1) == 0 &&
                       ((flags & (MS_BIND | MS_MOVE)) != 0 || first == '/');
    return (refused_either)(names ? source : NULL, target);
}

/* What stands there for a directory of the tree is as little to be mounted as the directory itself. */
long(refused_at)(int at, remote path) {
    char first = 0;
    node_id node = NO_NODE;
    const bool none = path == NULL && at >= 0;
    if (!none && (path == NULL || copy_in(&first, path, 1) < 0 || first != 0)) {
        return (refused)(at, path);
    }
    const int own = call_directory(at, "");
    return world_descriptor(&served->caller, own, &node) == 0 && node != NO_NODE ? -EPERM : CONTINUE;
}

static long real_path(int at, const char *path, unsigned how, char *elsewhere) {
    elsewhere[0] = 0;
    return call_real_path(&served->caller, call_directory(at, path), path, how, elsewhere);
}

/* On the host the process's own rights count; what is of the session need not be open to it. */
static void begin_watch(const char *path) {
    if (host_is(path)) {
        act_as_process();
    }
}

/* What is watched is the real file or directory that stands for it; by the process's own instance. */
long sys_inotify_add_watch(int fd, remote path, uint32_t mask) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    PATH_IN(local, path);
    const long entered = *local == '/' ? 0 : call_enter();
    if (entered < 0) {
        return entered;
    }
    elsewhere[0] = 0;
    long result =
        call_watch(&served->caller, local, (mask & IN_DONT_FOLLOW) != 0 ? RESOLVE_KEEP_LINK : 0, elsewhere);
    if (result != PASS || elsewhere[0] == 0) {
        return result;
    }
    int own = call_descriptor(fd);
    if (own < 0) {
        return -EBADF;
    }
    begin_watch(elsewhere);
    result = RAW(SYS_inotify_add_watch, own, host_path(elsewhere), mask);
    act_as_self();
    return result;
}

enum { FAN_KEEP_LINK = 4 };

long sys_fanotify_mark(int fd, unsigned flags, uint64_t mask, int at, remote path) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    if (path == NULL) {
        return CONTINUE;
    }
    PATH_IN(local, path);
    long result = real_path(at, local, (flags & FAN_KEEP_LINK) != 0 ? RESOLVE_KEEP_LINK : 0, elsewhere);
    if (result != PASS || elsewhere[0] == 0) {
        return result;
    }
    int own = call_descriptor(fd);
    if (own < 0) {
        return -EBADF;
    }
    begin_watch(elsewhere);
    result = RAW(SYS_fanotify_mark, own, flags, mask, AT_FDCWD, host_path(elsewhere));
    act_as_self();
    return result;
}

/*
 * A handle is of the real file, and open_by_handle_at(2) would open that for writing, too: a blob belongs to
 * many trees. So the tree is a file system without handles, of which there are many; and so is what only a
 * link of the tree leads to.
 */
long sys_name_to_handle_at(int at, remote path, remote handle, remote mount, int flags) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    const unsigned how = ((flags & AT_SYMLINK_FOLLOW) != 0 ? 0u : RESOLVE_KEEP_LINK) |
                         ((flags & AT_EMPTY_PATH) != 0 ? RESOLVE_EMPTY : 0u);
    (void)handle;
    (void)mount;
    PATH_IN(local, path);
    long result = real_path(at, local, how, elsewhere);
    return result != PASS || elsewhere[0] == 0 ? result : -EOPNOTSUPP;
}
