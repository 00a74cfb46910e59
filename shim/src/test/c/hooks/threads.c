#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * threads DIRECTORY [alone]: threads that look and change at the same time, while a timer's handler opens
 * files, the process forks, and its children look, but for "alone". Small stacks, as those of other
 * languages' threads.
 */
enum { THREADS = 6, ROUNDS = 300, STACK = 256 * 1024 };

static const char *base;
static bool forks;
static atomic_int failures, handled;
static char in_handler[256];

static void failed(const char *what) {
    if (atomic_fetch_add(&failures, 1) == 0) {
        fprintf(stderr, "threads: %s: %s\n", what, strerror(errno));
    }
}

static void on_alarm(int signal) {
    struct stat state;
    int before = errno;
    (void)signal;
    int fd = open(in_handler, O_RDONLY);
    if (fd < 0 || fstat(fd, &state) != 0 || state.st_size != 10) {
        atomic_fetch_add(&failures, 1);
    } else {
        atomic_fetch_add(&handled, 1);
    }
    close(fd);
    errno = before;
}

static void change(const char *path, const char *to) {
    struct stat state;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd < 0 || write(fd, "abc", 3) != 3 || fstat(fd, &state) != 0 || state.st_size != 3) {
        failed("a new file");
    }
    close(fd);
    if (rename(path, to) != 0 || stat(to, &state) != 0 || state.st_size != 3 || unlink(to) != 0) {
        failed("rename");
    }
}

static void look(void) {
    DIR *stream = opendir(base);
    int seen = 0;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        seen += strcmp(entry->d_name, "file") == 0 || strcmp(entry->d_name, "twin") == 0;
    }
    if (!stream || seen != 2) {
        failed("a list");
    }
    if (stream) {
        closedir(stream);
    }
}

static void *work(void *number) {
    char path[256], to[256];
    long self = (long)number;
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(path, sizeof path, "%s/thread-%ld-%d", base, self, i);
        snprintf(to, sizeof to, "%s/renamed-%ld-%d", base, self, i);
        change(path, to);
        look();
        if (forks && i % 50 == 0) {
            int status;
            pid_t child = fork();
            if (child == 0) {
                _exit(access(in_handler, R_OK) == 0 && chdir(base) == 0 && access("file", R_OK) == 0 ? 0 : 1);
            }
            if (waitpid(child, &status, 0) != child || status != 0) {
                failed("a child");
            }
        }
    }
    return NULL;
}

int main(int count, char **words) {
    pthread_t threads[THREADS];
    pthread_attr_t small;
    struct itimerval timer = {{0, 500}, {0, 500}};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    if (count < 2) {
        return 2;
    }
    forks = count == 2;
    base = words[1];
    snprintf(in_handler, sizeof in_handler, "%s/file", base);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    for (long i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], &small, work, (void *)i) != 0) {
            return 2;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    if (failures != 0 || handled == 0) {
        fprintf(stderr, "threads: %d failures, %d signals\n", failures, handled);
    }
    return failures == 0 && handled > 0 ? 0 : 1;
}
