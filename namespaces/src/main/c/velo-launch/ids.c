#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER = 24 };

static char *const no_environment[] = {NULL};

/* newuidmap(1): the caller's own id becomes root of the namespace, and the lent ones stay the numbers that
 * they are: so a file shows one owner inside and outside. */
static int run_map(const char *program, pid_t target, unsigned own, const char *first, const char *count) {
    char process[NUMBER];
    char self[NUMBER];
    int status = 0;
    snprintf(process, sizeof process, "%d", (int)target);
    snprintf(self, sizeof self, "%u", own);
    char *const command[] = {strdup(program), process,       strdup("0"),   self, strdup("1"),
                             strdup(first),   strdup(first), strdup(count), NULL};
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, STDERR_FILENO) < 0) {
            _exit(EXIT_LAUNCH);
        }
        execve(program, command, no_environment);
        _exit(errno == ENOENT ? 127 : 126);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

/* Outside of the namespace, where the set-user-id programs have their power. */
static void __attribute__((noreturn)) map(const struct lending *lending, pid_t target, int wait) {
    char go = 0;
    unsigned user = getuid();
    unsigned group = getgid();
    if (read(wait, &go, 1) != 1) {
        _exit(EXIT_LAUNCH); /* there is no namespace; its process has said why */
    }
    int status = run_map(lending->newuidmap, target, user, lending->first, lending->count);
    if (status == 0) {
        status = run_map(lending->newgidmap, target, group, lending->first, lending->count);
    }
    _exit(status);
}

static void __attribute__((noreturn)) give_up(const struct lending *lending, const char *attempt) {
    fail(lending->failure, "see velo doctor for what this host can do", "cannot %s: %s", attempt,
         strerror(errno));
}

void run_with_ids(const struct lending *lending, char **command) {
    static const char deny[] = "deny";
    int go[2];
    int status = 0;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (pipe2(go, O_CLOEXEC) != 0) {
        give_up(lending, "make a pipe");
    }
    pid_t self = getpid();
    pid_t mapper = fork();
    if (mapper == 0) {
        close(go[1]);
        map(lending, self, go[0]);
    }
    /* Mounts, too: only so may root in here cut a mount loose from its place, as a run's binds are. */
    if (mapper < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        give_up(lending, "make a user namespace for the ids that are lent to you");
    }
    /* newuidmap takes only its caller's own processes, and one that may not be dumped looks like root's. */
    if (prctl(PR_SET_DUMPABLE, 1) != 0) {
        give_up(lending, "open this process to newuidmap");
    }
    /* What the caller's groups keep from him they keep from whatever he starts. */
    int groups = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
    if (groups < 0 || write(groups, deny, sizeof deny - 1) != sizeof deny - 1 || close(groups) != 0) {
        give_up(lending, "write /proc/self/setgroups");
    }
    if (write(go[1], "g", 1) != 1) {
        give_up(lending, "start newuidmap");
    }
    while (waitpid(mapper, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail(lending->failure, "check /etc/subuid and /etc/subgid",
             "cannot use the ids that are lent to you: %s and %s refused them", lending->newuidmap,
             lending->newgidmap);
    }
    execv(command[0], command);
    give_up(lending, "start velo again with the ids that are lent to you");
}
