#include "kernel.h"
#include "launch.h"
#include "reasons.h"

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
    return path[0] == '/' ? open_source(path) : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
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
    NO_CONTEXT = -1,   /* the kernel (before 6.8) cannot take layers one by one */
    UPPER_REFUSED = -2 /* it does not take the upper layer from where it is */
};

/*
 * The new mount API: any number of layers. The upper one is the first, since asking whether the kernel takes
 * it and letting go of a mount that was not made would cost as much as a mount: it waits for all processors.
 */
static int by_context(const struct overlay *o, const struct links *links, unsigned long attributes) {
    int context = k_fsopen("overlay");
    /* userxattr: in a user namespace only user.overlay.* can be written; without it removing a lower
     * directory fails. */
    if (context < 0 || k_fsconfig(context, K_FSCONFIG_FLAG, "userxattr", NULL) != 0) {
        const struct finding finding = diagnose_overlay(&this_host, errno);
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
                close(context);
                return NO_CONTEXT;
            }
            fail_errno("use fewer layers", "cannot stack layer %s", o->lowers[i]);
        }
    }
    k_fsconfig(context, K_FSCONFIG_STRING, "index", "off");
    k_fsconfig(context, K_FSCONFIG_STRING, "xino", "off");
    int mounted =
        k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) == 0 ? k_fsmount(context, attributes) : -1;
    if (mounted < 0) {
        const struct finding finding = diagnose_overlay(&this_host, errno);
        fail_because(&finding, KEEP_ON, "cannot mount the overlay");
    }
    close(context);
    return mounted;
}

/* mount(2) takes all options in one page; the result is taken off its stage again, so that callers see no
 * difference. */
static int by_options(const struct overlay *o, const struct links *links, unsigned long attributes) {
    enum { PAGE = 4096 };
    char options[PAGE];
    size_t length = (size_t)snprintf(options, sizeof options, "userxattr,index=off,xino=off,");
    if (o->upper != NULL) {
        length +=
            (size_t)snprintf(options + length, sizeof options - length, "volatile,upperdir=%s,workdir=%s,",
                             links->names[o->count], links->names[o->count + 1]);
    }
    for (size_t i = 0; i < o->count && length < sizeof options; i++) {
        length += (size_t)snprintf(options + length, sizeof options - length, "%s%s",
                                   i == 0 ? "lowerdir=" : ":", links->names[i]);
    }
    if (length >= sizeof options) {
        fail(EXIT_LAUNCH, "use fewer manifests, or Linux 6.8 or newer",
             "cannot mount the overlay: more layers than this kernel takes");
    }
    unsigned long flags = MS_NOSUID | MS_NODEV | ((attributes & K_ATTR_RDONLY) != 0 ? MS_RDONLY : 0);
    if (mount("overlay", o->stage, "overlay", flags, options) != 0) {
        const struct finding finding = diagnose_overlay(&this_host, errno);
        fail_because(&finding, KEEP_ON, "cannot mount the overlay");
    }
    int mounted = k_open_tree(AT_FDCWD, o->stage, K_OPEN_TREE_CLONE | O_CLOEXEC);
    if (mounted < 0 || umount2(o->stage, MNT_DETACH) != 0) {
        fail_errno("see velo doctor for what this host can do", "cannot take the overlay off its stage");
    }
    return mounted;
}

int overlay_mount(const struct overlay *overlay, unsigned long attributes) {
    struct links links = open_layers(overlay);
    int mounted = by_context(overlay, &links, attributes);
    if (mounted == NO_CONTEXT) {
        mounted = by_options(overlay, &links, attributes);
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
    int context = k_fsopen("overlay");
    int mounted = -1;
    if (context >= 0 && k_fsconfig(context, K_FSCONFIG_FLAG, "userxattr", NULL) == 0 &&
        k_fsconfig(context, K_FSCONFIG_STRING, "lowerdir+", links.names[0]) == 0 &&
        k_fsconfig(context, K_FSCONFIG_STRING, "datadir+", links.names[1]) == 0) {
        k_fsconfig(context, K_FSCONFIG_STRING, "index", "off");
        k_fsconfig(context, K_FSCONFIG_STRING, "xino", "off");
        mounted = k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) == 0
                      ? k_fsmount(context, K_ATTR_RDONLY | K_ATTR_NOSUID | K_ATTR_NODEV)
                      : -1;
    }
    if (mounted < 0) {
        fail_errno(REMEDY, "cannot compose metadata layer %s", layer->tree);
    }
    /* Attached, because a kernel may refuse a mount that is nowhere as a layer. */
    int place = open(stage, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 || k_move_mount(mounted, place) != 0) {
        fail_errno(REMEDY, "cannot attach metadata layer %s", layer->tree);
    }
    close(place);
    close(context);
    close_layers(&links);
    layer->mounted = mounted;
}
