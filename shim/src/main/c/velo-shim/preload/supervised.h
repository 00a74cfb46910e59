#ifndef VELO_SUPERVISED_H
#define VELO_SUPERVISED_H

#include "static_program.h"

/* What is asked of execveat(2), and of which node it is, or ROOT_NODE. */
struct execution {
    int at;
    const char *path;
    int flags;
    node_id node;
    enum blindness blind;
};

/*
 * The same by way of velo-supervised, which puts the supervisor's filter over itself and then executes the
 * program. Whatever can be told beforehand of a program that cannot be executed is told here: once that runs,
 * there is nobody left to tell.
 */
long supervised_execute(const struct execution *what, char *const argv[], char *const envp[]);

/* Where the session has it. False: no room. */
bool supervised_path(char *out, size_t room);

#endif
