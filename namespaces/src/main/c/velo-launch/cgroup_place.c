#include "enforcement.h"
#include "hierarchy.h"
#include "kernel.h"

#include <stdio.h>

enum place { NOT_THERE, OUTSIDE, FOUND };

/* controller: NULL for version 2, which has all of them in one hierarchy. */
static enum place place_in(const char *controller, char *path, size_t size) {
    const struct hierarchy hierarchy = mounted_hierarchy(&host_roots, controller);
    char name[PATH_MAX];
    if (!hierarchy.found || !own_group_name(&host_roots, controller, name, sizeof name)) {
        return NOT_THERE;
    }
    return directory_of(&host_roots, &hierarchy, name, path, size) ? FOUND : OUTSIDE;
}

/* Version 2 tells in a file which controllers a group has; one of version 1 has a hierarchy of its own. */
static bool has_controller(const char *directory, const char *controller) {
    char path[4200];
    char text[512];
    snprintf(path, sizeof path, "%s/cgroup.controllers", directory);
    return get_text(AT_FDCWD, path, text, sizeof text) > 0 && in_list(text, controller, " \n");
}

int own_group(const char *controller, char *path, size_t size, const char **refusal) {
    enum place unified = place_in(NULL, path, size);
    if (unified == FOUND && has_controller(path, controller)) {
        return 2;
    }
    enum place legacy = place_in(controller, path, size);
    if (legacy == FOUND) {
        return 1;
    }
    *refusal = unified == NOT_THERE && legacy == NOT_THERE ? "no control groups are mounted"
               : unified == OUTSIDE || legacy == OUTSIDE
                   ? "the control group of this process lies outside of what is mounted"
                   : "its controller is not given to this process's control group";
    return 0;
}
