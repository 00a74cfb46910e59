#include "spawn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static struct actions *inside(posix_spawn_file_actions_t *actions) {
    return (struct actions *)(void *)actions;
}

static int add(posix_spawn_file_actions_t *to, struct action action, const char *path) {
    struct actions *actions = inside(to);
    int before = errno;
    if (actions->count == actions->room) {
        int room = actions->room ? 2 * actions->room : 8;
        struct action *list = realloc(actions->list, (size_t)room * sizeof *list);
        errno = before;
        if (!list) {
            return ENOMEM;
        }
        actions->list = list;
        actions->room = room;
    }
    if (path && !(action.path = strdup(path))) {
        errno = before;
        return ENOMEM;
    }
    actions->list[actions->count++] = action;
    return 0;
}

/* musl refuses negative numbers alone. */
static bool can_be_open(int fd) {
    struct rlimit most;
    return fd >= 0 && (libc_is_musl() || RAW4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &most) < 0 ||
                       (rlim_t)fd < most.rlim_cur);
}

HOOK(int, posix_spawn_file_actions_init, (posix_spawn_file_actions_t * actions)) {
    memset(actions, 0, sizeof *actions);
    return 0;
}

HOOK(int, posix_spawn_file_actions_destroy, (posix_spawn_file_actions_t * actions)) {
    struct actions *own = inside(actions);
    for (int i = 0; i < own->count; i++) {
        free(own->list[i].path);
    }
    free(own->list);
    memset(actions, 0, sizeof *actions);
    return 0;
}

HOOK(int, posix_spawn_file_actions_addclose, (posix_spawn_file_actions_t * to, int fd)) {
    return !can_be_open(fd) ? EBADF : add(to, (struct action){.kind = ACTION_CLOSE, .fd = fd}, NULL);
}

HOOK(int, posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t * to, int fd, int copy)) {
    return !can_be_open(fd) || !can_be_open(copy)
               ? EBADF
               : add(to, (struct action){.kind = ACTION_COPY, .fd = fd, .to = copy}, NULL);
}

HOOK(int, posix_spawn_file_actions_addopen,
     (posix_spawn_file_actions_t * to, int fd, const char *path, int flags, mode_t mode)) {
    return !can_be_open(fd)
               ? EBADF
               : add(to, (struct action){.kind = ACTION_OPEN, .fd = fd, .flags = flags, .mode = mode}, path);
}

HOOK(int, posix_spawn_file_actions_addchdir_np, (posix_spawn_file_actions_t * to, const char *path)) {
    return add(to, (struct action){.kind = ACTION_CHDIR}, path);
}

HOOK(int, posix_spawn_file_actions_addfchdir_np, (posix_spawn_file_actions_t * to, int fd)) {
    return fd < 0 ? EBADF : add(to, (struct action){.kind = ACTION_FCHDIR, .fd = fd}, NULL);
}

HOOK(int, posix_spawn_file_actions_addclosefrom_np, (posix_spawn_file_actions_t * to, int fd)) {
    return !can_be_open(fd) ? EBADF : add(to, (struct action){.kind = ACTION_CLOSE_FROM, .fd = fd}, NULL);
}

HOOK(int, posix_spawn_file_actions_addtcsetpgrp_np, (posix_spawn_file_actions_t * to, int fd)) {
    return !can_be_open(fd) ? EBADF : add(to, (struct action){.kind = ACTION_FOREGROUND, .fd = fd}, NULL);
}

static int start(bool searched, pid_t *pid, int *pidfd, const char *file,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const envp[]) {
    struct spawn what = {.file = file,
                         .searched = searched,
                         .actions = (const struct actions *)(const void *)actions,
                         .attributes = attributes,
                         .argv = argv,
                         .envp = envp,
                         .pidfd = pidfd};
    return spawn(&what, pid);
}

HOOK(int, posix_spawn,
     (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) {
    return start(false, pid, NULL, path, actions, attributes, argv, envp);
}

HOOK(int, posix_spawnp,
     (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) {
    return start(true, pid, NULL, file, actions, attributes, argv, envp);
}

HOOK(int, pidfd_spawn,
     (int *pidfd, const char *path, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) {
    return start(false, NULL, pidfd, path, actions, attributes, argv, envp);
}

HOOK(int, pidfd_spawnp,
     (int *pidfd, const char *file, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) {
    return start(true, NULL, pidfd, file, actions, attributes, argv, envp);
}
