/*
 * Times programs that start, do nothing and end, in turn: launch ROUNDS CONTENDER CONTENDER ...
 *
 * A contender is "-- LABEL command PROGRAM ARGUMENT..." or "-- LABEL plan FILE RUN TEMPLATE PROGRAM". The
 * second kind gets FILE on descriptor 3 and no environment, as Java leaves it to velo-launch; the
 * directory RUN, which it removes, is made anew as a copy of the directories of TEMPLATE before its time
 * begins. "served RUN TEMPLATE PROGRAM ARGUMENT..." gets its plan from elsewhere and has the environment of
 * this program, as has "asks PROGRAM ARGUMENT...". Contenders stand in pairs, each followed by what it is
 * compared with.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PLAN_DESCRIPTOR = 3, MOST = 8, WARM_UP = 20, PAUSE_MS = 3 };

struct contender {
    const char *label;
    const char *plan;
    const char *run;
    const char *template;
    char **command;
    char **environment;
    double *exits; /* until it has exited */
    double *gone;  /* until none of its processes is there any more: bwrap does not wait for the one inside */
    double *work;  /* processor time of all of them */
};

static void __attribute__((noreturn)) give_up(const char *what) {
    fprintf(stderr, "launch: cannot %s: %s\n", what, strerror(errno));
    exit(1);
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void copy_directories(int from, int at, const char *name) {
    struct stat status;
    if (fstat(from, &status) != 0 || mkdirat(at, name, 0700) != 0) {
        give_up("make the run directory");
    }
    int to = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fdopendir(from);
    if (to < 0 || entries == NULL) {
        give_up("open the run directory");
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            copy_directories(openat(from, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), to,
                             entry->d_name);
        }
    }
    const struct timespec times[2] = {status.st_mtim, status.st_mtim};
    if (fchmod(to, status.st_mode & 07777) != 0 || futimens(to, times) != 0) {
        give_up("prepare the run directory");
    }
    closedir(entries);
    close(to);
}

static pid_t start(const struct contender *c, int plan) {
    pid_t child = vfork();
    if (child == 0) {
        if (plan >= 0 &&
            (plan == PLAN_DESCRIPTOR ? fcntl(plan, F_SETFD, 0) : dup2(plan, PLAN_DESCRIPTOR)) < 0) {
            _exit(126);
        }
        execve(c->command[0], c->command, c->environment);
        _exit(127);
    }
    return child;
}

static double processor_time(const struct rusage *usage) {
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e3 +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e3;
}

static void run_once(const struct contender *c, double *exited, double *gone, double *work) {
    int plan = -1;
    int status = 0;
    int ignored;
    struct rusage usage;
    struct rusage orphan;
    if (c->run != NULL) {
        copy_directories(open(c->template, O_RDONLY | O_DIRECTORY | O_CLOEXEC), AT_FDCWD, c->run);
    }
    if (c->plan != NULL) {
        plan = open(c->plan, O_RDONLY | O_CLOEXEC);
        if (plan < 0) {
            give_up("open the plan");
        }
    }
    /* What the kernel still does for the one before, without any process, must not be in the way of this one.
     */
    usleep(PAUSE_MS * 1000);
    double begin = milliseconds();
    pid_t child = start(c, plan);
    pid_t ended = child < 0 ? -1 : wait4(child, &status, 0, &usage);
    *exited = milliseconds() - begin;
    *work = processor_time(&usage);
    if (ended != child) {
        give_up("start a program");
    }
    /* Orphans come to this process, which said so. */
    while (wait4(-1, &ignored, 0, &orphan) > 0) {
        *work += processor_time(&orphan);
    }
    *gone = milliseconds() - begin;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "launch: %s ended with status %#x\n", c->label, (unsigned)status);
        exit(1);
    }
    if (plan >= 0) {
        close(plan);
    }
    if (c->run != NULL && access(c->run, F_OK) == 0) {
        fprintf(stderr, "launch: %s left its run directory\n", c->label);
        exit(1);
    }
}

static int ascending(const void *a, const void *b) {
    const double *left = a;
    const double *right = b;
    return (*left > *right) - (*left < *right);
}

static double median(const double *values, int count) {
    double *sorted = malloc((size_t)count * sizeof *sorted);
    if (sorted == NULL) {
        give_up("sort");
    }
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    double middle = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    free(sorted);
    return middle;
}

static int read_contenders(char **argv, struct contender *contenders) {
    static char *no_environment[] = {NULL};
    int count = 0;
    for (char **at = argv; *at != NULL;) {
        if (count == MOST || strcmp(at[0], "--") != 0 || at[1] == NULL || at[2] == NULL) {
            errno = EINVAL;
            give_up("read the arguments");
        }
        struct contender *c = &contenders[count++];
        *c = (struct contender){.label = at[1], .environment = no_environment};
        at[0] = NULL; /* ends the command before */
        if (strcmp(at[2], "plan") == 0) {
            c->plan = at[3];
            c->run = at[4];
            c->template = at[5];
            c->command = at + 6;
        } else if (strcmp(at[2], "served") == 0) {
            c->run = at[3];
            c->template = at[4];
            c->command = at + 5;
            c->environment = environ;
        } else {
            c->environment = strcmp(at[2], "asks") == 0 ? environ : no_environment;
            c->command = at + 3;
        }
        for (at = c->command; *at != NULL && strcmp(*at, "--") != 0; at++) {
        }
    }
    return count;
}

static void compare(const char *what, const double *own, const double *other, int rounds) {
    double *ratios = calloc((size_t)rounds, sizeof *ratios);
    if (ratios == NULL) {
        give_up("compare");
    }
    for (int round = 0; round < rounds; round++) {
        ratios[round] = own[round] / other[round];
    }
    double one = median(own, rounds);
    double two = median(other, rounds);
    printf("    %-15s %7.2f ms beside %7.2f ms: ratio of medians %.3f, median of ratios %.3f\n", what, one,
           two, one / two, median(ratios, rounds));
    free(ratios);
}

int main(int argc, char **argv) {
    struct contender contenders[MOST];
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    int count = rounds > 0 ? read_contenders(argv + 2, contenders) : 0;
    if (count == 0 || count % 2 != 0) {
        fprintf(
            stderr,
            "usage: launch ROUNDS -- LABEL command PROGRAM... -- LABEL plan FILE RUN TEMPLATE PROGRAM ...\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        contenders[i].exits = calloc((size_t)rounds, sizeof(double));
        contenders[i].gone = calloc((size_t)rounds, sizeof(double));
        contenders[i].work = calloc((size_t)rounds, sizeof(double));
        if (contenders[i].exits == NULL || contenders[i].gone == NULL || contenders[i].work == NULL) {
            give_up("begin");
        }
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        give_up("become the reaper of orphans");
    }
    umask(022);
    for (int round = -WARM_UP; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            /* Another one begins each round: what one leaves to the kernel to clean up must not always hit
             * the same next one. */
            struct contender *c = &contenders[(i + round + WARM_UP) % count];
            double exited;
            double gone;
            double work;
            run_once(c, &exited, &gone, &work);
            if (round >= 0) {
                c->exits[round] = exited;
                c->gone[round] = gone;
                c->work[round] = work;
            }
        }
    }
    for (int i = 0; i < count; i += 2) {
        const struct contender *own = &contenders[i];
        const struct contender *other = &contenders[i + 1];
        printf("%s beside %s\n", own->label, other->label);
        compare("until exit", own->exits, other->exits, rounds);
        compare("until all gone", own->gone, other->gone, rounds);
        compare("processor time", own->work, other->work, rounds);
    }
    return 0;
}
