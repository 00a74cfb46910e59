#include "early.h"
#include "kernel.h"
#include "launch.h"
#include "run.h"
#include "story.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

/* The payload's process was about to execute its program. */
static bool has_begun(void) {
    return story->began[PHASE_RUN] != 0;
}

static int outcome(const struct run *run, int init_status) {
    if (run->timed_out) {
        return EXIT_TIME_LIMIT;
    }
    if (run->output_exceeded || run->out_of_memory) {
        return 128 + SIGKILL;
    }
    if (run->killed) {
        return 128 + SIGKILL;
    }
    if (run->reported) {
        return WIFEXITED(run->status) ? WEXITSTATUS(run->status) : 128 + WTERMSIG(run->status);
    }
    if (WIFEXITED(init_status)) {
        return WEXITSTATUS(init_status); /* it has said why */
    }
    return has_begun() ? 128 + WTERMSIG(init_status) : EXIT_LAUNCH;
}

/* Somebody else ended init, which has nothing to say any more. */
static void tell_what_ended_init(const struct run *run, int init_status) {
    if (!has_begun() && WIFSIGNALED(init_status) && !run->timed_out && !run->killed && !run->ending &&
        !run->out_of_memory && !story->failed) {
        static const char remedy[] = "free some memory and try again";
        char reason[64];
        snprintf(reason, sizeof reason, "signal %d ended its first process", WTERMSIG(init_status));
        message("cannot start the sandbox: %s; %s", reason, remedy);
        note_failure("cannot start the sandbox", reason, 0, remedy);
    }
}

static const char *cause(const struct run *run, int code) {
    if (story->failed) {
        return story->failed_in == PHASE_FINISH ? "capture" : "launch";
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
        .truncated =
            run->output_exceeded || output_lost(run->output) || (!story->failed && output_open(run->output)),
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
    early_discard();
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
    story_begin();
    run.base = open(plan->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (plan->result != NULL) {
        run.record = record_open(plan->result);
    }
    check_streams(plan);
    run.signals = wait_signals(&run.ignored);
    run.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
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
    struct enforcement *limits = run.limits.of;
    limits_conclude(&run.limits);
    limits[LIMIT_TIME].hit = run.timed_out ? HIT_YES : HIT_NO;
    limits[LIMIT_OUTPUT].hit = run.output_exceeded ? HIT_YES : HIT_NO;
    if (run.reported && WIFSIGNALED(run.status) && WTERMSIG(run.status) == SIGXFSZ) {
        limits[LIMIT_FILE_SIZE].hit = HIT_YES;
    }
    if (run.out_of_memory || limits[LIMIT_MEMORY].whole) {
        limits[LIMIT_MEMORY].hit = run.out_of_memory ? HIT_YES : HIT_NO;
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
    watch_init(&run);
    if (run.timed_out) {
        arm(&run, GRACE_MS); /* for the last of the output */
    }
    if (!terminal_end(run.terminal, run.signals, run.timer, run.lifeline)) {
        run.timed_out = run.timed_out || !run.ending;
    }
    run.output_exceeded = run.output_exceeded || output_exceeded(run.output);

    /* Nothing but init is left in there, and that writes to no file: the kernel takes the namespaces apart at
     * the same time. */
    bool removed = run.reported && plan->finish.count == 0 && remove_tree(run.base, plan->run_directory) == 0;
    int init_status = 0;
    while (wait4(run.init, &init_status, 0, &run.usage) < 0 && errno == EINTR) {
    }
    run.init = -1;
    story->ended = now_ns();
    if (run.limits.of[LIMIT_MEMORY].asked != 0 && limits_out_of_memory(&run.limits)) {
        run.out_of_memory = true;
    }
    drain(&run);
    conclude();
    tell_what_ended_it();
    tell_what_ended_init(&run, init_status);
    int code = outcome(&run, init_status);
    bool ended_by_limit = run.timed_out || run.out_of_memory || run.output_exceeded;
    /* A program that was never executed has changed nothing. */
    if ((run.reported || (ended_by_limit && has_begun())) && !story->failed) {
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
