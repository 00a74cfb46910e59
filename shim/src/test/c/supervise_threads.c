#include "supervise_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile bool ended;

static void *storm(void *with) {
    const pid_t thread = *(pid_t *)with;
    while (!ended) {
        syscall(SYS_tgkill, getpid(), thread, SIGURG);
    }
    return NULL;
}

static void on_signal(int number) {
    (void)number;
}

/* Each call is made once: a second one would find the name. */
bool signals(void) {
    char room[128];
    pthread_t thread;
    pid_t self = (pid_t)syscall(SYS_gettid);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGURG, &action, NULL);
    ended = false;
    CHECK(pthread_create(&thread, NULL, storm, &self) == 0);
    for (int i = 0; i < 300; i++) {
        int fd = open(fresh(room, "urgent"), O_WRONLY | O_CREAT | O_EXCL, 0600);
        CHECK(fd >= 0 && close(fd) == 0 && unlink(room) == 0);
        CHECK(mkdir(room, 0700) == 0 && chdir(room) == 0 && chdir("..") == 0 && rmdir(room) == 0);
        int named = open(TREE "/dir", O_PATH | O_DIRECTORY);
        CHECK(named >= 0 && close(named) == 0);
    }
    ended = true;
    return pthread_join(thread, NULL) == 0;
}

static void *one_of_many(void *with) {
    bool *good = with;
    *good = true;
    for (int i = 0; i < 50; i++) {
        char room[128];
        int fd = open(fresh(room, "thread"), O_RDWR | O_CREAT | O_EXCL, 0600);
        *good = *good && fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0 && has(room, "x") &&
                unlink(room) == 0;
    }
    return NULL;
}

bool threads(void) {
    enum { MANY = 8 };
    pthread_t thread[MANY];
    bool good[MANY], all = true;
    for (int i = 0; i < MANY; i++) {
        CHECK(pthread_create(&thread[i], NULL, one_of_many, &good[i]) == 0);
    }
    for (int i = 0; i < MANY; i++) {
        pthread_join(thread[i], NULL);
        all = all && good[i];
    }
    return all;
}

bool vforks(void) {
    int null = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = vfork();
        if (child == 0) {
            execute_script(null);
            _exit(99);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
              WEXITSTATUS(status) == 0);
    }
    return answers();
}

static void *executes(void *with) {
    (void)with;
    execute_script(open("/dev/null", O_WRONLY));
    return NULL;
}

/* By a thread that is not the first one, which so gets another id. */
bool thread_executes(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, executes, NULL);
    pthread_join(thread, NULL);
    return false;
}
