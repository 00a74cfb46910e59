#include "supervision.h"

#include "supervise/filter.h"
#include "supervise/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * supervise_test SESSION: processes under the filter that are killed at any moment, stop, have threads
 * and signals all the time, give bad pointers and wait at FIFOs; the supervisor must answer the others all
 * the while. Each process has a filter of its own, which comes while the loop runs.
 */
#define TREE "/velo-hooks-tree"

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

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno));            \
            return false;                                                                                    \
        }                                                                                                    \
    } while (0)

static pid_t start(bool (*body)(void)) {
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
static int wait_for(pid_t child, int seconds) {
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

static char *fresh(char *room, const char *name) {
    snprintf(room, 128, TREE "/%s.%d", name, (int)syscall(SYS_gettid));
    return room;
}

static bool has(const char *path, const char *text) {
    char bytes[64];
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    close(fd);
    return length == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)length) == 0;
}

static bool answers(void) {
    struct stat state;
    char room[128];
    CHECK(has(TREE "/link", "content 8\n") && stat(TREE "/dir", &state) == 0 && S_ISDIR(state.st_mode));
    CHECK(mkdir(fresh(room, "made"), 0700) == 0 && chdir(room) == 0 && mkdir("in", 0755) == 0);
    CHECK(chdir("in") == 0 && rmdir("../in") == 0 && chdir("/") == 0 && rmdir(room) == 0);
    return true;
}

static bool bad_pointers(void) {
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    char *edge = pages + 4096 - sizeof TREE "/link";
    memcpy(edge, TREE "/link", sizeof TREE "/link");
    struct stat state;
    CHECK(syscall(SYS_newfstatat, AT_FDCWD, edge, &state, 0) == 0);
    CHECK(syscall(SYS_newfstatat, AT_FDCWD, edge, pages + 4090, 0) == -1 && errno == EFAULT);
    memcpy(pages + 4096 - 8, "xxxxxxxx", 8);
    CHECK(syscall(SYS_openat, AT_FDCWD, pages + 4096 - 8, O_RDONLY) == -1 && errno == EFAULT);
    static char longest[8192];
    memset(longest, 'a', sizeof longest - 1);
    CHECK(syscall(SYS_openat, AT_FDCWD, longest, O_RDONLY) == -1 && errno == ENAMETOOLONG);
    static const long numbers[] = {SYS_openat,  SYS_newfstatat, SYS_statx,    SYS_faccessat, SYS_readlinkat,
                                   SYS_mkdirat, SYS_unlinkat,   SYS_fchmodat, SYS_fchownat,  SYS_utimensat,
                                   SYS_mknodat, SYS_openat2,    SYS_execveat, SYS_symlinkat, SYS_linkat};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        CHECK(syscall(numbers[i], AT_FDCWD, 0x123456789000, 0x123456789000, 24, 0, 0) == -1 && errno != 0);
    }
    CHECK(syscall(SYS_getcwd, 0x1000, 4096) == -1 && syscall(SYS_fstat, 12345, &state) == -1);
    return syscall(SYS_bind, 0, 0x1000, 16) == -1 && syscall(SYS_execve, TREE "/dir/script", 0x1000, 0) == -1;
}

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
static bool signals(void) {
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

static bool threads(void) {
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

static char *const script_words[] = {(char *)(uintptr_t) "script", (char *)(uintptr_t) "word", NULL};
static char *const no_environment[] = {NULL};

static bool vforks(void) {
    int null = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = vfork();
        if (child == 0) {
            dup2(null, 1);
            execve(TREE "/dir/script", script_words, no_environment);
            _exit(99);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
              WEXITSTATUS(status) == 0);
    }
    return answers();
}

static void *executes(void *with) {
    (void)with;
    dup2(open("/dev/null", O_WRONLY), 1);
    execve(TREE "/dir/script", script_words, no_environment);
    return NULL;
}

/* By a thread that is not the first one, which so gets another id. */
static bool thread_executes(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, executes, NULL);
    pthread_join(thread, NULL);
    return false;
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

static bool fifos(void) {
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

static bool many_wait(void) {
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

static bool leases(void) {
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
static bool host_fifos(void) {
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

/* Whichever way leads to a descriptor: what it was opened for is not changed, but the file in the tree. */
static bool blob_stays(const char *file, const char *way) {
    char path[256], bytes[16] = "", now[16] = "";
    const int fd = open(file, O_RDONLY);
    snprintf(path, sizeof path, "%s/%d", way, fd);
    const int other = open(path, O_RDWR);
    CHECK(fd >= 0 && other >= 0 && pwrite(other, "X", 1, 0) == 1);
    CHECK(pread(fd, bytes, 7, 0) == 7 && strcmp(bytes, "content") == 0);
    close(other);
    close(fd);
    const int again = open(file, O_RDONLY);
    CHECK(pread(again, now, 7, 0) == 7 && strcmp(now, "Xontent") == 0);
    close(again);
    return true;
}

static bool blobs(void) {
    char host[] = "/tmp/velo-supervise-XXXXXX", link[64];
    struct stat state;
    CHECK(mkdtemp(host) != NULL);
    snprintf(link, sizeof link, "%s/fds", host);
    CHECK(symlink("/proc/self/fd", link) == 0);
    CHECK(blob_stays(TREE "/dir/twin", link));
    CHECK(blob_stays(TREE "/dir/sub/deep", "/proc/self/root/proc/self/fd"));
    const int fd = open(TREE "/private", O_RDONLY);
    void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    char map[128];
    snprintf(map, sizeof map, "/proc/self/map_files/%lx-%lx", (long)page, (long)page + 4096);
    /* To follow these takes CAP_CHECKPOINT_RESTORE. */
    if (stat(map, &state) == 0) {
        CHECK(truncate(map, 0) == 0 && fstat(fd, &state) == 0 && state.st_size == 0);
        CHECK(memcmp(page, "content", 7) == 0);
    }
    return unlink(link) == 0 && rmdir(host) == 0;
}

static bool waits_for_ever(void) {
    CHECK(mkfifo(fresh(fifo, "never"), 0600) == 0);
    return open(fifo, O_RDONLY) >= 0;
}

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
            dup2(open("/dev/null", O_WRONLY), 1);
            execve(TREE "/dir/script", script_words, no_environment);
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
}

static bool good(const char *name, bool (*body)(void)) {
    int status = wait_for(start(body), 30);
    bool is = status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    printf("supervise: %s %s\n", name, is ? "ok" : "FAILED");
    return is;
}

static bool killed(unsigned rounds) {
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
    const struct supervision supervision = {
        .world = &world, .listener = -1, .arrivals = offers[0], .arrived = arrived, .stop = stop[0]};
    need(pthread_create(&thread, NULL, run, (void *)(uintptr_t)&supervision) == 0, "thread");
    bool all = good("answers", answers) & good("bad pointers", bad_pointers) & good("signals", signals) &
               good("threads", threads) & good("children of vfork", vforks) &
               good("a thread that executes", thread_executes) & good("FIFOs", fifos) &
               good("many wait at a FIFO", many_wait) & good("FIFOs of the host", host_fifos) &
               good("leases", leases) & good("blobs", blobs) & many() & killed(60) &
               good("answers afterwards", answers);
    close(stop[1]);
    need(pthread_join(thread, NULL) == 0, "join");
    return all ? 0 : 1;
}
