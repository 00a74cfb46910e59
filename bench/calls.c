/*
 * Times calls on request, for bench/shim.py: each line of standard input asks for one series, each line of
 * standard output is its answer, in nanoseconds. It is started once in each of the surroundings that are
 * compared, and the series are asked for in turn.
 *
 *   stat ROOT COUNT   stat(2) of COUNT files below ROOT, in random order, of those that the list names
 *   near ROOT COUNT   the same of NEAR files, the first of the list
 *   miss ROOT COUNT   the same of names that are not there, in directories that are
 *   same PATH COUNT   stat(2) of one path
 *   open ROOT COUNT   open(2), read(2) of 4096 bytes, close(2)
 *   pair ROOT COUNT   open(2), close(2)
 *   data PATH COUNT   pread(2) of 4096 bytes at most and pwrite(2) of them, of a file that stays open
 *   list ROOT         opendir(3), readdir(3) to the end, closedir(3) of a directory
 *   start COUNT PROGRAM   posix_spawn(3) and waitpid(2)
 *   run COMMAND       the shell does this, once
 *
 * Usage: calls LIST. LIST has the paths of files, relative to ROOT, one a line. All answers but that of run
 * and list are medians of the averages of BATCH calls: one call is too short for the clock. start: of each.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 10, NEAR = 4096, MOST_PATHS = 200000, MOST_TIMES = 50000, ROOM = 1024 };

static char *names[MOST_PATHS];
static size_t name_count;
/* Nothing is allocated once it has begun: the system calls of a series are counted. */
static double times[MOST_TIMES];
static uint64_t state = 88172645463325252u;

static void __attribute__((noreturn)) give_up(const char *what, const char *which) {
    fprintf(stderr, "calls: cannot %s %s: %s\n", what, which, strerror(errno));
    exit(1);
}

static uint64_t drawn(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Of the first of the times, which change places: the one in the middle, or the lower of two. */
static double median(size_t count) {
    size_t from = 0;
    size_t to = count - 1;
    size_t middle = (count - 1) / 2;
    while (from < to) {
        double pivot = times[(from + to) / 2];
        size_t left = from;
        size_t right = to;
        for (;;) {
            while (times[left] < pivot) {
                left++;
            }
            while (times[right] > pivot) {
                right--;
            }
            if (left >= right) {
                break;
            }
            double other = times[left];
            times[left++] = times[right];
            times[right--] = other;
        }
        if (middle <= right) {
            to = right;
        } else {
            from = right + 1;
        }
    }
    return times[middle];
}

static size_t at_most(size_t count) {
    return count == 0 ? 1 : count < MOST_TIMES ? count : MOST_TIMES;
}

static void read_names(const char *list) {
    FILE *file = fopen(list, "r");
    char line[ROOM];
    if (file == NULL) {
        give_up("open", list);
    }
    while (name_count < MOST_PATHS && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        names[name_count++] = strdup(line);
    }
    fclose(file);
}

/* One call on a path. */
typedef void single(const char *path);

static void do_stat(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) {
        give_up("stat", path);
    }
}

static void do_miss(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 || errno != ENOENT) {
        give_up("miss", path);
    }
}

static void do_open(const char *path) {
    char bytes[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, bytes, sizeof bytes) < 0 || close(fd) != 0) {
        give_up("read", path);
    }
}

/* The paths of a batch are made before its time begins. */
static void do_pair(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || close(fd) != 0) {
        give_up("open", path);
    }
}

static double series(single *call, const char *root, size_t count, const char *behind, size_t among) {
    static char paths[BATCH][ROOM];
    size_t batches = at_most(count / BATCH);
    for (size_t i = 0; i < batches; i++) {
        for (size_t j = 0; j < BATCH; j++) {
            snprintf(paths[j], ROOM, "%s/%s%s", root, names[drawn() % among], behind);
        }
        double begin = now();
        for (size_t j = 0; j < BATCH; j++) {
            call(paths[j]);
        }
        times[i] = (now() - begin) / BATCH;
    }
    return median(batches);
}

static double of_one(const char *path, size_t count) {
    size_t batches = at_most(count / BATCH);
    for (size_t i = 0; i < batches; i++) {
        double begin = now();
        for (size_t j = 0; j < BATCH; j++) {
            do_stat(path);
        }
        times[i] = (now() - begin) / BATCH;
    }
    return median(batches);
}

static double list(const char *path) {
    double begin = now();
    DIR *stream = opendir(path);
    if (stream == NULL) {
        give_up("list", path);
    }
    while (readdir(stream) != NULL) {
    }
    closedir(stream);
    return now() - begin;
}

static double one_start(char **command) {
    int status;
    pid_t child;
    double begin = now();
    int failed = posix_spawn(&child, command[0], NULL, NULL, command, environ);
    if (failed != 0) {
        errno = failed;
        give_up("start", command[0]);
    }
    if (waitpid(child, &status, 0) != child || status != 0) {
        errno = ECHILD;
        give_up("run", command[0]);
    }
    return now() - begin;
}

static double starts(size_t count, char *program) {
    char *command[] = {program, NULL};
    count = at_most(count);
    for (size_t i = 0; i < count; i++) {
        times[i] = one_start(command);
    }
    return median(count);
}

static double run(char *line) {
    char shell[] = "/bin/sh";
    char flag[] = "-c";
    char *command[] = {shell, flag, line, NULL};
    return one_start(command);
}

static double data(const char *path, size_t count) {
    char bytes[4096];
    size_t batches = at_most(count / BATCH);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        give_up("open", path);
    }
    for (size_t i = 0; i < batches; i++) {
        double begin = now();
        for (size_t j = 0; j < BATCH; j++) {
            ssize_t got = pread(fd, bytes, sizeof bytes, 0);
            if (got <= 0 || pwrite(fd, bytes, (size_t)got, 0) != got) {
                give_up("read and write", path);
            }
        }
        times[i] = (now() - begin) / BATCH;
    }
    close(fd);
    return median(batches);
}

static double answer(char *line) {
    char *rest = line + strcspn(line, " ");
    char *first = rest + strspn(rest, " ");
    bool is_run = strncmp(line, "run ", 4) == 0;
    char *second = is_run ? first : first + strcspn(first, " ");
    if (!is_run && *second != '\0') {
        *second++ = '\0';
    }
    *rest = '\0';
    if (is_run) {
        return run(first);
    }
    if (strcmp(line, "list") == 0) {
        return list(first);
    }
    if (strcmp(line, "start") == 0) {
        return starts(strtoull(first, NULL, 10), second);
    }
    size_t count = strtoull(second, NULL, 10);
    if (strcmp(line, "same") == 0) {
        return of_one(first, count);
    }
    if (strcmp(line, "data") == 0) {
        return data(first, count);
    }
    if (strcmp(line, "pair") == 0) {
        return series(do_pair, first, count, "", name_count);
    }
    if (strcmp(line, "miss") == 0) {
        return series(do_miss, first, count, "~", name_count);
    }
    if (strcmp(line, "near") == 0) {
        return series(do_stat, first, count, "", name_count < NEAR ? name_count : NEAR);
    }
    return series(strcmp(line, "open") == 0 ? do_open : do_stat, first, count, "", name_count);
}

int main(int argc, char **argv) {
    static char line[8192];
    if (argc != 2) {
        fprintf(stderr, "calls: cannot begin: no list of paths; name one\n");
        return 2;
    }
    read_names(argv[1]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        printf("%.1f\n", answer(line));
        fflush(stdout);
    }
    return 0;
}
