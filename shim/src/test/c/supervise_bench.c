#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* supervise_bench WORD PATH...: what a look at each path costs, and to open and close it; the least of many
 * rounds. */

enum { ROUNDS = 40, CALLS = 500 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double look(const char *path) {
    struct stat state;
    double begin = now();
    for (int i = 0; i < CALLS; i++) {
        if (stat(path, &state) != 0) {
            perror(path);
            exit(1);
        }
    }
    return (now() - begin) / CALLS;
}

static double open_and_close(const char *path) {
    double begin = now();
    for (int i = 0; i < CALLS; i++) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            perror(path);
            exit(1);
        }
        close(fd);
    }
    return (now() - begin) / CALLS;
}

static double least(double (*measure)(const char *), const char *path) {
    double best = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double round = measure(path);
        best = round < best ? round : best;
    }
    return best;
}

int main(int count, char **words) {
    for (int i = 2; i < count; i++) {
        printf("%-11s stat %6.2f us   open+close %6.2f us   %s\n", words[1], least(look, words[i]),
               least(open_and_close, words[i]), words[i]);
    }
    return 0;
}
