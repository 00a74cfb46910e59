#include "kernel.h"
#include "launch.h"
#include "mount_api.h"
#include "reasons.h"
#include "story.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/* Nothing that is mounted in here may appear outside, nor the other way round. */
void keep_mounts_private(void) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        const struct finding finding = diagnose_call(&this_host, errno, "self", "mount");
        fail_because(&finding, "see velo doctor", "cannot make the sandbox's mounts private");
    }
}

int enter_root(const struct plan *plan) {
    char path[4096];
    char upper[4096];
    char work[4096];
    snprintf(upper, sizeof upper, "%s/upper", plan->run_directory);
    snprintf(work, sizeof work, "%s/work", plan->run_directory);
    snprintf(path, sizeof path, "%s/root", plan->run_directory);
    mount_stage(path);
    for (size_t i = 0; i < plan->composed_count; i++) {
        compose(&plan->composed[i], path);
    }
    struct overlay overlay = {.lowers = (const char *const *)plan->layers.items,
                              .count = plan->layers.count,
                              .composed = plan->composed,
                              .composed_count = plan->composed_count,
                              .upper = upper,
                              .work = work,
                              .stage = path};
    int memory = -1;
    const char *like = plan->layers.items[plan->layers.count > 1 ? 1 : 0];
    if (plan->disk_limit != 0) {
        memory = memory_upper(&overlay, like, plan);
        story->disk_free = memory < 0;
    }
    int root = overlay_mount(&overlay, K_ATTR_NOSUID | K_ATTR_NODEV);
    if (root < 0 && memory < 0) {
        const struct plan unlimited = {.best_effort = plan->best_effort};
        memory = memory_upper(&overlay, like, &unlimited);
        root = overlay_mount(&overlay, K_ATTR_NOSUID | K_ATTR_NODEV);
    }
    if (root < 0) {
        fail_errno("see velo doctor for what this host can do", "cannot mount the overlay");
    }
    if (attach_mount(root, AT_FDCWD, path) != 0) {
        fail_errno("use Linux 5.11 or newer", "cannot mount the sandbox's root");
    }
    for (size_t i = 0; i < plan->mount_count; i++) {
        mount_one(root, plan, &plan->mounts[i]);
    }
    leave_mount_stage();
    /* pivot_root(2): with both arguments "." the old root ends on top of the new one, and is taken off. */
    if (fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0) {
        fail_errno("see velo doctor", "cannot enter the sandbox's root");
    }
    close(root);
    return memory;
}
