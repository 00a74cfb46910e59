#include "enforcement.h"
#include "kernel.h"
#include "launch.h"
#include "record.h"
#include "story.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
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
    struct terminal *terminal;
    int memory;    /* where the upper layer is, when it cannot be in the store; else -1 */
    bool reported; /* init has sent the payload's wait status */
    int status;
    bool timed_out;
    bool ending; /* init was told to end all */
    bool killed; /* with the lifeline */
    bool output_exceeded;
    bool out_of_memory;
    struct rusage usage;
    struct limits limits;
    struct output *output;
    struct record *record;
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
    const bool grouped = groups_exist(&run->limits.groups);
    const int flags = namespace_flags();
    bool born;
    enter_phase(PHASE_NAMESPACES);
    run->init =
        clone_into(grouped ? flags & ~CLONE_NEWCGROUP : flags, groups_birthplace(&run->limits.groups), &born);
    if (run->init < 0) {
        explain_clone_failure(flags);
    }
    if (run->init == 0) {
        close(pair[0]);
        run_init(run->plan, &run->limits, pair[1], run->terminal);
    }
    close(pair[1]);
    run->control = pair[0];
    if (grouped) {
        groups_enter(&run->limits.groups, run->init, born);
    }
    output_started(run->output);
    write_id_maps(run->init, run->plan);
    /* While init does what it can without an identity. */
    prepare_run_directory(run);
    tell_init(run, TELL_GO);
}

static void arm(const struct run *run, uint64_t milliseconds) {
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(milliseconds / 1000),
                                           .tv_nsec = (long)(milliseconds % 1000) * 1000000L}};
    if (timerfd_settime(run->timer, 0, &when, NULL) != 0) {
        kill(run->init, SIGKILL);
    }
}

/* By init, which waits for them, so that what they used is counted; by the kernel where init does not answer.
 */
static void end_all(struct run *run) {
    enum { ANSWER_MS = 1000 };
    if (run->ending) {
        kill(run->init, SIGKILL);
    } else {
        run->ending = true;
        tell_init(run, TELL_END_ALL);
        arm(run, ANSWER_MS);
    }
}

static void on_timer(struct run *run) {
    uint64_t count;
    if (read(run->timer, &count, sizeof count) < 0) {
        return;
    }
    if (!run->timed_out && !run->ending) {
        run->timed_out = true;
        tell_init(run, SIGTERM);
        tell_init(run, SIGCONT);
        arm(run, GRACE_MS);
    } else {
        end_all(run);
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
        terminal_suspend(run->terminal);
        raise(SIGSTOP);
        break;
    case SIGCONT:
        tell_init(run, SIGCONT);
        terminal_resume(run->terminal);
        break;
    case SIGWINCH:
        if (!terminal_resize(run->terminal)) {
            tell_init(run, SIGWINCH);
        }
        break;
    default:
        tell_init(run, (unsigned char)number);
        break;
    }
}

enum {
    CONTROL,
    SIGNALS,
    TIMER,
    LIFELINE,
    MEMORY,
    OUTPUT,
    TERMINAL = OUTPUT + OUTPUT_POLLS,
    POLLS = TERMINAL + TERMINAL_WAITS
};

static void wait_for_any(struct run *run, struct pollfd *wait) {
    const int watched[OUTPUT] = {[CONTROL] = run->control,
                                 [SIGNALS] = run->signals,
                                 [TIMER] = run->timer,
                                 [LIFELINE] = run->lifeline,
                                 [MEMORY] = run->out_of_memory ? -1 : run->limits.out_of_memory};
    for (int i = 0; i < OUTPUT; i++) {
        wait[i] = (struct pollfd){.fd = watched[i], .events = POLLIN};
    }
    output_poll(run->output_exceeded ? NULL : run->output, wait + OUTPUT);
    terminal_wait(run->terminal, wait + TERMINAL);
    while (poll(wait, POLLS, -1) < 0) {
        if (errno != EINTR) {
            kill(run->init, SIGKILL);
            fail_errno("free some memory", "cannot wait for the sandbox");
        }
    }
}

static void take_descriptor(struct run *run, char what, int descriptor) {
    if (what == DESCRIPTOR_TERMINAL) {
        terminal_begin(run->terminal, descriptor);
    } else {
        run->memory = descriptor;
    }
}

/* True when init has reported or has died. */
static bool on_control(struct run *run) {
    int status;
    int descriptor = -1;
    ssize_t got = receive(run->control, &status, sizeof status, &descriptor);
    if (got == 1) {
        take_descriptor(run, *(char *)&status, descriptor);
        return false;
    }
    if (got == sizeof status) {
        run->reported = true;
        run->status = status;
    }
    return true;
}

static void supervise_init(struct run *run) {
    struct pollfd wait[POLLS];
    for (;;) {
        wait_for_any(run, wait);
        if (wait[CONTROL].revents != 0 && on_control(run)) {
            return;
        }
        if (wait[LIFELINE].revents != 0) {
            run->killed = true;
            kill(run->init, SIGKILL);
            return;
        }
        if (wait[MEMORY].revents != 0 && !run->out_of_memory) {
            run->out_of_memory = true;
            end_all(run);
        }
        if (!run->output_exceeded && !output_move(run->output, wait + OUTPUT)) {
            run->output_exceeded = true;
            end_all(run);
        }
        if (wait[TIMER].revents != 0) {
            on_timer(run);
        }
        if (wait[SIGNALS].revents != 0) {
            on_signal(run);
        }
        terminal_relay(run->terminal, &wait[TERMINAL]);
    }
}

/* Nothing inside lives any more; what it wrote last is still in the pipes. Whoever wants this process to end
 * is not kept waiting for a reader. */
static void drain(struct run *run) {
    struct pollfd wait[POLLS];
    run->control = -1;
    run->limits.out_of_memory = -1;
    while (output_open(run->output) && !run->output_exceeded) {
        wait_for_any(run, wait);
        struct signalfd_siginfo info;
        bool asked = wait[SIGNALS].revents != 0 && read(run->signals, &info, sizeof info) > 0 &&
                     info.ssi_signo != SIGCHLD && info.ssi_signo != SIGWINCH && info.ssi_signo != SIGCONT;
        if (wait[LIFELINE].revents != 0 || wait[TIMER].revents != 0 || asked) {
            /* What is lost here must not look like success. */
            run->timed_out = run->timed_out || (wait[TIMER].revents != 0 && !run->ending);
            run->status = asked ? (int)info.ssi_signo : run->status;
            return;
        }
        run->output_exceeded = !output_move(run->output, wait + OUTPUT);
    }
}

static int outcome(const struct run *run, int init_status) {
    if (run->timed_out) {
        return EXIT_TIME_LIMIT;
    }
    if (run->output_exceeded || run->out_of_memory) {
        return 128 + SIGKILL;
    }
    if (run->reported) {
        return WIFEXITED(run->status) ? WEXITSTATUS(run->status) : 128 + WTERMSIG(run->status);
    }
    if (WIFEXITED(init_status)) {
        return WEXITSTATUS(init_status); /* it has said why */
    }
    return 128 + WTERMSIG(init_status);
}

static const char *cause(const struct run *run, int code) {
    if (story->failed) {
        return story->stage == PHASE_FINISH ? "capture" : "launch";
    }
    return run->timed_out                                             ? "timeout"
           : run->out_of_memory                                       ? "memory"
           : run->output_exceeded                                     ? "output"
           : run->killed                                              ? "lifeline"
           : code > 128 && !(run->reported && WIFEXITED(run->status)) ? "signal"
                                                                      : "exit";
}

/* False: the record could not be written. */
static bool write_record(struct run *run, int code, int init_status) {
    if (run->record == NULL) {
        return true;
    }
    struct ending ending = {
        .exit = code,
        .cause = cause(run, code),
        .timed_out = run->timed_out,
        .out_of_memory = run->out_of_memory || limits_out_of_memory(&run->limits),
        .truncated = run->output_exceeded || output_error(run->output) != 0 ||
                     (!story->failed && output_open(run->output)),
        .usage = run->usage,
        .peak_memory = groups_peak_memory(&run->limits.groups),
        .peak_processes = group_read(&run->limits.groups.of[CONTROLLER_PIDS], "pids.peak", NULL),
        .output = run->output == NULL ? UINT64_MAX : output_bytes(run->output),
    };
    int status = run->reported ? run->status : init_status;
    if (WIFSIGNALED(status) && !story->failed) {
        ending.signal = WTERMSIG(status);
    }
    return record_write(run->record, &ending, &run->limits);
}

static struct run run = {.memory = -1, .init = -1, .lifeline = -1};

/* This process gives up: nothing of the run may stay, and the record says why. */
static void abandon(int status) {
    if (run.init > 0) {
        kill(run.init, SIGKILL);
        while (wait4(run.init, NULL, 0, &run.usage) < 0 && errno == EINTR) {
        }
    }
    limits_conclude(&run.limits);
    write_record(&run, status, 0);
    groups_remove(&run.limits.groups);
    if (run.base > 0) {
        remove_tree(run.base, run.plan->run_directory);
    }
}

static void prepare(const struct plan *plan) {
    run.plan = plan;
    run.lifeline = plan->lifeline;
    at_failure = abandon;
    close_others(plan);
    umask(022);
    if (plan->result != NULL) {
        story_begin();
        run.record = record_open(plan->result);
    }
    check_streams(plan);
    run.signals = wait_signals();
    run.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    run.base = open(plan->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run.timer < 0 || run.base < 0 || fchdir(run.base) != 0) {
        fail_errno("start it through velo run", "cannot enter the store %s", plan->base);
    }
    limits_prepare(&run.limits, plan);
    prepare_binds(plan);
    limit_kernel_memory();
    run.output = output_prepare(plan);
    run.terminal = terminal_look(plan, run.output);
}

static void conclude(void) {
    limits_conclude(&run.limits);
    const struct {
        enum resource_kind limit;
        bool hit;
    } known[] = {
        {LIMIT_TIME, run.timed_out}, {LIMIT_MEMORY, run.out_of_memory}, {LIMIT_OUTPUT, run.output_exceeded}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct enforcement *limit = &run.limits.of[known[i].limit];
        if (known[i].hit || known[i].limit != LIMIT_MEMORY || limit->whole) {
            limit->hit = known[i].hit ? HIT_YES : HIT_NO;
        }
    }
}

static void tell_what_ended_it(void) {
    if (run.out_of_memory) {
        message("ended the program: it needed more memory than its limit");
    } else if (run.output_exceeded) {
        message("ended the program: it wrote more than its limit of %llu bytes",
                (unsigned long long)run.plan->output_limit);
    }
}

int supervise(const struct plan *plan) {
    prepare(plan);
    start_init(&run);
    if (plan->time_limit_ms != 0) {
        arm(&run, plan->time_limit_ms);
    }
    supervise_init(&run);
    if (run.timed_out) {
        arm(&run, GRACE_MS); /* for the last of the output */
    }
    if (!terminal_end(run.terminal, run.signals, run.timer, run.lifeline)) {
        run.timed_out = true;
    }
    run.output_exceeded = run.output_exceeded || output_exceeded(run.output);

    /* Nothing but init is left in there, and that writes to no file: the kernel takes the namespaces apart at
     * the same time. */
    bool removed = run.reported && plan->finish.count == 0 && remove_tree(run.base, plan->run_directory) == 0;
    int init_status = 0;
    while (wait4(run.init, &init_status, 0, &run.usage) < 0 && errno == EINTR) {
    }
    run.init = -1;
    if (story != NULL) {
        story->ended = now_ns();
    }
    if (run.limits.of[LIMIT_MEMORY].asked != 0 && limits_out_of_memory(&run.limits)) {
        run.out_of_memory = true;
    }
    drain(&run);
    conclude();
    tell_what_ended_it();
    int code = outcome(&run, init_status);
    bool ended_by_limit = run.timed_out || run.out_of_memory || run.output_exceeded;
    if (run.reported || ended_by_limit) {
        enter_phase(PHASE_FINISH);
        if (!run_finish(plan, run.memory)) {
            code = EXIT_LAUNCH;
            note_failure("cannot capture the changes of the run", "velo finish failed", 0,
                         "see what it printed on standard error");
        }
    }
    if (output_error(run.output) != 0) {
        message("cannot pass on the output of the program: %s; free some space or send it elsewhere",
                strerror(output_error(run.output)));
        code = EXIT_LAUNCH;
    }
    if (!removed && remove_tree(run.base, plan->run_directory) != 0) {
        message("warning: cannot remove the run directory %s: %s; the next start of velo removes it",
                plan->run_directory, strerror(errno));
    }
    if (!write_record(&run, code, init_status)) {
        code = EXIT_LAUNCH;
    }
    groups_remove(&run.limits.groups);
    _exit(code);
}
