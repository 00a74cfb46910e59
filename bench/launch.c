/*
 * Times programs that start, do nothing and end, in turn: launch ROUNDS CONTENDER CONTENDER ...
 *
 * A contender is "-- LABEL command PROGRAM ARGUMENT..." or "-- LABEL plan FILE RUN TEMPLATE PROGRAM". The
 * second kind gets FILE on descriptor 3 and no environment, as Java leaves it to velo-launch; the
 * directory RUN, which it removes, is made anew as a copy of the directories of TEMPLATE before its time
 * begins. "served RUN TEMPLATE PROGRAM ARGUMENT..." gets its plan from elsewhere and has the environment of
 * this program, as has "asks PROGRAM ARGUMENT...". "---" is the command's own "--".
 * Contenders stand in pairs, each followed by what it is compared with.
 *
 * Before ROUNDS: -w N are the rounds that are not counted (20). -p PID is a process whose processor time is
 * that of runs with an environment, too. With -o FILE any number of contenders may stand there, nothing is
 * compared, and FILE gets one line for each run: the round, the contender's number from 0, when it began by
 * CLOCK_MONOTONIC, until it exited, until all of it were gone, its processor time, that of process PID; all
 * of these in milliseconds.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PLAN_DESCRIPTOR = 3, MOST = 8, PAUSE_MS = 3 };

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

struct settings {
    int rounds;
    int warm_up;
    FILE *runs;         /* NULL: pairs are compared */
    clockid_t resident; /* 0 where there is none */
};

static void __attribute__((noreturn)) give_up(const char *what) {
    fprintf(stderr, "launch: cannot %s: %s\n", what, strerror(errno));
    exit(1);
}

static double reading(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        give_up("read a clock");
    }
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double milliseconds(void) {
    return reading(CLOCK_MONOTONIC);
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

/* When it began. */
static double run_once(const struct contender *c, double *exited, double *gone, double *work) {
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
    return begin;
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
            if (strcmp(*at, "---") == 0) {
                *at += 1;
            }
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

/* What one leaves to the kernel to clean up must not always hit the same next one. The same in every run of
 * this program. */
static void shuffle(int *order, int count) {
    static unsigned state = 1;
    for (int i = count - 1; i > 0; i--) {
        state = state * 1103515245 + 12345;
        int other = (int)(state >> 16) % (i + 1);
        int taken = order[i];
        order[i] = order[other];
        order[other] = taken;
    }
}

static void measure(const struct settings *settings, struct contender *contenders, int count) {
    int order[MOST];
    for (int i = 0; i < count; i++) {
        order[i] = i;
    }
    for (int round = -settings->warm_up; round < settings->rounds; round++) {
        shuffle(order, count);
        for (int i = 0; i < count; i++) {
            struct contender *c = &contenders[order[i]];
            double exited;
            double gone;
            double work;
            bool both = settings->resident != 0 && c->environment == environ;
            double resident = both ? reading(settings->resident) : 0;
            double begin = run_once(c, &exited, &gone, &work);
            resident = both ? reading(settings->resident) - resident : 0;
            if (round < 0) {
                continue;
            }
            c->exits[round] = exited;
            c->gone[round] = gone;
            c->work[round] = work + resident;
            if (settings->runs != NULL) {
                fprintf(settings->runs, "%d %d %.3f %.3f %.3f %.3f %.3f\n", round, order[i], begin, exited,
                        gone, work, resident);
            }
        }
    }
}

static char **read_settings(char **argv, struct settings *settings) {
    *settings = (struct settings){.warm_up = 20};
    for (argv++; argv[0] != NULL && argv[1] != NULL && argv[0][0] == '-'; argv += 2) {
        if (strcmp(argv[0], "-w") == 0) {
            settings->warm_up = atoi(argv[1]);
        } else if (strcmp(argv[0], "-p") == 0) {
            errno = clock_getcpuclockid(atoi(argv[1]), &settings->resident);
            if (errno != 0) {
                give_up("find the process");
            }
        } else if (strcmp(argv[0], "-o") == 0) {
            settings->runs = fopen(argv[1], "we");
            if (settings->runs == NULL) {
                give_up("make the file of runs");
            }
        } else {
            break;
        }
    }
    settings->rounds = argv[0] == NULL ? 0 : atoi(argv[0]);
    return argv + 1;
}

int main(int argc, char **argv) {
    struct contender contenders[MOST];
    struct settings settings;
    char **after = argc < 2 ? NULL : read_settings(argv, &settings);
    const int rounds = after == NULL ? 0 : settings.rounds;
    int count = rounds > 0 ? read_contenders(after, contenders) : 0;
    if (count == 0 || (settings.runs == NULL && count % 2 != 0)) {
        fprintf(stderr, "usage: launch [-w N] [-p PID] [-o FILE] ROUNDS -- LABEL command PROGRAM... "
                        "-- LABEL plan FILE RUN TEMPLATE PROGRAM ...\n");
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
    measure(&settings, contenders, count);
    if (settings.runs != NULL) {
        if (fclose(settings.runs) != 0) {
            give_up("write the file of runs");
        }
        return 0;
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
