/*
 * Acts that a sandbox must not allow, each in a child of its own: prints "<name> <outcome>" a line, where the
 * outcome is "works", the name of an errno, or the signal that ended the child, with "+core" where its memory
 * was dumped. With the argument "calls" it makes every call of syscalls.table with arguments that mean
 * nothing, which an unfiltered kernel refuses for that reason. With the name of a resource it takes as much
 * of that as it gets and holds it until standard input ends.
 */
#include "act.h"
#include "modes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

long opens(const char *path, int flags) {
    return open(path, flags | O_CLOEXEC) < 0 ? -1 : 0;
}

long reads(const char *path) {
    char byte;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t got = read(fd, &byte, 1);
    if (got == 0) {
        errno = ENODATA;
    }
    return got == 1 ? 0 : -1;
}

long writes(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

long ended_with_success(int status) {
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static const struct act *const all[] = {namespace_acts, process_acts, call_acts,
                                        network_acts,   kernel_acts,  file_acts};

static const struct {
    const char *name;
    long number;
} calls[] = {
#define DENY(name, liftable) {#name, SYS_##name},
#include "syscalls.inc"
#undef DENY
};

static void outcome(const char *name, int status) {
    if (WIFSIGNALED(status)) {
        printf("%s SIG%s%s\n", name, sigabbrev_np(WTERMSIG(status)), WCOREDUMP(status) ? "+core" : "");
    } else {
        const char *error = strerrorname_np(WEXITSTATUS(status));
        printf("%s %s\n", name, WEXITSTATUS(status) == 0 || error == NULL ? "works" : error);
    }
    fflush(stdout);
}

static void in_child(const char *name, const struct act *act, long number) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        alarm(10);
        errno = 0;
        long result = act != NULL ? act->act() : syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
        _exit(result >= 0 && act == NULL ? 0 : result == 0 ? 0 : errno);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    outcome(name, status);
}

static int take_inotify(void) {
    return inotify_init1(IN_CLOEXEC);
}
static int take_descriptor(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int take_all(int (*take)(void)) {
    int count = 0;
    while (count < 100000 && take() >= 0) {
        count++;
    }
    printf("%d %s\n", count, strerrorname_np(errno));
    fflush(stdout);
    char byte;
    return read(0, &byte, 1) < 0;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "calls") == 0) {
        for (size_t i = 0; i < LENGTH(calls); i++) {
            in_child(calls[i].name, NULL, calls[i].number);
        }
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "inotify") == 0) {
        return take_all(take_inotify);
    }
    if (argc > 1 && strcmp(argv[1], "descriptors") == 0) {
        const struct rlimit few = {4096, 4096};
        return argc > 2 && setrlimit(RLIMIT_NOFILE, &few) != 0 ? 1 : take_all(take_descriptor);
    }
    if (argc > 2 && strcmp(argv[1], "reach") == 0) {
        return reach(argv + 2);
    }
    if (argc > 2 && strcmp(argv[1], "listen") == 0) {
        return listen_abstract(argv[2]);
    }
    if (argc > 3 && strcmp(argv[1], "flip") == 0) {
        return flip(argv[2], argv[3]);
    }
    if (argc > 3 && strcmp(argv[1], "with") == 0) {
        return with_directory(argv[2], argv + 3);
    }
    if (getpid() == 1) {
        /* As an init that waits for signals by signalfd(2). */
        sigset_t blocked;
        sigfillset(&blocked);
        sigdelset(&blocked, SIGALRM);
        sigprocmask(SIG_SETMASK, &blocked, NULL);
    }
    for (size_t theme = 0; theme < LENGTH(all); theme++) {
        for (const struct act *act = all[theme]; act->name != NULL; act++) {
            in_child(act->name, act, 0);
        }
    }
    return 0;
}
