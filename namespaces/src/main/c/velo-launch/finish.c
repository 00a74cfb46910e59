#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void child_defaults(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Handed on as a descriptor: the memory has no name out here. */
static char **with_upper(const struct plan *plan, int memory) {
    enum { UPPER_DESCRIPTOR = 3 };
    static char argument[] = "--upper=/proc/self/fd/3/upper";
    char **command = calloc(plan->finish.count + 2, sizeof *command);
    if (command == NULL || dup2(memory, UPPER_DESCRIPTOR) < 0) {
        fail_errno("free some memory", "cannot hand on the upper layer");
    }
    memcpy(command, plan->finish.items, plan->finish.count * sizeof *command);
    command[plan->finish.count] = argument;
    return command;
}

bool run_finish(const struct plan *plan, int memory) {
    if (plan->finish.count == 0) {
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        char **command = plan->finish.items;
        at_failure = NULL;
        child_defaults();
        if (memory >= 0) {
            command = with_upper(plan, memory);
        }
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        char *const environment[] = {path, NULL};
        if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0) {
            execve(command[0], command, environment);
        }
        fail_errno("check the installation of velo", "cannot start %s", plan->finish.items[0]);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    if (child > 0 && WIFSIGNALED(status)) {
        message(
            "cannot capture the changes of the run: signal %d ended velo finish; free some memory and run "
            "it again",
            WTERMSIG(status));
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
