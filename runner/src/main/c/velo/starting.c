#include "client.h"
#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { START_MS = 5000, AGAIN_MS = 5, LOCK_DESCRIPTOR = 3 };

/*
 * One lock from the start to the end of a resident process: the client that gets it hands it on to the
 * process that it starts, which holds it for as long as it lives. So there is never a moment in which another
 * could start a second one, and the lock of a process that was killed is free at once.
 */
static int open_lock(const struct place *place) {
    char name[NAME_ROOM];
    suffixed(name, place, "lock");
    return openat(place->directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static char **reduced(const struct caller *caller) {
    static const char *const kept[] = {"PATH",
                                       "HOME",
                                       "JAVA_HOME",
                                       "VR_THE_SOURCE",
                                       "XDG_DATA_HOME",
                                       "XDG_CONFIG_HOME",
                                       "XDG_RUNTIME_DIR",
                                       "VRIFT_DEBUG"};
    enum { KEPT = sizeof kept / sizeof *kept };
    static char *environment[KEPT + 1];
    size_t count = 0;
    for (char **at = caller->environment; *at != NULL && count < KEPT; at++) {
        for (size_t i = 0; i < KEPT; i++) {
            const size_t length = strlen(kept[i]);
            if (strncmp(*at, kept[i], length) == 0 && (*at)[length] == '=') {
                environment[count++] = *at;
                break;
            }
        }
    }
    return environment;
}

static void all_default(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What it prints goes to a log beside the socket, which the next one begins anew. */
static void __attribute__((noreturn))
serve(const struct place *place, const struct caller *caller, int lock) {
    char name[NAME_ROOM];
    char socket_name[NAME_ROOM];
    char program[PATH_MAX + 32];
    suffixed(name, place, "log");
    suffixed(socket_name, place, "sock");
    snprintf(program, sizeof program, "%s/libexec/velo-jvm", caller->home);
    const char *const words[] = {
        program,       "daemon",   "serve",     "--directory",
        place->path,   "--socket", socket_name, caller->store[0] != '\0' ? "--store" : NULL,
        caller->store, NULL};
    char *arguments[sizeof words / sizeof *words];
    memcpy(arguments, words, sizeof words);
    int log = openat(place->directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                     0600);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* The lock may have the number that another one is copied to. */
    int held = fcntl(lock, F_DUPFD_CLOEXEC, LOCK_DESCRIPTOR + 1);
    if (log < 0 || null < 0 || held < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0 || dup2(held, LOCK_DESCRIPTOR) < 0) {
        fail_errno("free some space", "cannot open the log %s/%s", place->path, name);
    }
    k_close_range(LOCK_DESCRIPTOR + 1, ~0U);
    all_default();
    if (chdir("/") != 0) {
        fail_errno("check the host", "cannot enter /");
    }
    execve(program, arguments, reduced(caller));
    fail_errno("install velo again, all of its directories", "cannot execute %s", program);
}

/* By a child that ends at once: nobody has to wait for the process, which has a session of its own. */
static bool spawn(const struct place *place, const struct caller *caller, int lock) {
    pid_t child = fork();
    if (child == 0) {
        if (setsid() < 0) {
            _exit(1);
        }
        pid_t process = fork();
        if (process == 0) {
            serve(place, caller, lock);
        }
        _exit(process < 0 ? 1 : 0);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return errno == ECHILD; /* whoever ignores SIGCHLD is not told */
        }
    }
    return child > 0 && status == 0;
}

static bool is_free(int lock) {
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return false;
    }
    flock(lock, LOCK_UN);
    return true;
}

/* Who has waited starts none: a process that cannot start would be started by everybody in turn. */
static int await(const struct place *place) {
    int lock = open_lock(place);
    int connection = NOBODY;
    for (int waited = 0; connection == NOBODY && waited < START_MS; waited += AGAIN_MS) {
        bool ended = lock >= 0 && is_free(lock);
        connection = call_resident(place);
        if (connection == NOBODY && ended) {
            break;
        }
        if (connection == NOBODY) {
            poll(NULL, 0, AGAIN_MS);
        }
    }
    if (lock >= 0) {
        close(lock);
    }
    if (connection == NOBODY) {
        step_aside("velo works without it", "it did not start; its log is %s/%.16s.log", place->path,
                   place->name);
        return UNUSABLE;
    }
    return connection;
}

/* A process that makes room gives up its socket a moment before its lock. */
static bool take(int lock) {
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    poll(NULL, 0, AGAIN_MS);
    return flock(lock, LOCK_EX | LOCK_NB) == 0;
}

int start_resident(const struct place *place, const struct caller *caller, const struct bytes *identity) {
    char name[NAME_ROOM];
    int lock = open_lock(place);
    if (lock < 0) {
        step_aside("free some space", "cannot make its lock in %s: %s", place->path, strerror(errno));
        return UNUSABLE;
    }
    if (take(lock)) {
        suffixed(name, place, "sock");
        /* Left behind by a process that was killed. What it will be asked to be like stands in the lock. */
        if ((unlinkat(place->directory, name, 0) != 0 && errno != ENOENT) || ftruncate(lock, 0) != 0 ||
            pwrite(lock, identity->at, identity->length, 0) != (ssize_t)identity->length ||
            !spawn(place, caller, lock)) {
            step_aside("free some space and memory", "cannot start it: %s", strerror(errno));
            close(lock);
            return UNUSABLE;
        }
    }
    close(lock);
    return await(place);
}
