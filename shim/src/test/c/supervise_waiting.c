#include "supervise_test.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void on_signal(int number) {
    (void)number;
}

static char fifo[128];

static void *writer(void *with) {
    (void)with;
    usleep(50000);
    int fd = open(fifo, O_WRONLY);
    (void)!write(fd, "late", 4);
    close(fd);
    return NULL;
}

bool fifos(void) {
    pthread_t thread;
    CHECK(mkfifo(fresh(fifo, "fifo"), 0600) == 0 && pthread_create(&thread, NULL, writer, NULL) == 0);
    CHECK(has(fifo, "late") && pthread_join(thread, NULL) == 0);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval soon = {.it_value = {0, 50000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(open(fifo, O_RDONLY) == -1 && errno == EINTR && unlink(fifo) == 0);
    return true;
}

/* A signal that one thread takes starts the others' calls again. */
static int late_end = -1;

static void *late_writer(void *with) {
    (void)with;
    usleep(400000);
    late_end = open(fifo, O_WRONLY);
    return NULL;
}

static void *waits(void *with) {
    const int fd = open(fifo, O_RDONLY);
    *(int *)with = fd < 0 ? errno : 0;
    return NULL;
}

bool many_wait(void) {
    enum { MANY = 6 };
    pthread_t threads[MANY], writes;
    int errors[MANY];
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    CHECK(mkfifo(fresh(fifo, "many"), 0600) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
    for (int i = 0; i < MANY; i++) {
        CHECK(pthread_create(&threads[i], NULL, waits, &errors[i]) == 0);
    }
    const struct itimerval often = {{0, 30000}, {0, 100000}};
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK(pthread_create(&writes, NULL, late_writer, NULL) == 0);
    const int fd = open(fifo, O_RDONLY);
    CHECK(fd >= 0 && pthread_join(writes, NULL) == 0);
    for (int i = 0; i < MANY; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0 && (errno = errors[i]) == 0);
    }
    const struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    return late_end >= 0 && close(late_end) == 0 && unlink(fifo) == 0;
}

/* Who opens a file that another one has a lease on waits for it, and nobody else does. */
static void *opens_leased(void *with) {
    const int fd = open(fifo, O_RDWR);
    *(int *)with = fd < 0 ? -errno : fcntl(fd, F_GETFL);
    close(fd);
    return NULL;
}

bool leases(void) {
    pthread_t thread;
    struct timespec before, behind;
    struct stat state;
    int flags = 0;
    CHECK(signal(SIGIO, SIG_IGN) != SIG_ERR &&
          close(open(fresh(fifo, "leased"), O_CREAT | O_RDWR, 0600)) == 0);
    const int fd = open(fifo, O_RDONLY);
    CHECK(fcntl(fd, F_SETLEASE, F_RDLCK) == 0);
    CHECK(pthread_create(&thread, NULL, opens_leased, &flags) == 0);
    usleep(200000);
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK(stat(TREE "/dir", &state) == 0);
    clock_gettime(CLOCK_MONOTONIC, &behind);
    CHECK(behind.tv_sec - before.tv_sec < 10);
    CHECK(flags == 0 && fcntl(fd, F_SETLEASE, F_UNLCK) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(flags >= 0 && (flags & O_ACCMODE) == O_RDWR && (flags & O_NONBLOCK) == 0);
    return close(fd) == 0 && unlink(fifo) == 0;
}

/* A FIFO of the host that only the tree leads to: nobody else waits for who opens it. */
bool host_fifos(void) {
    char host[] = "/tmp/velo-supervise-XXXXXX", link[128];
    const struct open_how how = {.flags = O_RDONLY};
    CHECK(mkdtemp(host) != NULL);
    snprintf(fifo, sizeof fifo, "%s/fifo", host);
    CHECK(mkfifo(fifo, 0600) == 0 && symlink(fifo, fresh(link, "to-fifo")) == 0);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval soon = {.it_value = {0, 50000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(syscall(SYS_openat2, AT_FDCWD, link, &how, sizeof how) == -1 && errno == EINTR);
    return unlink(link) == 0 && unlink(fifo) == 0 && rmdir(host) == 0;
}

bool waits_for_ever(void) {
    CHECK(mkfifo(fresh(fifo, "never"), 0600) == 0);
    return open(fifo, O_RDONLY) >= 0;
}
