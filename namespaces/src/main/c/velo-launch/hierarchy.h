/* Where control groups are mounted, and this process's own group in them (cgroups(7)). */
#ifndef VELO_HIERARCHY_H
#define VELO_HIERARCHY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Tests have others. */
struct roots {
    const char *proc;   /* where self/mountinfo and self/cgroup are */
    const char *mounts; /* in front of every mount point */
};
extern const struct roots host_roots;

struct hierarchy {
    char root[PATH_MAX]; /* what of the hierarchy is mounted */
    char point[PATH_MAX];
    bool found;
};

/* Whether a word is in a list. */
bool in_list(const char *list, const char *word, const char *separators);
/* The hierarchy of version 1 with that controller, or, for NULL, the one of version 2. */
struct hierarchy mounted_hierarchy(const struct roots *roots, const char *controller);
/* The own group as the kernel names it there; false where it is in none. */
bool own_group_name(const struct roots *roots, const char *controller, char *name, size_t size);
/* The directory of a group; false where it lies outside of what is mounted. */
bool directory_of(const struct roots *roots, const struct hierarchy *hierarchy, const char *name,
                  char *directory, size_t size);

#endif
