#include "client.h"
#include "early.h"
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

static bool is_about_it(const struct caller *caller) {
    return is_daemon(caller, "start") || is_daemon(caller, "stop") || is_daemon(caller, "status");
}

/* Names that mean another file in another process. Where they stand behind links, the resident process finds
 * nothing there, or what is its own. */
static bool is_own(const char *text) {
    static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr",
                                        "/dev/fd/",   "/proc/self",  "/proc/thread-self"};
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof *names; i++) {
        if (strstr(text, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool names_own_files(const struct caller *caller) {
    for (char **at = caller->arguments; *at != NULL && strcmp(*at, "--") != 0; at++) {
        if (is_own(*at)) {
            return true;
        }
    }
    return is_own(variable(caller, "VR_THE_SOURCE"));
}

/* An id that is mapped nowhere reads as UNMAPPED_ID, so nothing can be proven to whoever has that. */
static bool wants_resident(const struct caller *caller) {
    const char *wanted = variable(caller, "VELO_DAEMON");
    const bool refused = !is_about_it(caller) && wanted != NULL && strcmp(wanted, "0") == 0;
    return !refused && caller->arguments[0] != NULL && geteuid() != UNMAPPED_ID &&
           !is_option(caller, "--no-daemon") && !is_daemon(caller, "serve") && !names_own_files(caller);
}

/* Only what is worth a process that stays. */
static bool may_start(const struct caller *caller) {
    return is_run(caller) || is_daemon(caller, "start");
}

/* One command, and all that is known of who gave it. */
struct command {
    char **arguments; /* with the program's name */
    struct caller *caller;
    struct bytes identity;
    struct place place;
};

/* The launcher opens what the plan names, as many as that are; the payload's own limit stands in the plan. */
static void raise_descriptor_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* This process, the supervisor's or an init's, belongs to the sandbox from now on. */
static void become_part(void *with) {
    struct command *command = with;
    raise_descriptor_limit();
    become_launcher(command->arguments, command->caller->environment);
    forget(&command->identity);
    forget_caller(command->caller);
    explicit_bzero(command->place.path, strlen(command->place.path));
}

static bool names(const struct caller *caller, const char *option) {
    const size_t length = strlen(option);
    for (char **at = caller->arguments; *at != NULL && strcmp(*at, "--") != 0; at++) {
        if (strncmp(*at, option, length) == 0 && ((*at)[length] == '\0' || (*at)[length] == '=')) {
            return true;
        }
    }
    return false;
}

/*
 * Only a guess, and nothing but time depends on it: whether there will be a plan, and one that a sandbox fits
 * which was begun without it. Whoever has rights that init will not have may be able to enter a store that
 * init cannot.
 */
static bool is_ordinary(const struct caller *caller) {
    static const char *const others[] = {"--net",  "-t",     "--tty",       "--memory",
                                         "--pids", "--cpus", "--max-output"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (names(caller, others[i])) {
            return false;
        }
    }
    return is_run(caller) && names(caller, "--isolate") && caller->uid != 0 && caller->capabilities == 0;
}

static void begin_sandbox(struct command *command) {
    if (is_ordinary(command->caller)) {
        early_begin(become_part, command);
    }
}

static enum verdict ask(struct command *command, struct answer *answer) {
    const struct caller *caller = command->caller;
    struct bytes request = {0};
    enum verdict verdict = VERDICT_COLD;
    /* Before the resident process is woken: the kernel likes to run that where this one runs. */
    begin_sandbox(command);
    int connection = call_resident(&command->place);
    if (connection == NOBODY && may_start(caller)) {
        connection = start_resident(&command->place, caller, &command->identity);
    }
    if (connection < 0) {
        early_discard();
        return VERDICT_COLD;
    }
    put_hello(&request, caller, &command->identity);
    put_request(&request, caller);
    if (request.failed) {
        step_aside("velo works without it", "the command is too long for it");
    } else {
        verdict = converse(connection, &request, caller, &usual_patience, answer);
    }
    if (verdict != VERDICT_PLAN) {
        early_discard();
    }
    forget(&request);
    close(connection);
    return verdict;
}

static void __attribute__((noreturn)) run(struct answer *answer, struct command *command) {
    if (answer->plan == NULL) {
        become_session(answer, command->caller);
    }
    if (answer->lease != LEASE_DESCRIPTOR && dup2(answer->lease, LEASE_DESCRIPTOR) < 0) {
        fail_errno("see ulimit -n", "cannot keep the lock of the run");
    }
    early_offer(answer->sent.at, answer->sent.length);
    forget(&answer->sent);
    become_part(command);
    supervise(answer->plan);
}

/* Returns where Java has to do it. */
static void use_resident(struct command *command) {
    struct caller *caller = command->caller;
    struct answer answer;
    if (!look_around(caller)) {
        return;
    }
    put_identity(&command->identity, caller);
    if (command->identity.failed ||
        !find_place(&command->place, caller, hash(command->identity.at, command->identity.length))) {
        forget(&command->identity);
        return;
    }
    enum verdict verdict = ask(command, &answer);
    if (verdict == VERDICT_OTHER) {
        /* It has given its place away. */
        verdict = ask(command, &answer);
    }
    close(command->place.directory);
    if (verdict == VERDICT_EXIT) {
        _exit(answer.status);
    }
    if (verdict == VERDICT_PLAN) {
        run(&answer, command);
    }
    forget(&command->identity);
}

int main(int argc, char **argv, char **environment) {
    static char *none[] = {NULL};
    static struct caller caller;
    static struct command command = {.caller = &caller};
    caller.arguments = argc > 1 ? argv + 1 : none;
    caller.environment = environment;
    caller.build = BUILD;
    if (getauxval(AT_SECURE) != 0 || geteuid() != getuid()) {
        fail(failure(&caller), "remove its set-user-id bit", "cannot start: velo must not be set-user-id");
    }
    open_streams(&caller);
    find_home(&caller);
    refuse_in_tree(&caller, failure(&caller));
    if (wants_resident(&caller)) {
        caller.mask = umask(077);
        command.arguments = argv;
        use_resident(&command);
        umask(caller.mask);
    }
    if (is_run(&caller) && !wants_sandbox(&caller)) {
        name_descriptors(&caller);
    }
    start_java(&caller, argv);
}
