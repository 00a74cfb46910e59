#include "client.h"
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.inc"

enum { LEASE_DESCRIPTOR = 3, UNMAPPED_ID = 65534 };

static int failure(const struct caller *caller) {
    return is_run(caller) ? EXIT_LAUNCH : 1;
}

/* A closed standard descriptor would be taken by the first file that is opened, and the program would inherit
 * that. */
static void open_streams(const struct caller *caller) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd) {
            fail(failure(caller), "open it yourself", "cannot start: standard descriptor %d is closed: %s",
                 fd, strerror(errno));
        }
    }
}

static void find_home(struct caller *caller) {
    ssize_t length = readlink("/proc/self/exe", caller->home, sizeof caller->home - 1);
    caller->home[length < 0 ? 0 : length] = '\0';
    if (length < 0) {
        const char *executed = (const char *)getauxval(AT_EXECFN);
        if (executed == NULL || realpath(executed, caller->home) == NULL) {
            fail(failure(caller), "mount a procfs on /proc",
                 "cannot start: nothing tells where velo is installed");
        }
    }
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(caller->home, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
}

static void __attribute__((noreturn)) start_java(struct caller *caller, char **arguments) {
    char program[PATH_MAX + 32];
    snprintf(program, sizeof program, "%s/libexec/velo-jvm", caller->home);
    execve(program, arguments, caller->environment);
    fail(failure(caller),
         errno == E2BIG ? "pass fewer or shorter arguments" : "install velo again, all of its directories",
         "cannot start %s: %s", program, strerror(errno));
}

static bool is_option(const struct caller *caller, const char *option) {
    for (char **at = caller->arguments; *at != NULL && strcmp(*at, "--") != 0; at++) {
        if (strcmp(*at, option) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_daemon(const struct caller *caller, const char *what) {
    return caller->arguments[0] != NULL && caller->arguments[1] != NULL &&
           strcmp(caller->arguments[0], "daemon") == 0 && strcmp(caller->arguments[1], what) == 0;
}

/* An id that is mapped nowhere reads as UNMAPPED_ID, so nothing can be proven to whoever has that. */
static bool wants_resident(const struct caller *caller) {
    const char *wanted = variable(caller, "VELO_DAEMON");
    return wanted != NULL && strcmp(wanted, "1") == 0 && caller->arguments[0] != NULL &&
           geteuid() != UNMAPPED_ID && !is_option(caller, "--no-daemon") && !is_daemon(caller, "serve");
}

/* Only what is worth a process that stays. */
static bool may_start(const struct caller *caller) {
    return is_run(caller) || is_daemon(caller, "start");
}

static enum verdict ask(const struct place *place, const struct caller *caller, const struct bytes *identity,
                        struct answer *answer, bool start) {
    struct bytes request = {0};
    enum verdict verdict = VERDICT_COLD;
    int connection = call_resident(place);
    if (connection == NOBODY && start) {
        connection = start_resident(place, caller, identity);
    }
    if (connection < 0) {
        return VERDICT_COLD;
    }
    put_hello(&request, caller, identity);
    put_request(&request, caller);
    if (request.failed) {
        step_aside("velo works without it", "the command is too long for it");
    } else {
        verdict = converse(connection, &request, caller, &usual_patience, answer);
    }
    forget(&request);
    close(connection);
    return verdict;
}

/* The launcher opens what the plan names, as many as that are; the payload's own limit stands in the plan. */
static void raise_descriptor_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void __attribute__((noreturn))
run(const struct answer *answer, char **arguments, struct caller *caller) {
    if (answer->lease != LEASE_DESCRIPTOR && dup2(answer->lease, LEASE_DESCRIPTOR) < 0) {
        fail_errno("see ulimit -n", "cannot keep the lock of the run");
    }
    raise_descriptor_limit();
    become_launcher(arguments, caller->environment);
    explicit_bzero(caller, sizeof *caller);
    supervise(answer->plan);
}

/* Returns where Java has to do it. */
static void use_resident(struct caller *caller, char **arguments) {
    struct bytes identity = {0};
    struct place place;
    struct answer answer;
    if (!look_around(caller)) {
        return;
    }
    put_identity(&identity, caller);
    if (identity.failed || !find_place(&place, caller, hash(identity.at, identity.length))) {
        forget(&identity);
        return;
    }
    enum verdict verdict = ask(&place, caller, &identity, &answer, may_start(caller));
    if (verdict == VERDICT_OTHER) {
        /* It has given its place away. */
        verdict = ask(&place, caller, &identity, &answer, may_start(caller));
    }
    forget(&identity);
    close(place.directory);
    explicit_bzero(&place, sizeof place);
    if (verdict == VERDICT_EXIT) {
        _exit(answer.status);
    }
    if (verdict == VERDICT_PLAN) {
        run(&answer, arguments, caller);
    }
}

int main(int argc, char **argv, char **environment) {
    static char *none[] = {NULL};
    static struct caller caller;
    caller.arguments = argc > 1 ? argv + 1 : none;
    caller.environment = environment;
    caller.build = BUILD;
    if (getauxval(AT_SECURE) != 0 || geteuid() != getuid()) {
        fail(failure(&caller), "remove its set-user-id bit", "cannot start: velo must not be set-user-id");
    }
    open_streams(&caller);
    find_home(&caller);
    if (wants_resident(&caller)) {
        caller.mask = umask(077);
        use_resident(&caller, argv);
        umask(caller.mask);
    }
    start_java(&caller, argv);
}
