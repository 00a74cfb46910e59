/*
 * Clients that start a program again and again: clients COUNT (-s SECONDS | -n RUNS) PID PROGRAM ARGUMENT...
 *
 * COUNT processes at one time, for SECONDS or until there were RUNS of all together. Prints how many runs
 * there were, the seconds until the last one was over with all that it left behind, the milliseconds of
 * processor time that all of them took, and those that process PID took meanwhile (0: there is none).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };

struct shared {
    atomic_long started;
    atomic_long done;
    double work[MOST];
};

struct job {
    double until; /* 0: until there were enough */
    long runs;
    char **command;
};

static void __attribute__((noreturn)) give_up(const char *what) {
    fprintf(stderr, "clients: cannot %s: %s\n", what, strerror(errno));
    _exit(1);
}

static double reading(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        give_up("read a clock");
    }
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void run_once(const struct job *job) {
    int status;
    pid_t child = vfork();
    if (child == 0) {
        execv(job->command[0], job->command);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        give_up("start the program");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "clients: %s ended with status %#x\n", job->command[0], (unsigned)status);
        _exit(1);
    }
}

/* The processor time of all that it started, in milliseconds. */
static double loop(const struct job *job, struct shared *shared) {
    struct rusage usage;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        give_up("become the reaper of orphans");
    }
    while (job->until > 0 ? reading(CLOCK_MONOTONIC) < job->until
                          : atomic_fetch_add(&shared->started, 1) < job->runs) {
        run_once(job);
        atomic_fetch_add(&shared->done, 1);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
    while (waitpid(-1, NULL, 0) > 0) {
    }
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv) {
    const int count = argc > 5 ? atoi(argv[1]) : 0;
    const bool timed = count > 0 && strcmp(argv[2], "-s") == 0;
    if (count < 1 || count > MOST || (!timed && strcmp(argv[2], "-n") != 0)) {
        fprintf(stderr, "usage: clients COUNT (-s SECONDS | -n RUNS) PID PROGRAM ARGUMENT...\n");
        return 2;
    }
    const int pid = atoi(argv[4]);
    clockid_t resident = 0;
    if (pid != 0 && (errno = clock_getcpuclockid(pid, &resident)) != 0) {
        give_up("find the process");
    }
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        give_up("share memory");
    }
    const double before = pid == 0 ? 0 : reading(resident);
    const double begin = reading(CLOCK_MONOTONIC);
    const struct job job = {
        .until = timed ? begin + atof(argv[3]) * 1e3 : 0, .runs = atol(argv[3]), .command = argv + 5};
    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        if (child < 0) {
            give_up("start a client");
        }
        if (child == 0) {
            shared->work[i] = loop(&job, shared);
            _exit(0);
        }
    }
    double work = 0;
    bool failed = false;
    for (int status; waitpid(-1, &status, 0) > 0;) {
        failed = failed || status != 0;
    }
    const double end = reading(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++) {
        work += shared->work[i];
    }
    printf("%ld %.3f %.1f %.1f\n", atomic_load(&shared->done), (end - begin) / 1e3, work,
           pid == 0 ? 0 : reading(resident) - before);
    return failed ? 1 : 0;
}
