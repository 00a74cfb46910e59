#include "namespaces.h"

#include "call.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool several;

bool namespace_same(void) {
    static struct stat own; /* which stays */
    struct stat its;
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)served->notif.pid);
    return (own.st_ino != 0 || stat("/proc/self/ns/user", &own) == 0) && stat(path, &its) == 0 &&
           own.st_ino == its.st_ino && own.st_dev == its.st_dev;
}

void namespace_look(void) {
    several = several || !namespace_same();
}

void namespace_opened(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    several = several || strcmp(name, "uid_map") == 0 || strcmp(name, "gid_map") == 0;
}

/* The number in the other column of the line that has this one; the kernel tells the outer ones as they are
 * here. */
static bool translate(const char *map, bool inwards, uint32_t *id) {
    char path[40];
    unsigned inner, outer, count;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)served->notif.pid, map);
    FILE *lines = fopen(path, "re");
    while (!found && lines != NULL && fscanf(lines, "%u %u %u", &inner, &outer, &count) == 3) {
        const uint32_t from = inwards ? outer : inner, to = inwards ? inner : outer;
        found = *id >= from && *id - from < count;
        *id = found ? to + (*id - from) : *id;
    }
    if (lines != NULL) {
        fclose(lines);
    }
    return found;
}

bool namespace_has_owner(void) {
    uint32_t uid = served->world->tree.owner_uid;
    return namespace_same() || translate("uid_map", true, &uid);
}

enum { NOBODY = 65534 };

void owners_tell(uint32_t *uid, uint32_t *gid) {
    if (!several || namespace_same()) {
        return;
    }
    if (!translate("uid_map", true, uid)) {
        *uid = NOBODY;
    }
    if (!translate("gid_map", true, gid)) {
        *gid = NOBODY;
    }
}

long owners_take(uint32_t *uid, uint32_t *gid) {
    if (!several || namespace_same()) {
        return 0;
    }
    const bool both = (*uid == UINT32_MAX || translate("uid_map", false, uid)) &&
                      (*gid == UINT32_MAX || translate("gid_map", false, gid));
    return both ? 0 : -EINVAL;
}
