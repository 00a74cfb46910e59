#include "mount_api.h"
#include "kernel.h"
#include "mount_older.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

enum { PAGE = 4096 };

static struct {
    const char *call;
    int errnum;
} refused;

/* The call that failed last. */
static const char *tried = "";

bool is_refused(int errnum) {
    return errnum == ENOSYS || errnum == EPERM;
}

/* The kernel answers EPERM, too: so this is known only after mount(2) could do it. */
void note_refusal(const char *call, int errnum) {
    if (refused.call == NULL) {
        refused.call = call;
        refused.errnum = errnum;
    }
}

bool uses_older_mounts(void) {
    return refused.call != NULL;
}

const char *refused_call(int *errnum) {
    *errnum = refused.errnum;
    return refused.call;
}

static void close_keeping_errno(int descriptor) {
    int errnum = errno;
    close(descriptor);
    errno = errnum;
}

static int configure(int context, mount_option *options, uint64_t attributes) {
    tried = "fsconfig";
    for (; options != NULL && (*options)[0] != NULL; options++) {
        unsigned kind = (*options)[1] == NULL ? K_FSCONFIG_FLAG : K_FSCONFIG_STRING;
        if (k_fsconfig(context, kind, (*options)[0], (*options)[1]) != 0) {
            return -1;
        }
    }
    if (k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) != 0) {
        return -1;
    }
    tried = "fsmount";
    return k_fsmount(context, attributes);
}

int make_filesystem_by_context(const char *type, mount_option *options, uint64_t attributes) {
    if (uses_older_mounts()) {
        errno = ENOSYS;
        return -1;
    }
    tried = "fsopen";
    int context = k_fsopen(type);
    if (context < 0) {
        return -1;
    }
    int mounted = configure(context, options, attributes);
    close_keeping_errno(context);
    return mounted;
}

static int by_text(const char *type, mount_option *options, uint64_t attributes) {
    char text[PAGE] = "";
    size_t length = 0;
    for (; options != NULL && (*options)[0] != NULL && length < sizeof text; options++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s%s", length == 0 ? "" : ",",
                                   (*options)[0], (*options)[1] == NULL ? "" : "=",
                                   (*options)[1] == NULL ? "" : (*options)[1]);
    }
    if (length >= sizeof text) {
        errno = E2BIG;
        return -1;
    }
    return older_filesystem(type, text, NULL, attributes);
}

int make_filesystem(const char *type, mount_option *options, uint64_t attributes) {
    int mounted = make_filesystem_by_context(type, options, attributes);
    int errnum = errno;
    if (mounted >= 0 || !is_refused(errnum)) {
        return mounted;
    }
    mounted = by_text(type, options, attributes);
    if (mounted >= 0) {
        note_refusal(tried, errnum);
    }
    return mounted;
}

int make_filesystem_of_text(const char *type, const char *options, const char *from, uint64_t attributes) {
    return older_filesystem(type, options, from, attributes);
}

int copy_mount_detached(int directory, const char *name, unsigned flags, uint64_t attributes) {
    const struct k_mount_attr wanted = {.attr_set = attributes, .propagation = MS_PRIVATE};
    tried = "open_tree";
    int copy = k_open_tree(directory, name, flags | K_OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC);
    if (copy < 0 || attributes == 0) {
        return copy;
    }
    tried = "mount_setattr";
    if (k_mount_setattr(copy, flags & K_AT_RECURSIVE, &wanted) == 0) {
        return copy;
    }
    close_keeping_errno(copy);
    return -1;
}

/* The namespace's mounts are private already (root.c), and so are copies of them. */
static int copy_staged(int directory, const char *name, unsigned flags, uint64_t attributes) {
    int follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? O_NOFOLLOW : 0;
    int source = *name == '\0' ? fcntl(directory, F_DUPFD_CLOEXEC, 0)
                               : openat(directory, name, O_PATH | O_CLOEXEC | follow);
    if (source < 0) {
        return -1;
    }
    bool recursive = (flags & K_AT_RECURSIVE) != 0;
    int copy = older_copy(source, recursive);
    close_keeping_errno(source);
    if (copy >= 0 && attributes != 0 && older_restrict(copy, recursive, attributes) != 0) {
        close_keeping_errno(copy);
        return -1;
    }
    return copy;
}

int copy_mount(int directory, const char *name, unsigned flags, uint64_t attributes) {
    int errnum = ENOSYS;
    if (!uses_older_mounts()) {
        int copy = copy_mount_detached(directory, name, flags, attributes);
        errnum = errno;
        if (copy >= 0 || !is_refused(errnum)) {
            return copy;
        }
    }
    int copy = copy_staged(directory, name, flags, attributes);
    if (copy >= 0) {
        note_refusal(tried, errnum);
    }
    return copy;
}

static int attach_older(int mounted, int directory, const char *name) {
    if (name == NULL) {
        return older_attach(mounted, directory);
    }
    int target = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0) {
        return -1;
    }
    int result = older_attach(mounted, target);
    close_keeping_errno(target);
    return result;
}

int attach_mount(int mounted, int directory, const char *name) {
    int errnum = ENOSYS;
    if (!uses_older_mounts()) {
        int result =
            name == NULL ? k_move_mount(mounted, directory) : k_move_mount_at(mounted, directory, name);
        errnum = errno;
        if (result == 0 || !is_refused(errnum)) {
            return result;
        }
    }
    if (attach_older(mounted, directory, name) == 0) {
        note_refusal("move_mount", errnum);
        return 0;
    }
    /* What the new API made is nowhere, and mount(2) does not move it. */
    errno = uses_older_mounts() ? errno : errnum;
    return -1;
}

int restrict_mount(int mounted, uint64_t attributes) {
    const struct k_mount_attr wanted = {.attr_set = attributes};
    int errnum = ENOSYS;
    if (!uses_older_mounts()) {
        int result = k_mount_setattr(mounted, 0, &wanted);
        errnum = errno;
        if (result == 0 || !is_refused(errnum)) {
            return result;
        }
    }
    if (older_restrict(mounted, false, attributes) != 0) {
        return -1;
    }
    note_refusal("mount_setattr", errnum);
    return 0;
}
