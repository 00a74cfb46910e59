/* Which controllers of control groups the caller can limit a sandbox with: looked at, not tried (cgroups(7)).
 */
#include "hierarchy.h"
#include "launch.h"
#include "reasons.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *kind(const struct roots *roots) {
    static const char *const controllers[] = {"memory",  "pids",    "cpu",  "cpuset",
                                              "devices", "freezer", "blkio"};
    bool first = false;
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        first = first || mounted_hierarchy(roots, controllers[i]).found;
    }
    bool second = mounted_hierarchy(roots, NULL).found;
    return first ? second ? "hybrid" : "v1" : second ? "unified" : "none";
}

/* The directory of the own group; false where it cannot be seen. */
static bool own_directory(const struct roots *roots, const struct hierarchy *hierarchy,
                          const char *controller, char *path, size_t path_size, char *directory,
                          size_t size) {
    return own_group_name(roots, controller, path, path_size) &&
           directory_of(roots, hierarchy, path, directory, size) && access(directory, F_OK) == 0;
}

static void read_file(const char *directory, const char *name, char *text, size_t size) {
    char path[2 * PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    get_text(AT_FDCWD, path, text, size);
}

/* 0, or why the caller can make no group there. */
static int writable(const char *directory, const char *const *files) {
    char path[PATH_MAX + 64];
    if (access(directory, W_OK | X_OK) != 0) {
        return errno;
    }
    for (; *files != NULL; files++) {
        snprintf(path, sizeof path, "%s/%s", directory, *files);
        if (access(path, W_OK) != 0) {
            return errno;
        }
    }
    return 0;
}

/* Processes that stand in the way of handing controllers on: not this one, nor the one that asked it. */
static bool crowded(const char *directory) {
    char text[4096];
    char type[32];
    char *rest = NULL;
    read_file(directory, "cgroup.type", type, sizeof type);
    if (type[0] == '\0') {
        return false; /* the root of all groups, where processes and controllers may be together */
    }
    read_file(directory, "cgroup.procs", text, sizeof text);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        long process = strtol(line, NULL, 10);
        if (process != getpid() && process != getppid()) {
            return true;
        }
    }
    return false;
}

static struct finding unwritable(int errnum, enum reason owner, const char *directory) {
    return errnum == EROFS                       ? found(REASON_CGROUP_READ_ONLY, directory, "")
           : errnum == EACCES || errnum == EPERM ? found(owner, directory, "")
                                                 : unexplained(errnum);
}

static struct finding in_group(const char *directory, const char *controller) {
    static const char *const files[] = {"cgroup.procs", "cgroup.subtree_control", NULL};
    char list[512];
    int errnum = writable(directory, files);
    if (errnum != 0) {
        return unwritable(errnum, REASON_CGROUP_NOT_DELEGATED, directory);
    }
    read_file(directory, "cgroup.controllers", list, sizeof list);
    if (!in_list(list, controller, " \n")) {
        return found(REASON_CGROUP_CONTROLLER_NOT_DELEGATED, directory, controller);
    }
    read_file(directory, "cgroup.subtree_control", list, sizeof list);
    if (!in_list(list, controller, " \n") && crowded(directory)) {
        return found(REASON_CGROUP_BUSY, directory, controller);
    }
    return found(REASON_NONE, "", "");
}

static struct finding in_second(const struct roots *roots, const struct hierarchy *hierarchy,
                                const char *controller, char *directory, size_t size) {
    char path[PATH_MAX];
    char top[2 * PATH_MAX];
    char list[512];
    snprintf(top, sizeof top, "%s%s", roots->mounts, hierarchy->point);
    read_file(top, "cgroup.controllers", list, sizeof list);
    if (strcmp(hierarchy->root, "/") == 0 && !in_list(list, controller, " \n")) {
        return found(REASON_CGROUP_CONTROLLER_MISSING, controller, "");
    }
    if (!own_directory(roots, hierarchy, NULL, path, sizeof path, directory, size)) {
        return found(REASON_CGROUP_HIDDEN, path, "");
    }
    const struct finding own = in_group(directory, controller);
    if (own.reason == REASON_NONE || strcmp(directory, top) == 0) {
        return own;
    }
    /* The one above it belongs to the same user where systemd gave him all of his service. */
    char *last = strrchr(directory, '/');
    *last = '\0';
    const struct finding above = in_group(directory, controller);
    return above.reason == REASON_NONE ? above : own;
}

static struct finding in_first(const struct roots *roots, const struct hierarchy *hierarchy,
                               const char *controller, char *directory, size_t size) {
    static const char *const files[] = {"cgroup.procs", NULL};
    char path[PATH_MAX] = "";
    if (!own_directory(roots, hierarchy, controller, path, sizeof path, directory, size)) {
        return found(REASON_CGROUP_HIDDEN, path, "");
    }
    int errnum = writable(directory, files);
    return errnum == 0 ? found(REASON_NONE, "", "") : unwritable(errnum, REASON_CGROUP_V1_OWNER, directory);
}

struct finding find_controller(const struct roots *roots, const char *controller, char *detail, size_t size) {
    char directory[2 * PATH_MAX] = "";
    const struct hierarchy first = mounted_hierarchy(roots, controller);
    const struct hierarchy second = mounted_hierarchy(roots, NULL);
    struct finding finding;
    if (first.found) {
        finding = in_first(roots, &first, controller, directory, sizeof directory);
    } else if (second.found) {
        finding = in_second(roots, &second, controller, directory, sizeof directory);
    } else if (strcmp(kind(roots), "none") == 0) {
        finding = found(REASON_CGROUP_NONE, "", "");
    } else {
        finding = found(REASON_CGROUP_CONTROLLER_MISSING, controller, "");
    }
    if (finding.reason == REASON_NONE) {
        snprintf(detail, size, "%s: v%d at %s", kind(roots), first.found ? 1 : 2, directory);
    } else {
        snprintf(detail, size, "%s", kind(roots));
    }
    return finding;
}

void probe_cgroups(void) {
    static const char *const controllers[][2] = {
        {"memory", "cgroup-memory"}, {"pids", "cgroup-pids"}, {"cpu", "cgroup-cpu"}};
    for (size_t i = 0; i < 3; i++) {
        char detail[512];
        const struct finding finding = find_controller(&host_roots, controllers[i][0], detail, sizeof detail);
        answer(controllers[i][1], false, &finding, detail);
    }
}
