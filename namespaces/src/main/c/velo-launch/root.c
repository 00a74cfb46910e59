#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/* Inside init: opened here and not by the supervisor, since a mount is usable only in the namespace it was
 * opened in. */
static int overlay_root(const struct plan *plan) {
    char path[4096];
    int context = overlay_new();
    for (size_t i = 0; i < plan->layers.count; i++) {
        overlay_add_lower(context, plan->layers.items[i]);
    }
    static const char *const options[] = {"upperdir", "workdir"};
    static const char *const names[] = {"upper", "work"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", plan->run_directory, names[i]);
        int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        /* By descriptor: the kernel's option parser must never see the characters of a path. */
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (fd < 0 || k_fsconfig(context, K_FSCONFIG_STRING, options[i], path) != 0) {
            fail_errno("keep the store on a file system that can be an upper layer (ext4, xfs, btrfs, tmpfs)",
                       "cannot use the run's %s directory", names[i]);
        }
    }
    /* volatile: without it the kernel syncs the whole store's file system when the sandbox ends. */
    if (k_fsconfig(context, K_FSCONFIG_FLAG, "volatile", NULL) != 0) {
        message("warning: this kernel's overlay has no volatile mode; runs end slower");
    }
    k_fsconfig(context, K_FSCONFIG_STRING, "index", "off");
    k_fsconfig(context, K_FSCONFIG_STRING, "xino", "off");
    return overlay_finish(context, K_ATTR_NOSUID | K_ATTR_NODEV);
}

void enter_root(const struct plan *plan) {
    char path[4096];
    /* Nothing that is mounted in here may appear outside, nor the other way round. */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        fail_errno("see velo doctor", "cannot make the sandbox's mounts private");
    }
    int root = overlay_root(plan);
    snprintf(path, sizeof path, "%s/root", plan->run_directory);
    int stage = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (stage < 0 || k_move_mount(root, stage) != 0) {
        fail_errno("use Linux 5.11 or newer", "cannot mount the sandbox's root");
    }
    close(stage);
    for (size_t i = 0; i < plan->mount_count; i++) {
        mount_one(root, &plan->mounts[i]);
    }
    /* pivot_root(2): with both arguments "." the old root ends on top of the new one, and is taken off. */
    if (fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0) {
        fail_errno("see velo doctor", "cannot enter the sandbox's root");
    }
    close(root);
}
