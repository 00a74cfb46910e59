#include "kernel.h"
#include "launch.h"
#include "mount_api.h"
#include "reasons.h"
#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

static const char KEEP_ON[] =
    "keep the store on a file system that can be an upper layer (ext4, xfs, btrfs, tmpfs)";

/*
 * Layers are named as /proc/self/fd/N: short, and free of the characters that mean something in mount
 * options. They are opened here, in init, since a mount can be used only in the mount namespace in which it
 * was opened.
 */
struct links {
    char (*names)[32];
    int *descriptors;
    size_t count;
};

/* The directory, or, where a composed layer is to be in its place, what that layer shows there. */
static int open_layer(const struct overlay *o, const char *path) {
    for (size_t i = 0; i < o->composed_count; i++) {
        const struct composed *layer = &o->composed[i];
        size_t length = strlen(layer->tree);
        if (strncmp(path, layer->tree, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
            const char *rest = path[length] == '/' ? path + length + 1 : ".";
            return openat(layer->mounted, rest, O_PATH | O_DIRECTORY | O_CLOEXEC);
        }
    }
    return path[0] == '/' ? resolve(path) : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void link_to(struct links *links, const struct overlay *o, const char *path) {
    int fd = open_layer(o, path);
    if (fd < 0) {
        fail_errno("run velo verify; for a directory of the host check its permissions",
                   "cannot open layer %s", path);
    }
    links->descriptors[links->count] = fd;
    snprintf(links->names[links->count++], sizeof *links->names, "/proc/self/fd/%d", fd);
}

static struct links open_layers(const struct overlay *o) {
    struct links links = {.names = calloc(o->count + 2, sizeof *links.names),
                          .descriptors = calloc(o->count + 2, sizeof *links.descriptors)};
    if (links.names == NULL || links.descriptors == NULL) {
        fail(EXIT_LAUNCH, "free some memory", "cannot mount the overlay: out of memory");
    }
    for (size_t i = 0; i < o->count; i++) {
        link_to(&links, o, o->lowers[i]);
    }
    if (o->upper != NULL) {
        link_to(&links, o, o->upper);
        link_to(&links, o, o->work);
    }
    return links;
}

static void close_layers(struct links *links) {
    for (size_t i = 0; i < links->count; i++) {
        close(links->descriptors[i]);
    }
    free(links->descriptors);
    free(links->names);
}

enum {
    NO_CONTEXT = -1,   /* the kernel (before 6.8) cannot take layers one by one, or the calls are refused */
    UPPER_REFUSED = -2 /* it does not take the upper layer from where it is */
};

/* Where mount(2) may be able to do it; errno tells that, too. */
static int leave_context(int context) {
    int errnum = errno;
    if (context >= 0) {
        close(context);
    }
    errno = errnum;
    return NO_CONTEXT;
}

/*
 * The new mount API: any number of layers. The upper one is the first, since asking whether the kernel takes
 * it and letting go of a mount that was not made would cost as much as a mount: it waits for all processors.
 */
static int by_context(const struct overlay *o, const struct links *links, unsigned long attributes) {
    int context = k_fsopen("overlay");
    /* userxattr: in a user namespace only user.overlay.* can be written; without it removing a lower
     * directory fails. */
    if (context < 0 || k_fsconfig(context, K_FSCONFIG_FLAG, "userxattr", NULL) != 0) {
        if (is_refused(errno)) {
            return leave_context(context);
        }
        const struct finding finding = diagnose_overlay(errno);
        fail_because(&finding, "use Linux 5.11 or newer with overlayfs", "cannot make an overlay");
    }
    if (o->upper != NULL) {
        if (k_fsconfig(context, K_FSCONFIG_STRING, "upperdir", links->names[o->count]) != 0) {
            if (errno == EINVAL) {
                close(context);
                return UPPER_REFUSED;
            }
            fail_errno(KEEP_ON, "cannot use the run's upper layer");
        }
        if (k_fsconfig(context, K_FSCONFIG_STRING, "workdir", links->names[o->count + 1]) != 0) {
            fail_errno(KEEP_ON, "cannot use the run's upper layer");
        }
        /* volatile: without it the kernel syncs the whole store's file system when the sandbox ends. */
        if (k_fsconfig(context, K_FSCONFIG_FLAG, "volatile", NULL) != 0) {
            message("warning: this kernel's overlay has no volatile mode; runs end slower");
        }
    }
    for (size_t i = 0; i < o->count; i++) {
        if (k_fsconfig(context, K_FSCONFIG_STRING, "lowerdir+", links->names[i]) != 0) {
            if (i == 0 && errno == EINVAL) {
                return leave_context(context);
            }
            fail_errno("use fewer layers", "cannot stack layer %s", o->lowers[i]);
        }
    }
    k_fsconfig(context, K_FSCONFIG_STRING, "index", "off");
    k_fsconfig(context, K_FSCONFIG_STRING, "xino", "off");
    int mounted =
        k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) == 0 ? k_fsmount(context, attributes) : -1;
    if (mounted < 0 && is_refused(errno)) {
        return leave_context(context);
    }
    if (mounted < 0) {
        const struct finding finding = diagnose_overlay(errno);
        fail_because(&finding, KEEP_ON, "cannot mount the overlay");
    }
    close(context);
    return mounted;
}

/*
 * mount(2) takes all options in one page. So that it holds as many layers as a plan may have, they are named
 * by their numbers alone, from within /proc/self/fd.
 */
static int by_options(const struct overlay *o, const struct links *links, unsigned long attributes) {
    enum { PAGE = 4096 };
    char options[PAGE];
    size_t length = (size_t)snprintf(options, sizeof options, "userxattr,index=off,xino=off,");
    if (o->upper != NULL) {
        length +=
            (size_t)snprintf(options + length, sizeof options - length, "volatile,upperdir=%d,workdir=%d,",
                             links->descriptors[o->count], links->descriptors[o->count + 1]);
    }
    for (size_t i = 0; i < o->count && length < sizeof options; i++) {
        length += (size_t)snprintf(options + length, sizeof options - length, "%s%d",
                                   i == 0 ? "lowerdir=" : ":", links->descriptors[i]);
    }
    if (length >= sizeof options) {
        fail(EXIT_LAUNCH, "use fewer manifests, or Linux 6.8 or newer",
             "cannot mount the overlay: more layers than mount(2) takes");
    }
    int mounted = make_filesystem_of_text("overlay", options, "/proc/self/fd", attributes);
    /* Which of the options is meant is not told, but all others are the same in every run. */
    if (mounted < 0 && errno == EINVAL && o->upper != NULL) {
        return UPPER_REFUSED;
    }
    if (mounted < 0) {
        const struct finding finding = diagnose_overlay(errno);
        fail_because(&finding, KEEP_ON, "cannot mount the overlay");
    }
    return mounted;
}

int overlay_mount(const struct overlay *overlay, unsigned long attributes) {
    struct links links = open_layers(overlay);
    int errnum = ENOSYS;
    int mounted = NO_CONTEXT;
    if (!uses_older_mounts()) {
        mounted = by_context(overlay, &links, attributes);
        errnum = errno;
    }
    if (mounted == NO_CONTEXT) {
        mounted = by_options(overlay, &links, attributes);
        if (mounted >= 0 && is_refused(errnum)) {
            note_refusal("fsopen", errnum);
        }
    }
    close_layers(&links);
    return mounted < 0 ? -1 : mounted;
}

/*
 * Only the lowest metadata layer above a data layer finds its contents, so each gets an overlay of its own.
 * The data layer is no part of what that overlay shows: its blobs are reached by redirect alone.
 */
void compose(struct composed *layer, const char *stage) {
    static const char REMEDY[] = "use --placement auto; velo doctor tells what this host can do";
    struct overlay none = {.count = 2};
    const char *const paths[] = {layer->tree, layer->data};
    none.lowers = paths;
    struct links links = open_layers(&none);
    mount_option options[] = {{"userxattr", NULL},
                              {"lowerdir+", links.names[0]},
                              {"datadir+", links.names[1]},
                              {"index", "off"},
                              {"xino", "off"},
                              {NULL, NULL}};
    enum { ATTRIBUTES = K_ATTR_RDONLY | K_ATTR_NOSUID | K_ATTR_NODEV };
    int mounted = make_filesystem_by_context("overlay", options, ATTRIBUTES);
    int errnum = errno;
    if (mounted < 0 && is_refused(errnum)) {
        char text[96];
        snprintf(text, sizeof text, "userxattr,index=off,xino=off,lowerdir=%d::%d", links.descriptors[0],
                 links.descriptors[1]);
        mounted = make_filesystem_of_text("overlay", text, "/proc/self/fd", ATTRIBUTES);
        if (mounted >= 0) {
            note_refusal("fsopen", errnum);
        }
    }
    if (mounted < 0) {
        fail_errno(REMEDY, "cannot compose metadata layer %s", layer->tree);
    }
    /* Attached, because a kernel may refuse a mount that is nowhere as a layer. */
    if (attach_mount(mounted, AT_FDCWD, stage) != 0) {
        fail_errno(REMEDY, "cannot attach metadata layer %s", layer->tree);
    }
    close_layers(&links);
    layer->mounted = mounted;
}
