#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>

enum { GRACE_MS = 2000 };

struct run {
    const struct plan *plan;
    int base; /* directory descriptor */
    pid_t init;
    int control;
    int signals;
    int timer;
    int lifeline;
    int memory;    /* where the upper layer is, when it cannot be in the store; else -1 */
    bool reported; /* init has sent the payload's wait status */
    int status;
    bool timed_out;
    bool killed;
};

static int compare(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

/* Closes everything that the plan does not name: the caller may have leaked anything into this process. */
static void close_others(const struct plan *plan) {
    int *wanted = calloc(plan->keep_count + 1, sizeof *wanted);
    size_t count = 0;
    if (wanted == NULL) {
        fail(EXIT_LAUNCH, "free some memory", "cannot close descriptors: out of memory");
    }
    for (size_t i = 0; i < plan->keep_count; i++) {
        wanted[count++] = plan->keep[i];
    }
    if (plan->lifeline >= 0) {
        wanted[count++] = plan->lifeline;
    }
    qsort(wanted, count, sizeof *wanted, compare);
    unsigned next = 3;
    for (size_t i = 0; i < count; i++) {
        if ((unsigned)wanted[i] > next) {
            k_close_range(next, (unsigned)wanted[i] - 1);
        }
        if ((unsigned)wanted[i] >= next) {
            next = (unsigned)wanted[i] + 1;
        }
    }
    k_close_range(next, ~0U);
    free(wanted);
}

static int wait_signals(void) {
    sigset_t all;
    sigfillset(&all);
    /* The caller was a JVM: nothing of its handlers survives exec, but what it ignored or blocked does. */
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, &all, NULL);
    int fd = signalfd(-1, &all, SFD_CLOEXEC);
    if (fd < 0) {
        fail_errno("try again", "cannot wait for signals");
    }
    return fd;
}

/* Upper and work are fresh: volatile overlays refuse a work directory that was used before. */
static void prepare_run_directory(struct run *run) {
    const struct plan *plan = run->plan;
    int directory = openat(run->base, plan->run_directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        fail_errno("start it through velo run", "cannot open the run directory %s", plan->run_directory);
    }
    static const char *const names[] = {"upper", "work", "root"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mkdirat(directory, names[i], 0755) != 0 ||
            (geteuid() == 0 &&
             fchownat(directory, names[i], plan->outside_uid, plan->outside_gid, AT_SYMLINK_NOFOLLOW) != 0)) {
            fail_errno("free some space in the store", "cannot make directory %s of the run", names[i]);
        }
    }
    /* A merged directory shows the attributes of its topmost layer: give the upper root those of the first
     * tree. */
    struct stat tree;
    const char *first = plan->layers.items[plan->layers.count > 1 ? 1 : 0];
    if (fstatat(run->base, first, &tree, AT_SYMLINK_NOFOLLOW) == 0) {
        const struct timespec times[2] = {tree.st_mtim, tree.st_mtim};
        if (fchmodat(directory, "upper", tree.st_mode & 07777, 0) != 0 ||
            utimensat(directory, "upper", times, AT_SYMLINK_NOFOLLOW) != 0) {
            fail_errno("check the store with velo verify", "cannot prepare the upper layer");
        }
    }
    close(directory);
}

/*
 * Programs open /dev/stdout and /proc/self/fd/1 again, which asks for permission on the pipe itself; run by
 * root, the pipes are root's and the payload is not. Only anonymous pipes: nothing that has a name on the
 * host changes owner.
 */
static void check_streams(const struct plan *plan) {
    enum { PIPE_FILE_SYSTEM = 0x50495045 };
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        struct statfs where;
        struct stat status;
        if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
            /* /proc/self/fd/0 would lead out of the sandbox, into the caller's file system. */
            fail(EXIT_LAUNCH, "redirect it to a file, a pipe or /dev/null",
                 "cannot pass on standard descriptor %d: it is a directory", fd);
        }
        if (geteuid() != 0) {
            continue;
        }
        if (fstatfs(fd, &where) == 0 && where.f_type == PIPE_FILE_SYSTEM &&
            fchown(fd, plan->outside_uid, plan->outside_gid) != 0) {
            message("warning: the program cannot open standard descriptor %d again: %s", fd, strerror(errno));
        }
    }
}

static void tell_init(const struct run *run, unsigned char what) {
    if (send(run->control, &what, 1, MSG_NOSIGNAL) < 0) {
        return; /* init has ended: there is nobody left to tell */
    }
}

static void start_init(struct run *run) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        fail_errno("try again", "cannot make a socket pair");
    }
    run->init = clone_into(namespace_flags(run->plan));
    if (run->init < 0) {
        explain_clone_failure(namespace_flags(run->plan));
    }
    if (run->init == 0) {
        close(pair[0]);
        run_init(run->plan, pair[1]);
    }
    close(pair[1]);
    run->control = pair[0];
    write_id_maps(run->init, run->plan);
    tell_init(run, 'g');
}

static void arm(const struct run *run, uint64_t milliseconds) {
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(milliseconds / 1000),
                                           .tv_nsec = (long)(milliseconds % 1000) * 1000000L}};
    if (timerfd_settime(run->timer, 0, &when, NULL) != 0) {
        kill(run->init, SIGKILL);
    }
}

static void on_timer(struct run *run) {
    uint64_t count;
    if (read(run->timer, &count, sizeof count) < 0) {
        return;
    }
    if (!run->timed_out) {
        run->timed_out = true;
        tell_init(run, SIGTERM);
        tell_init(run, SIGCONT);
        arm(run, GRACE_MS);
    } else {
        run->killed = true;
        kill(run->init, SIGKILL);
    }
}

static void on_signal(struct run *run) {
    struct signalfd_siginfo info;
    if (read(run->signals, &info, sizeof info) != sizeof info) {
        return;
    }
    int number = (int)info.ssi_signo;
    switch (number) {
    case SIGCHLD:
    case SIGPIPE:
        break;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        /* The payload's group is an orphan to the terminal, which would ignore SIGTSTP there. Stop both for
         * real. */
        tell_init(run, SIGSTOP);
        raise(SIGSTOP);
        break;
    default:
        tell_init(run, (unsigned char)number);
        break;
    }
}

static void supervise_init(struct run *run) {
    enum { CONTROL, SIGNALS, TIMER, LIFELINE, COUNT };
    struct pollfd wait[COUNT] = {[CONTROL] = {.fd = run->control, .events = POLLIN},
                                 [SIGNALS] = {.fd = run->signals, .events = POLLIN},
                                 [TIMER] = {.fd = run->timer, .events = POLLIN},
                                 [LIFELINE] = {.fd = run->lifeline, .events = POLLIN}};
    for (;;) {
        if (poll(wait, COUNT, -1) < 0 && errno != EINTR) {
            kill(run->init, SIGKILL);
            return;
        }
        if (wait[CONTROL].revents != 0) {
            int status;
            ssize_t got = receive(run->control, &status, sizeof status, &run->memory);
            if (got == 1) {
                continue; /* the descriptor was all of it */
            }
            if (got == sizeof status) {
                run->reported = true;
                run->status = status;
            }
            return; /* init reports once, or has died */
        }
        if (wait[LIFELINE].revents != 0) {
            run->killed = true;
            kill(run->init, SIGKILL);
            return;
        }
        if (wait[TIMER].revents != 0) {
            on_timer(run);
        }
        if (wait[SIGNALS].revents != 0) {
            on_signal(run);
        }
    }
}

static int outcome(const struct run *run, int init_status) {
    if (run->timed_out) {
        return EXIT_TIME_LIMIT;
    }
    if (run->reported) {
        return WIFEXITED(run->status) ? WEXITSTATUS(run->status) : 128 + WTERMSIG(run->status);
    }
    if (WIFEXITED(init_status)) {
        return WEXITSTATUS(init_status); /* it has said why */
    }
    return 128 + WTERMSIG(init_status);
}

static void child_defaults(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Handed on as a descriptor: the memory has no name out here. */
static char **with_upper(const struct plan *plan, int memory) {
    enum { UPPER_DESCRIPTOR = 3 };
    static char argument[] = "--upper=/proc/self/fd/3/upper";
    char **command = calloc(plan->finish.count + 2, sizeof *command);
    if (command == NULL || dup2(memory, UPPER_DESCRIPTOR) < 0) {
        fail_errno("free some memory", "cannot hand on the upper layer");
    }
    memcpy(command, plan->finish.items, plan->finish.count * sizeof *command);
    command[plan->finish.count] = argument;
    return command;
}

/* What must happen after the payload and before its changes go. */
static bool finish(const struct plan *plan, int memory) {
    if (plan->finish.count == 0) {
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        char **command = plan->finish.items;
        child_defaults();
        if (memory >= 0) {
            command = with_upper(plan, memory);
        }
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        char *const environment[] = {path, NULL};
        if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0) {
            execve(command[0], command, environment);
        }
        fail_errno("check the installation of velo", "cannot start %s", plan->finish.items[0]);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    if (child > 0 && WIFSIGNALED(status)) {
        message(
            "cannot capture the changes of the run: signal %d ended velo finish; free some memory and run "
            "it again",
            WTERMSIG(status));
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Before Linux 5.14 the processes of a user are counted on the whole host, whatever namespaces they are in.
 */
static void check_limits(const struct plan *plan) {
    struct utsname kernel;
    int major = 0;
    int minor = 0;
    if (plan->process_limit == 0) {
        return;
    }
    if (uname(&kernel) != 0 || sscanf(kernel.release, "%d.%d", &major, &minor) != 2 || major < 5 ||
        (major == 5 && minor < 14)) {
        fail(EXIT_LAUNCH, "use Linux 5.14 or newer, or leave --pids out",
             "cannot limit the processes of the sandbox: this kernel counts those of the whole host");
    }
}

int supervise(const struct plan *plan) {
    struct run run = {.plan = plan, .lifeline = plan->lifeline, .memory = -1};
    close_others(plan);
    check_limits(plan);
    check_streams(plan);
    umask(022);
    run.signals = wait_signals();
    run.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    run.base = open(plan->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run.timer < 0 || run.base < 0 || fchdir(run.base) != 0) {
        fail_errno("start it through velo run", "cannot enter the store %s", plan->base);
    }
    prepare_binds(plan);
    prepare_run_directory(&run);
    limit_kernel_memory();
    start_init(&run);
    if (plan->time_limit_ms != 0) {
        arm(&run, plan->time_limit_ms);
    }
    supervise_init(&run);

    int init_status = 0;
    while (waitpid(run.init, &init_status, 0) < 0 && errno == EINTR) {
    }
    int code = outcome(&run, init_status);
    if ((run.reported || run.timed_out) && !finish(plan, run.memory)) {
        code = EXIT_LAUNCH;
    }
    if (remove_tree(run.base, plan->run_directory) != 0) {
        message("warning: cannot remove the run directory %s: %s; the next start of velo removes it",
                plan->run_directory, strerror(errno));
    }
    _exit(code);
}
