#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool is_of(const char *assignment, const char *name) {
    const size_t length = strlen(name);
    return strncmp(assignment, name, length) == 0 && assignment[length] == '=';
}

static char *assignment(const char *name, const char *first, const char *second) {
    char *text = NULL;
    if (asprintf(&text, "%s=%s%s%s", name, first, second[0] == '\0' || first[0] == '\0' ? "" : ":", second) <
        0) {
        fail_errno("free some memory", "cannot make the environment of the program");
    }
    return text;
}

static bool names(const char *list, const char *library) {
    const size_t own = strlen(library);
    while (*list != '\0') {
        const size_t length = strcspn(list, ": ");
        if (length == own && memcmp(list, library, own) == 0) {
            return true;
        }
        list += length + (list[length] != '\0' ? 1 : 0);
    }
    return false;
}

/* The caller's own libraries come first, as he had them: some refuse to come later. */
static char **environment_of(const struct plan *plan) {
    static const char preload[] = "LD_PRELOAD";
    static const char session[] = "VELO_SHIM_SESSION";
    const char *before = "";
    char **made = calloc(plan->environment.count + 3, sizeof *made);
    size_t count = 0;
    if (made == NULL) {
        fail_errno("free some memory", "cannot make the environment of the program");
    }
    for (size_t i = 0; i < plan->environment.count; i++) {
        char *each = plan->environment.items[i];
        if (is_of(each, preload)) {
            before = each + sizeof preload;
        } else if (!is_of(each, session)) {
            made[count++] = each;
        }
    }
    made[count++] = assignment(preload, before, names(before, plan->library) ? "" : plan->library);
    made[count++] = assignment(session, plan->directory, "");
    return made;
}

static void set_descriptor_limit(const struct plan *plan) {
    struct rlimit files;
    if (plan->descriptor_limit != 0 && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = plan->descriptor_limit < files.rlim_max ? plan->descriptor_limit : files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void supervise_self(const struct run *run, int tell) {
    const long result = supervision_enter(run);
    if (result < 0) {
        dprintf(
            tell, "%c%s%c%s%c%s", EXIT_LAUNCH, "cannot supervise the program", 0, strerror((int)-result), 0,
            result == -EBUSY ? "run it outside of what supervises this process already, or leave out --strict"
                             : "use Linux 5.19 or newer with seccomp(2) allowed, or leave out --strict");
        _exit(EXIT_LAUNCH);
    }
}

/* In the child. */
static void __attribute__((noreturn))
enter(const struct run *run, char **environment, int tell, bool children_ignored, pid_t parent) {
    static char name[] = "velo-enter";
    const struct plan *plan = run->plan;
    static char none[] = "";
    char number[16];
    char **arguments = calloc(plan->arguments.count + 5, sizeof *arguments);
    sigset_t nothing;
    /* Its tree ends with this process's parent, however that ends. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent || arguments == NULL) {
        _exit(EXIT_LAUNCH);
    }
    snprintf(number, sizeof number, "%d", tell);
    char *workdir = plan->workdir == NULL ? none : strdup(plan->workdir);
    char *library = strdup(plan->library);
    memcpy(arguments, (char *[]){name, number, library, workdir}, 4 * sizeof *arguments);
    memcpy(arguments + 4, plan->arguments.items, plan->arguments.count * sizeof *arguments);
    set_descriptor_limit(plan);
    if (children_ignored) {
        signal(SIGCHLD, SIG_IGN);
    }
    if (plan->strict != 0) {
        supervise_self(run, tell);
    }
    fcntl(tell, F_SETFD, 0);
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    execve(plan->enter, arguments, environment);
    dprintf(tell, "%c%s %s%c%s%c%s", EXIT_LAUNCH, "cannot execute", plan->enter, 0, strerror(errno), 0,
            errno == E2BIG ? "pass fewer or shorter arguments or variables"
                           : "install velo again, all of its directories");
    _exit(EXIT_LAUNCH);
}

void start_payload(struct run *run) {
    int pair[2];
    struct sigaction before;
    char **environment = environment_of(run->plan);
    const pid_t self = getpid();
    /* Whose children are ignored cannot wait for them. */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &before);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || pipe2(pair, O_CLOEXEC) != 0) {
        fail_errno("see ulimit -n", "cannot start the program");
    }
    run->began_ns = now_ns();
    run->payload = fork();
    if (run->payload < 0) {
        fail_errno("end some processes", "cannot start the program");
    }
    if (run->payload == 0) {
        enter(run, environment, pair[1], before.sa_handler == SIG_IGN, self);
    }
    close(pair[1]);
    run->told = pair[0];
}

/* A status, and three texts with a NUL between them. */
void hear_from_start(struct run *run) {
    char text[4096];
    size_t length = 0;
    fcntl(run->told, F_SETFL, O_NONBLOCK);
    while (length < sizeof text - 3) {
        const ssize_t got = read(run->told, text + length, sizeof text - 3 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    close(run->told);
    run->executed = length == 0;
    if (length == 0) {
        return;
    }
    memset(text + length, 0, 3);
    run->start_status = (unsigned char)text[0];
    const char *what = text + 1;
    const char *reason = what + strlen(what) + 1;
    const char *remedy = reason + strlen(reason) + (reason < text + length ? 1 : 0);
    stage = "exec";
    note_failure(what, reason, 0, remedy);
    message("%s: %s; %s", what, reason, remedy);
}
