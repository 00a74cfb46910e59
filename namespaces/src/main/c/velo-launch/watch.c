#include "kernel.h"
#include "launch.h"
#include "run.h"
#include "story.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

void tell_init(const struct run *run, unsigned char what) {
    if (send(run->control, &what, 1, MSG_NOSIGNAL) < 0) {
        return; /* init has ended: there is nobody left to tell */
    }
}

void arm(const struct run *run, uint64_t milliseconds) {
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
    if (sigismember(&run->ignored, number)) {
        return; /* nohup(1), and jobs in the background of a script */
    }
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
    if (got == 2) {
        errno = ((unsigned char *)&status)[1];
        explain_clone_failure(CLONE_NEWNET);
    }
    if (got == sizeof status) {
        run->reported = true;
        run->status = status;
    }
    return true;
}

void watch_init(struct run *run) {
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
        if (wait[MEMORY].revents != 0 && limits_reached_memory(&run->limits)) {
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
        if (!run->output_exceeded && output_exceeded(run->output)) {
            run->output_exceeded = true;
            end_all(run);
        }
    }
}

/* The number of a signal by which somebody wants this process to end; 0: none. */
static int ends_drain(const struct run *run) {
    struct signalfd_siginfo info;
    if (read(run->signals, &info, sizeof info) != (ssize_t)sizeof info) {
        return 0;
    }
    int number = (int)info.ssi_signo;
    bool ends = number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
    return ends && !sigismember(&run->ignored, number) ? number : 0;
}

void drain(struct run *run) {
    struct pollfd wait[POLLS];
    run->control = -1;
    run->limits.out_of_memory = -1;
    while (output_open(run->output) && !run->output_exceeded) {
        wait_for_any(run, wait);
        int asked = wait[SIGNALS].revents != 0 ? ends_drain(run) : 0;
        if (wait[LIFELINE].revents != 0) {
            run->killed = true;
        }
        if (run->killed || wait[TIMER].revents != 0 || asked != 0) {
            /* What is lost here must not look like success. */
            run->timed_out = run->timed_out || (wait[TIMER].revents != 0 && !run->ending);
            run->status = asked != 0 ? asked : run->status;
            return;
        }
        run->output_exceeded = !output_move(run->output, wait + OUTPUT);
    }
}
