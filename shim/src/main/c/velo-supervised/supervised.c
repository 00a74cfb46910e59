/*
 * velo-supervised SESSION KIND AT FLAGS PROGRAM ARGUMENT...: executes a program into which nothing can load
 * the preload library, as execveat(AT, PROGRAM, ARGUMENTs, environment, FLAGS), below a filter that hands its
 * system calls to the supervisor of the session. The preload library executes this in the place of the
 * program (preload/supervised.c), so the process is the program's already: but for the filter, nothing of it
 * may change. KIND: "static", or "set-id" for a program that would get rights beyond its caller's, which it
 * must not have, since the supervisor answers for it. A "c" behind AT: that descriptor ends here.
 *
 * Where the program cannot be executed the status is 126, or 127 where it is not there, and one line says
 * why.
 */
#include "../velo-shim/door.h"
#include "../velo-shim/supervise/channel.h"
#include "../velo-shim/supervise/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SESSION = 1, KIND, PLACE, FLAGS, PROGRAM, FIRST, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static void __attribute__((noreturn)) give_up(const char *program, const char *reason, const char *remedy) {
    dprintf(STDERR_FILENO, "velo: cannot execute %s: %s; %s\n", program, reason, remedy);
    _exit(EXIT_NOT_EXECUTABLE);
}

static void __attribute__((noreturn)) give_up_filter(const char *program, long error) {
    char reason[128];
    snprintf(reason, sizeof reason, "its system calls cannot be supervised (%s)", strerror((int)-error));
    give_up(program, reason,
            error == -EBUSY ? "run it outside of what supervises this process already"
                            : "run it with --isolate, or outside the run");
}

/* These descriptors end before the program begins: its own limit is not theirs. */
static bool raise_limit(struct rlimit *own) {
    return getrlimit(RLIMIT_NOFILE, own) == 0 &&
           setrlimit(RLIMIT_NOFILE, &(struct rlimit){own->rlim_max, own->rlim_max}) == 0;
}

static long call(long number, long a, long b, long c, long d, long e, long f) {
    const long result = syscall(number, a, b, c, d, e, f);
    return result == -1 ? -errno : result;
}

/* Who became another user comes to the supervisor's socket by the door. */
static long reach(const char *session, struct channel *channel) {
    static const struct kernel kernel = {call};
    char path[PATH_MAX];
    size_t covered;
    const int directory = open(session, O_PATH | O_DIRECTORY | O_CLOEXEC);
    long result = directory < 0 ? -errno : channel_open(channel, directory);
    if (directory >= 0) {
        close(directory);
    }
    if (result == -EACCES && snprintf(path, sizeof path, "%s/supervisor", session) < (int)sizeof path) {
        const long file = door_open(&kernel, session, path, &covered);
        result = file < 0 ? result : channel_open_itself(channel, (int)file);
        if (file >= 0) {
            close((int)file);
        }
    }
    return result;
}

static void be_supervised(const char *session, const char *program) {
    struct channel channel;
    struct rlimit own;
    const bool raised = raise_limit(&own);
    long result = reach(session, &channel);
    if (result < 0) {
        give_up_filter(program, result);
    }
    const long listener = filter_install();
    if (listener < 0) {
        give_up_filter(program, listener);
    }
    result = channel_hand_over(&channel, (int)listener);
    if (raised) {
        setrlimit(RLIMIT_NOFILE, &own);
    }
    if (result < 0) {
        give_up_filter(program, result);
    }
}

int main(int argc, char **argv) {
    extern char **environ;
    if (argc < FIRST) {
        give_up("what was named", "velo-supervised takes more arguments", "start it through velo run");
    }
    const char *program = argv[PROGRAM][0] != '\0' ? argv[PROGRAM] : "the program of a descriptor";
    if (strcmp(argv[KIND], "set-id") == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        give_up(program, strerror(errno), "run it outside the run");
    }
    char *end;
    const int at = (int)strtol(argv[PLACE], &end, 10);
    if (*end == 'c') {
        fcntl(at, F_SETFD, FD_CLOEXEC);
    }
    be_supervised(argv[SESSION], program);
    const int flags = atoi(argv[FLAGS]);
    if (at == AT_FDCWD && flags == 0) {
        execve(argv[PROGRAM], argv + FIRST, environ);
    } else {
        syscall(SYS_execveat, at, argv[PROGRAM], argv + FIRST, environ, flags);
    }
    const int status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
    dprintf(STDERR_FILENO, "velo: cannot execute %s: %s; name a program that can be executed\n", program,
            strerror(errno));
    return status;
}
