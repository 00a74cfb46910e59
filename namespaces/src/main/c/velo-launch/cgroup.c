#include "enforcement.h"
#include "host.h"
#include "kernel.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char *const controllers[CONTROLLERS] = {"memory", "pids", "cpu"};
static const char PREFIX[] = "velo-";
static const char SUPERVISORS[] = "velo-supervisors";

bool group_write(const struct group *group, const char *file, const char *text) {
    return put_text(group->directory, file, text);
}

uint64_t group_read(const struct group *group, const char *file, const char *word) {
    char text[4096];
    if (group->version == 0 || get_text(group->directory, file, text, sizeof text) <= 0) {
        return UINT64_MAX;
    }
    if (word == NULL) {
        return text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 10) : UINT64_MAX;
    }
    size_t length = strlen(word);
    for (const char *line = text; line != NULL; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, word, length) == 0 && line[length] == ' ') {
            return strtoull(line + length + 1, NULL, 10);
        }
    }
    return UINT64_MAX;
}

/*
 * A lock says that somebody still uses the group; the kernel drops it with the last of its owners. Somebody
 * who cleans up may come in between: then once more.
 */
static int make_locked(int parent, const char *name, bool shared) {
    enum { ATTEMPTS = 100 };
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (mkdirat(parent, name, 0755) != 0 && !(shared && errno == EEXIST)) {
            return -1;
        }
        struct stat made;
        struct stat there;
        int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory >= 0 && flock(directory, LOCK_SH | LOCK_NB) == 0 && fstat(directory, &made) == 0 &&
            fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && made.st_ino == there.st_ino) {
            return directory;
        }
        if (directory >= 0) {
            close(directory);
        }
        if (!shared) {
            unlinkat(parent, name, AT_REMOVEDIR);
        }
        pause_for(1);
    }
    errno = EAGAIN;
    return -1;
}

/* Exactly the names that runs have (groups_make): others may be services that are called velo. */
static bool is_ours(const char *name) {
    static const char begin[] = "velo-run-";
    const char *digits = name + sizeof begin - 1;
    return strcmp(name, SUPERVISORS) == 0 ||
           (strncmp(name, begin, sizeof begin - 1) == 0 && strlen(digits) == 16 &&
            strspn(digits, "0123456789abcdef") == 16);
}

/* Groups whose supervisor was killed: nobody holds their lock, and a group that is not empty does not go. */
static void sweep(int parent) {
    int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (!is_ours(entry->d_name)) {
            continue;
        }
        int old = openat(parent, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (old >= 0 && flock(old, LOCK_EX | LOCK_NB) == 0) {
            unlinkat(parent, entry->d_name, AT_REMOVEDIR);
        }
        if (old >= 0) {
            close(old);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

/*
 * Version 2 gives controllers only to the children of a group that has no processes itself (cgroups(7), "no
 * internal processes"). Where this process is the only one in a group that was given to it, it moves into a
 * child of it.
 */
static bool give_to_children(int parent, const char *controller, bool own) {
    char text[512];
    char add[32];
    get_text(parent, "cgroup.subtree_control", text, sizeof text);
    for (const char *word = strtok(text, " \n"); word != NULL; word = strtok(NULL, " \n")) {
        if (strcmp(word, controller) == 0) {
            return true;
        }
    }
    snprintf(add, sizeof add, "+%s", controller);
    if (put_text(parent, "cgroup.subtree_control", add)) {
        return true;
    }
    if (errno != EBUSY || !own) {
        return false;
    }
    int leaf = make_locked(parent, SUPERVISORS, true);
    bool moved = leaf >= 0 && put_text(leaf, "cgroup.procs", "0");
    if (leaf >= 0) {
        close(leaf);
    }
    if (moved && put_text(parent, "cgroup.subtree_control", add)) {
        return true;
    }
    int errnum = errno;
    if (moved && put_text(parent, "cgroup.procs", "0")) {
        unlinkat(parent, SUPERVISORS, AT_REMOVEDIR);
    }
    errno = errnum;
    return false;
}

static void refuse(struct group *group, const char *what, const char *path) {
    snprintf(group->refusal, sizeof group->refusal, "cannot %s control group %.180s: %s", what, path,
             errno == EBUSY ? "it has processes of its own" : strerror(errno));
}

/* A child of this process's own group or, where that has other processes in it, of the one above. */
static bool make_unified(struct groups *groups, enum controller controller, char *path) {
    struct group *group = &groups->of[controller];
    for (int level = 0; level < 2; level++) {
        int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent >= 0 && faccessat(parent, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
            give_to_children(parent, controllers[controller], level == 0)) {
            sweep(parent);
            group->directory = make_locked(parent, groups->name, false);
            if (group->directory >= 0) {
                group->parent = parent;
                group->version = 2;
                return true;
            }
        }
        if (level == 0) {
            refuse(group, "limit anything below", path);
        }
        if (parent >= 0) {
            close(parent);
        }
        char *slash = strrchr(path, '/');
        char above[4200];
        snprintf(above, sizeof above, "%.*s/cgroup.controllers", (int)(slash - path), path);
        if (slash == path || access(above, F_OK) != 0) {
            return false; /* the top of what is mounted */
        }
        *slash = '\0';
    }
    return false;
}

/* Two controllers of version 1 may be in one hierarchy. */
static bool share(const struct groups *groups, struct group *group, int parent) {
    struct stat here;
    struct stat there;
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        const struct group *other = &groups->of[c];
        if (other != group && other->version == 1 && fstat(parent, &here) == 0 &&
            fstat(other->parent, &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino) {
            *group = *other;
            return true;
        }
    }
    return false;
}

static bool make_legacy(struct groups *groups, enum controller controller, const char *path) {
    struct group *group = &groups->of[controller];
    int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0 && share(groups, group, parent)) {
        close(parent);
        return true;
    }
    if (parent >= 0) {
        sweep(parent);
        group->directory = make_locked(parent, groups->name, false);
    }
    if (parent < 0 || group->directory < 0) {
        refuse(group, "make a group below", path);
        if (parent >= 0) {
            close(parent);
        }
        return false;
    }
    group->parent = parent;
    group->version = 1;
    return true;
}

void groups_make(struct groups *groups, unsigned wanted, const char *run) {
    const char *name = strrchr(run, '/') == NULL ? run : strrchr(run, '/') + 1;
    snprintf(groups->name, sizeof groups->name, "%s%.64s", PREFIX, name);
    /* All of them before this process moves: where it goes it may see fewer controllers. */
    static char paths[CONTROLLERS][4200];
    int versions[CONTROLLERS] = {0};
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        const char *refusal = "";
        if ((wanted & 1U << c) != 0) {
            versions[c] = own_group(controllers[c], paths[c], sizeof paths[c], &refusal);
            snprintf(groups->of[c].refusal, sizeof groups->of[c].refusal, "%s", refusal);
        }
    }
    int unified = -1;
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        if (versions[c] == 1) {
            make_legacy(groups, c, paths[c]);
        } else if (versions[c] == 2 && unified < 0) {
            unified = make_unified(groups, c, paths[c]) ? (int)c : -1;
        } else if (versions[c] == 2 && give_to_children(groups->of[unified].parent, controllers[c], false)) {
            groups->of[c] = groups->of[unified];
        } else if (versions[c] == 2) {
            refuse(&groups->of[c], "give its controller to the children of", paths[c]);
        }
    }
}

uint64_t groups_peak_memory(const struct groups *groups) {
    const struct group *group = &groups->of[CONTROLLER_MEMORY];
    return group_read(group, group->version == 2 ? "memory.peak" : "memory.max_usage_in_bytes", NULL);
}

bool groups_exist(const struct groups *groups) {
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        if (groups->of[c].version != 0) {
            return true;
        }
    }
    return false;
}

int groups_birthplace(const struct groups *groups) {
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        if (groups->of[c].version == 2) {
            return groups->of[c].directory;
        }
    }
    return -1;
}

void groups_enter(const struct groups *groups, pid_t process, bool born) {
    char text[16];
    snprintf(text, sizeof text, "%d", (int)process);
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        const struct group *group = &groups->of[c];
        if ((group->version == 1 || (group->version == 2 && !born)) &&
            !put_text(group->directory, "cgroup.procs", text)) {
            fail_errno("check the rights on the control groups, or leave the limit out",
                       "cannot put the sandbox into its control group");
        }
    }
}

void groups_remove(struct groups *groups) {
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        struct group *group = &groups->of[c];
        if (group->version != 0 && unlinkat(group->parent, groups->name, AT_REMOVEDIR) != 0 &&
            errno != ENOENT) {
            message("warning: cannot remove control group %s: %s; the next run removes it", groups->name,
                    strerror(errno));
        }
        group->version = 0;
    }
}
