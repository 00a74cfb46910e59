#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void __attribute__((noreturn)) execute(const struct plan *plan) {
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *const environment[] = {path, NULL};
    sigset_t nothing;
    at_failure = NULL;
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0) {
        execve(plan->finish.items[0], plan->finish.items, environment);
    }
    fail_errno("check the installation of velo", "cannot start %s", plan->finish.items[0]);
}

bool run_finish(const struct plan *plan) {
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        execute(plan);
    }
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
