#include "supervise_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Until it is killed. */
static bool works(void) {
    for (;;) {
        if (!answers()) {
            return false;
        }
        int fd = open(TREE "/dir", O_PATH);
        close(fd);
        pid_t child = fork();
        if (child == 0) {
            execute_script(open("/dev/null", O_WRONLY));
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
}

bool killed(unsigned rounds) {
    bool all = true;
    for (unsigned i = 0; i < rounds; i++) {
        pid_t child = start(i % 8 == 7 ? waits_for_ever : works);
        usleep(1000 + (unsigned)rand() % 8000);
        if (i % 3 == 0) {
            kill(child, SIGSTOP);
            usleep(500);
            kill(child, SIGCONT);
        }
        kill(child, SIGKILL);
        int status = wait_for(child, 10);
        bool is = status >= 0 && (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        if (!is) {
            printf("supervise: killed process %u ended with %x\n", i, (unsigned)status);
        }
        all = all && is;
    }
    printf("supervise: %u killed at any moment %s\n", rounds, all ? "ok" : "FAILED");
    return all;
}
