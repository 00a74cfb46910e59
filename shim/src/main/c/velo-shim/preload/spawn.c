#include "spawn.h"

#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define STACK (256 * 1024)
#define SIGNALS 64

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 128
#endif

/* As the kernel has it. */
struct kernel_action {
    uintptr_t handler;
    unsigned long flags;
    uintptr_t restorer;
    uint64_t mask;
};

/* A handler of the parent must not run in the child, which is in its memory. */
static void default_signals(const posix_spawnattr_t *attributes, short flags) {
    struct kernel_action action;
    sigset_t wanted;
    sigemptyset(&wanted);
    if (flags & POSIX_SPAWN_SETSIGDEF) {
        posix_spawnattr_getsigdefault(attributes, &wanted);
    }
    for (int signal = 1; signal <= SIGNALS; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP) {
            continue;
        }
        if (RAW4(SYS_rt_sigaction, signal, 0, &action, 8) != 0) {
            continue;
        }
        /* libc keeps 32 and 33 to itself, and sigismember refuses them. */
        if (action.handler > 1 || (action.handler == 1 && sigismember(&wanted, signal) == 1)) {
            action = (struct kernel_action){0, 0, 0, 0};
            RAW4(SYS_rt_sigaction, signal, &action, 0, 8);
        }
    }
}

static long schedule(const posix_spawnattr_t *attributes, short flags) {
    struct sched_param parameter;
    int policy;
    if (!(flags & (POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSCHEDPARAM))) {
        return 0;
    }
    posix_spawnattr_getschedparam(attributes, &parameter);
    posix_spawnattr_getschedpolicy(attributes, &policy);
    return flags & POSIX_SPAWN_SETSCHEDULER ? RAW3(SYS_sched_setscheduler, 0, policy, &parameter)
                                            : RAW2(SYS_sched_setparam, 0, &parameter);
}

static long reset_ids(void) {
    long result = RAW3(SYS_setresgid, -1, RAW0(SYS_getgid), -1);
    return result < 0 ? result : RAW3(SYS_setresuid, -1, RAW0(SYS_getuid), -1);
}

static long apply_attributes(const posix_spawnattr_t *attributes, short flags) {
    long result = schedule(attributes, flags);
    if (result == 0 && flags & POSIX_SPAWN_SETSID) {
        result = RAW0(SYS_setsid);
    }
    if (result >= 0 && flags & POSIX_SPAWN_SETPGROUP) {
        pid_t group;
        posix_spawnattr_getpgroup(attributes, &group);
        result = RAW2(SYS_setpgid, 0, group);
    }
    if (result >= 0 && flags & POSIX_SPAWN_RESETIDS) {
        result = reset_ids();
    }
    return result;
}

static long open_at_number(const struct action *action) {
    RAW1(SYS_close, action->fd);
    long fd = sys_openat(AT_FDCWD, action->path, action->flags, action->mode);
    if (fd < 0 || fd == action->fd) {
        return fd;
    }
    long result = RAW3(SYS_dup3, fd, action->fd, action->flags & O_CLOEXEC);
    RAW1(SYS_close, fd);
    return result;
}

/* Onto itself: it stays open in the program. */
static long copy(int fd, int to) {
    if (fd != to) {
        return RAW3(SYS_dup3, fd, to, 0);
    }
    long flags = RAW3(SYS_fcntl, fd, F_GETFD, 0);
    return flags < 0 ? flags : RAW3(SYS_fcntl, fd, F_SETFD, flags & ~FD_CLOEXEC);
}

static long do_action(const struct action *action) {
    switch (action->kind) {
    case ACTION_CLOSE:
        RAW1(SYS_close, action->fd);
        return 0;
    case ACTION_COPY:
        return copy(action->fd, action->to);
    case ACTION_OPEN:
        return open_at_number(action);
    case ACTION_CHDIR:
        return sys_chdir(action->path);
    case ACTION_FCHDIR:
        return sys_fchdir(action->fd);
    case ACTION_CLOSE_FROM:
        return RAW3(SYS_close_range, action->fd, ~0u, 0);
    case ACTION_FOREGROUND: {
        int group = (int)RAW1(SYS_getpgid, 0);
        return RAW3(SYS_ioctl, action->fd, TIOCSPGRP, &group);
    }
    }
    return -EINVAL;
}

static long prepare(struct spawn *what) {
    short flags = 0;
    if (what->attributes) {
        posix_spawnattr_getflags(what->attributes, &flags);
    }
    default_signals(what->attributes, flags);
    long result = what->attributes ? apply_attributes(what->attributes, flags) : 0;
    for (int i = 0; result >= 0 && what->actions && i < what->actions->count; i++) {
        result = do_action(&what->actions->list[i]);
    }
    if (result < 0) {
        return result;
    }
    uint64_t mask = what->mask;
    if (flags & POSIX_SPAWN_SETSIGMASK) {
        sigset_t set;
        posix_spawnattr_getsigmask(what->attributes, &set);
        mask = *(uint64_t *)(void *)&set;
    }
    return RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
}

static void in_child(void *with) {
    struct spawn *what = with;
    long result = prepare(what);
    if (result == 0) {
        result = what->searched ? execute_searched(what->file, what->argv, what->envp, false)
                                : sys_execveat(AT_FDCWD, what->file, what->argv, what->envp, 0);
    }
    what->error = (int)-result;
    for (;;) {
        RAW1(SYS_exit, 127);
    }
}

static bool moves(const struct actions *actions) {
    for (int i = 0; actions && i < actions->count; i++) {
        if (actions->list[i].kind == ACTION_CHDIR || actions->list[i].kind == ACTION_FCHDIR) {
            return true;
        }
    }
    return false;
}

int spawn(struct spawn *what, pid_t *pid) {
    uint64_t all = UINT64_MAX;
    unsigned long flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (what->pidfd ? CLONE_PIDFD : 0ul);
    long stack =
        RAW6(SYS_mmap, 0, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack < 0 && stack >= -4095) {
        return (int)-stack;
    }
    bool visit = moves(what->actions);
    if (visit) {
        process_visit(1);
    }
    RAW4(SYS_rt_sigprocmask, SIG_BLOCK, &all, &what->mask, 8);
    what->error = 0;
    char *end = (char *)stack + STACK;
    long child = raw_spawn(flags, end, what->pidfd, in_child, what);
    int error = child < 0 ? (int)-child : what->error;
    if (child > 0 && error) {
        RAW4(SYS_wait4, child, 0, 0, 0);
        if (what->pidfd) {
            RAW1(SYS_close, *what->pidfd);
        }
    }
    RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &what->mask, 0, 8);
    if (visit) {
        process_visit(-1);
    }
    RAW2(SYS_munmap, stack, STACK);
    if (error == 0 && pid) {
        *pid = (pid_t)child;
    }
    return error;
}
