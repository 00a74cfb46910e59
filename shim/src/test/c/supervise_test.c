#include "supervise_test.h"

#include "supervision.h"

#include "supervise/filter.h"
#include "supervise/supervise.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int offers[2];

static int arrived(int arrivals, void *with) {
    (void)with;
    return receive_descriptor(arrivals);
}

static void *run(void *with) {
    long error = supervise(with);
    if (error != 0) {
        fprintf(stderr, "supervise: %s\n", strerror((int)-error));
        exit(1);
    }
    return NULL;
}

pid_t start(bool (*body)(void)) {
    pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        long listener = filter_install();
        need(listener >= 0, "seccomp");
        send_descriptor(offers[1], (int)listener);
        close((int)listener);
        _exit(body() ? 0 : 1);
    }
    return child;
}

/* Another thread of this process traces now and then: its stops are not for us (supervise.h). */
int wait_for(pid_t child, int seconds) {
    siginfo_t info = {0};
    for (int i = 0; i < seconds * 1000; i++) {
        need(waitid(P_PID, (id_t)child, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WNOTHREAD) == 0,
             "waitid");
        if (info.si_pid == child && info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
            int status;
            need(waitpid(child, &status, __WNOTHREAD) == child, "waitpid");
            return status;
        }
        info.si_pid = 0;
        usleep(1000);
    }
    kill(child, SIGKILL);
    return -1;
}

char *fresh(char *room, const char *name) {
    snprintf(room, 128, TREE "/%s.%d", name, (int)syscall(SYS_gettid));
    return room;
}

bool has(const char *path, const char *text) {
    char bytes[64];
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    close(fd);
    return length == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)length) == 0;
}

void execute_script(int output) {
    char *const words[] = {(char *)(uintptr_t) "script", (char *)(uintptr_t) "word", NULL};
    char *const environment[] = {NULL};
    dup2(output, 1);
    execve(TREE "/dir/script", words, environment);
}

static bool good(const char *name, bool (*body)(void)) {
    int status = wait_for(start(body), 30);
    bool is = status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    printf("supervise: %s %s\n", name, is ? "ok" : "FAILED");
    return is;
}

static unsigned refusals;

static void refused(int process, const char *reason, void *with) {
    (void)with;
    printf("supervise: process %d is refused: %s\n", process, reason);
    refusals++;
}

static bool traced_is_told(void) {
    const bool is = good("a process that is traced", traced) && refusals == 1;
    if (!is) {
        printf("supervise: told %u times FAILED\n", refusals);
    }
    return is;
}

static bool rights(void) {
    if (geteuid() != 0) {
        printf("supervise: skipped rights of others, since who is not root has none to lose\n");
        return true;
    }
    return good("watches", watches) & good("capabilities", capabilities) &
           good("failed execution", failed_execution);
}

static bool many(void) {
    enum { MANY = 100 };
    pid_t children[MANY];
    bool all = true;
    for (int i = 0; i < MANY; i++) {
        children[i] = start(answers);
    }
    for (int i = 0; i < MANY; i++) {
        all = wait_for(children[i], 20) == 0 && all;
    }
    printf("supervise: many filters %s\n", all ? "ok" : "FAILED");
    return all;
}

int main(int count, char **words) {
    static struct world world;
    int stop[2];
    pthread_t thread;
    need(count == 2, "supervise_test SESSION");
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_world(words[1], &world);
    need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, offers) == 0 && pipe2(stop, O_CLOEXEC) == 0,
         "channels");
    const struct supervision supervision = {.world = &world,
                                            .listener = -1,
                                            .arrivals = offers[0],
                                            .arrived = arrived,
                                            .stop = stop[0],
                                            .refused = refused};
    need(pthread_create(&thread, NULL, run, (void *)(uintptr_t)&supervision) == 0, "thread");
    bool all = good("answers", answers) & good("bad pointers", bad_pointers) & good("signals", signals) &
               good("threads", threads) & good("children of vfork", vforks) &
               good("a thread that executes", thread_executes) & good("FIFOs", fifos) &
               good("many wait at a FIFO", many_wait) & good("FIFOs of the host", host_fifos) &
               good("leases", leases) & good("blobs", blobs) &
               good("a full table of descriptors", full_table) & good("own descriptors", own_descriptors) &
               good("sockets", sockets) & traced_is_told() & rights() & many() & killed(60) & stopped(2000) &
               good("answers afterwards", answers);
    close(stop[1]);
    need(pthread_join(thread, NULL) == 0, "join");
    return all ? 0 : 1;
}
