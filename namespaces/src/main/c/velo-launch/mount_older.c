#include "mount_older.h"
#include "kernel.h"
#include "mount_api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

enum { ATTRIBUTES = K_ATTR_RDONLY | K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC };
_Static_assert(ATTRIBUTES == ((int)MS_RDONLY | (int)MS_NOSUID | (int)MS_NODEV | (int)MS_NOEXEC),
               "mount(2) and statfs(2) have other bits");

/*
 * A mount that is attached nowhere is one that lies in a file system in memory, of which nobody has a path:
 * on a directory or file of its own, since what lies on another one would move with that.
 */
static struct {
    const char *directory;
    int descriptor;
    unsigned places;
} stage = {.descriptor = -1};

struct link {
    char path[32];
};

/* mount(2) takes paths, and this is one to the very thing that the descriptor is. */
static struct link link_of(int descriptor) {
    struct link link;
    snprintf(link.path, sizeof link.path, "/proc/self/fd/%d", descriptor);
    return link;
}

void mount_stage(const char *directory) {
    stage.directory = directory;
}

static int open_top(int directory, const char *name) {
    return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static bool make_stage(void) {
    if (stage.descriptor < 0) {
        if (mount("none", stage.directory, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=0700") !=
            0) {
            return false;
        }
        stage.descriptor = open_top(AT_FDCWD, stage.directory);
    }
    return stage.descriptor >= 0;
}

static bool is_same(int a, int b) {
    struct stat left, right;
    return fstatat(a, "", &left, AT_EMPTY_PATH) == 0 && fstatat(b, "", &right, AT_EMPTY_PATH) == 0 &&
           left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

/* It does where the older way was not needed before that mount. */
void leave_mount_stage(void) {
    if (stage.descriptor < 0) {
        return;
    }
    int top = open_top(AT_FDCWD, stage.directory);
    if (top >= 0 && is_same(top, stage.descriptor)) {
        umount2(stage.directory, MNT_DETACH);
    }
    close(top);
    close(stage.descriptor);
    stage.descriptor = -1;
}

struct request {
    const char *source, *type, *options, *from;
    unsigned long flags;
    bool file;
};

static int mount_from(const struct request *r, const char *target) {
    int back = r->from == NULL ? -1 : open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (r->from != NULL && (back < 0 || chdir(r->from) != 0)) {
        return -1;
    }
    int failed = mount(r->source, target, r->type, r->flags, r->options);
    int errnum = errno;
    if (back >= 0) {
        failed = fchdir(back) != 0 || failed != 0 ? -1 : 0;
        close(back);
    }
    errno = errnum;
    return failed;
}

/* Returns the mount, on a new place of the stage. */
static int make_staged(const struct request *request) {
    char name[16];
    if (!make_stage()) {
        return -1;
    }
    snprintf(name, sizeof name, "%u", stage.places++);
    if ((request->file ? mknodat(stage.descriptor, name, S_IFREG | 0600, 0)
                       : mkdirat(stage.descriptor, name, 0700)) != 0) {
        return -1;
    }
    int place = open_top(stage.descriptor, name);
    if (place < 0) {
        return -1;
    }
    const struct link target = link_of(place);
    int failed = mount_from(request, target.path);
    int errnum = errno;
    close(place);
    errno = errnum;
    /* What was opened before lies below the mount. */
    return failed ? -1 : open_top(stage.descriptor, name);
}

int older_filesystem(const char *type, const char *options, const char *from, uint64_t attributes) {
    const struct request request = {
        .source = "none", .type = type, .options = options, .from = from, .flags = (unsigned long)attributes};
    return make_staged(&request);
}

int older_copy(int source, bool recursive) {
    struct stat status;
    if (fstatat(source, "", &status, AT_EMPTY_PATH) != 0) {
        return -1;
    }
    const struct link link = link_of(source);
    const struct request request = {.source = link.path,
                                    .flags = recursive ? MS_BIND | MS_REC : MS_BIND,
                                    .file = !S_ISDIR(status.st_mode)};
    return make_staged(&request);
}

int older_attach(int mounted, int target) {
    const struct link from = link_of(mounted);
    const struct link to = link_of(target);
    return mount(from.path, to.path, NULL, MS_MOVE, NULL);
}

int restrict_one(int mounted, uint64_t now, uint64_t attributes) {
    const struct link link = link_of(mounted);
    return mount(NULL, link.path, NULL, MS_REMOUNT | MS_BIND | (unsigned long)now | (unsigned long)attributes,
                 NULL);
}

int older_restrict(int mounted, bool recursive, uint64_t attributes) {
    struct statfs now;
    if (recursive) {
        return restrict_tree(mounted, attributes);
    }
    if (fstatfs(mounted, &now) != 0) {
        return -1;
    }
    return restrict_one(mounted, (uint64_t)now.f_flags & ATTRIBUTES, attributes);
}
