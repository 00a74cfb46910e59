#include "supervise_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
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

static volatile unsigned *progress;

static bool counts(void) {
    for (;;) {
        CHECK(chdir(TREE "/dir") == 0 && chdir("/") == 0);
        ++*progress;
    }
}

static bool goes_on(void) {
    const unsigned before = *progress;
    for (int i = 0; i < 2000 && *progress == before; i++) {
        usleep(1000);
    }
    return *progress != before;
}

bool stopped(unsigned rounds) {
    progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const pid_t child = start(counts);
    bool all = goes_on();
    for (unsigned i = 0; i < rounds && all; i++) {
        kill(child, SIGSTOP);
        for (volatile int wait = rand() % 20000; wait > 0; wait--) {
        }
        kill(child, SIGCONT);
        all = goes_on();
    }
    kill(child, SIGSTOP);
    usleep(50000);
    const unsigned before = *progress;
    usleep(50000);
    const bool stands = *progress == before;
    kill(child, SIGKILL);
    wait_for(child, 10);
    printf("supervise: stopped and going on %u times %s\n", rounds, all && stands ? "ok" : "FAILED");
    return all && stands;
}
