#include "spawn.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <wchar.h>

extern char **environ;

static int run_shell(const char *command, const struct actions *actions, const posix_spawnattr_t *attributes,
                     pid_t *pid) {
    char shell[] = "sh", option[] = "-c", end[] = "--";
    char *argv[] = {shell, option, end, (char *)(uintptr_t)command, NULL};
    struct spawn what = {
        .file = "/bin/sh", .actions = actions, .attributes = attributes, .argv = argv, .envp = environ};
    return spawn(&what, pid);
}

static long wait_for(pid_t pid, int *status) {
    long result;
    do {
        result = RAW4(SYS_wait4, pid, status, 0, 0);
    } while (result == -EINTR);
    return result;
}

/* SIGINT and SIGQUIT of several callers at a time: the first one ignores them, the last one restores them. */
static int lock, callers;
static struct sigaction before_interrupt, before_quit;

static void ignore_keys(int change) {
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
        RAW0(SYS_sched_yield);
    }
    if (change > 0 && callers++ == 0) {
        sigaction(SIGINT, &ignore, &before_interrupt);
        sigaction(SIGQUIT, &ignore, &before_quit);
    } else if (change < 0 && --callers == 0) {
        sigaction(SIGINT, &before_interrupt, NULL);
        sigaction(SIGQUIT, &before_quit, NULL);
    }
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static int run_and_wait(const char *command) {
    posix_spawnattr_t attributes;
    sigset_t child, mask, restored;
    pid_t pid;
    int status = -1;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    ignore_keys(1);
    sigprocmask(SIG_BLOCK, &child, &mask);
    posix_spawnattr_init(&attributes);
    sigemptyset(&restored);
    if (before_interrupt.sa_handler != SIG_IGN) {
        sigaddset(&restored, SIGINT);
    }
    if (before_quit.sa_handler != SIG_IGN) {
        sigaddset(&restored, SIGQUIT);
    }
    posix_spawnattr_setsigdefault(&attributes, &restored);
    posix_spawnattr_setsigmask(&attributes, &mask);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    int error = run_shell(command, NULL, &attributes, &pid);
    long result = error ? -error : wait_for(pid, &status);
    posix_spawnattr_destroy(&attributes);
    ignore_keys(-1);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    /* No shell: as if it had ended with 127. */
    if (error) {
        return W_EXITCODE(127, 0);
    }
    return told(result) < 0 ? -1 : status;
}

HOOK(int, system, (const char *command)) {
    return command ? run_and_wait(command) : run_and_wait("exit 0") == 0;
}

/* ---- Pipes to commands. ---- */

struct pipe {
    FILE *stream;
    pid_t pid;
    struct pipe *next;
};

static struct pipe *pipes;
static int pipes_lock;

static void lock_pipes(void) {
    while (__atomic_exchange_n(&pipes_lock, 1, __ATOMIC_ACQUIRE)) {
        RAW0(SYS_sched_yield);
    }
}

static void unlock_pipes(void) {
    __atomic_store_n(&pipes_lock, 0, __ATOMIC_RELEASE);
}

/* The command has its end as standard input or output, and no end of an earlier one. */
static int run_with_pipe(const char *command, int theirs, int number, pid_t *pid) {
    size_t count = 1;
    for (struct pipe *other = pipes; other; other = other->next) {
        count++;
    }
    struct action *list = malloc(count * sizeof *list);
    if (!list) {
        return ENOMEM;
    }
    struct actions actions = {.list = list};
    for (struct pipe *other = pipes; other; other = other->next) {
        if (fileno(other->stream) != number) {
            list[actions.count++] = (struct action){.kind = ACTION_CLOSE, .fd = fileno(other->stream)};
        }
    }
    list[actions.count++] = (struct action){.kind = ACTION_COPY, .fd = theirs, .to = number};
    int error = run_shell(command, &actions, NULL, pid);
    free(list);
    return error;
}

static FILE *failed(int ours, int theirs, struct pipe *entry, int error) {
    if (ours >= 0) {
        RAW1(SYS_close, ours);
    }
    RAW1(SYS_close, theirs);
    free(entry);
    errno = error;
    return NULL;
}

HOOK(FILE *, popen, (const char *command, const char *mode)) {
    bool reads = strchr(mode, 'r') != NULL, kept = strchr(mode, 'e') != NULL;
    int ends[2];
    if (reads == (strchr(mode, 'w') != NULL)) {
        errno = EINVAL;
        return NULL;
    }
    if (told(RAW2(SYS_pipe2, ends, O_CLOEXEC)) < 0) {
        return NULL;
    }
    int ours = ends[reads ? 0 : 1], theirs = ends[reads ? 1 : 0];
    struct pipe *entry = malloc(sizeof *entry);
    if (!entry) {
        return failed(ours, theirs, NULL, ENOMEM);
    }
    entry->stream = fdopen(ours, reads ? "r" : "w");
    if (!entry->stream) {
        return failed(ours, theirs, entry, errno);
    }
    lock_pipes();
    int error = run_with_pipe(command, theirs, reads ? 1 : 0, &entry->pid);
    if (error == 0) {
        entry->next = pipes;
        pipes = entry;
    }
    unlock_pipes();
    if (error) {
        fclose(entry->stream);
        return failed(-1, theirs, entry, error);
    }
    RAW1(SYS_close, theirs);
    if (!libc_is_musl()) {
        fwide(entry->stream, -1);
    }
    if (!kept) {
        RAW3(SYS_fcntl, ours, F_SETFD, 0);
    }
    return entry->stream;
}

HOOK(int, pclose, (FILE * stream)) {
    struct pipe *found = NULL;
    int status = -1;
    lock_pipes();
    for (struct pipe **at = &pipes; *at; at = &(*at)->next) {
        if ((*at)->stream == stream) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    unlock_pipes();
    if (!found) {
        int (*other)(FILE *) = (int (*)(FILE *))hidden_function(HIDDEN_pclose);
        return other(stream);
    }
    pid_t pid = found->pid;
    free(found);
    fclose(stream);
    return told(wait_for(pid, &status)) < 0 ? -1 : status;
}
