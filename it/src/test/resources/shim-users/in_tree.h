#ifndef VELO_IN_TREE_H
#define VELO_IN_TREE_H

#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* The tree's directory, which the program is told. */
static const char *tree;

/* Good until the next call. */
static const char *in_tree(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", tree, name);
    return path;
}

/* For good, with real and saved ids. */
static bool become_other(void) {
    return setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 &&
           setresuid(65534, 65534, 65534) == 0;
}

#endif
