#ifndef VELO_SPAWN_H
#define VELO_SPAWN_H

#include "execution.h"

#include <spawn.h>

/*
 * What posix_spawn_file_actions_t holds here. It is opaque to programs, and libc's functions that look into
 * it are all hooked, so its content is this library's own: an action is done in the child by the calls of
 * the session, at the time and in the directory where it belongs.
 */
enum action_kind {
    ACTION_CLOSE,
    ACTION_COPY,
    ACTION_OPEN,
    ACTION_CHDIR,
    ACTION_FCHDIR,
    ACTION_CLOSE_FROM,
    ACTION_FOREGROUND
};

struct action {
    enum action_kind kind;
    int fd, to, flags;
    unsigned mode;
    char *path;
};

struct actions {
    int room, count;
    struct action *list;
};

_Static_assert(sizeof(struct actions) <= sizeof(posix_spawn_file_actions_t), "no room in libc's type");

struct spawn {
    const char *file;
    bool searched;
    const struct actions *actions;
    const posix_spawnattr_t *attributes;
    char *const *argv, *const *envp;
    int *pidfd;
    /* the parent's */
    uint64_t mask;
    int error;
};

/* 0 with *pid, or errno's number. */
int spawn(struct spawn *what, pid_t *pid);

#endif
