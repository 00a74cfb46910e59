#ifndef VELO_ENVIRONMENT_H
#define VELO_ENVIRONMENT_H

#include "sys.h"

#define KEPT_FEW 256
#define KEPT_MORE 5 /* variables that may be added, and the end */

/* What keeps the session in a child, with room for the variables that may be missing. */
struct kept_environment {
    char *few[KEPT_FEW];
    char preload[PATH_MAX];
    char program[32];
    char audit[PATH_MAX];
};

/*
 * The environment of a program that is of this node, or ROOT_NODE: *list is envp itself where nothing is
 * missing in its count variables, else room for them and KEPT_MORE, to be given back by pointer_free. 0 or
 * -errno.
 */
long environment_complete(char *const envp[], size_t count, node_id program, struct kept_environment *room,
                          char ***list);

#endif
