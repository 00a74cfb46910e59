#include "session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { GRACE_MS = 2000, MILLISECOND = 1000000 };

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/*
 * A process that the supervisor's thread has stopped for a moment is seen here, too, if this is its parent:
 * the kernel asks no further than for the thread's process. What was looked at so would be lost to that
 * thread. So each look takes nothing (WNOWAIT), and what is dead is taken by its number. A stop by the
 * supervisor is told from others by its code, and ends soon: who is dead behind it is found the next time.
 */
static bool look(idtype_t which, pid_t process, int what, siginfo_t *seen) {
    seen->si_pid = 0;
    while (waitid(which, (id_t)process, seen, what | WNOHANG | WNOWAIT | __WNOTHREAD) != 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool is_dead(const siginfo_t *seen) {
    return seen->si_pid != 0 &&
           (seen->si_code == CLD_EXITED || seen->si_code == CLD_KILLED || seen->si_code == CLD_DUMPED);
}

static void take(struct run *run, pid_t child) {
    int status;
    if (waitpid(child, &status, WNOHANG) == child && child == run->payload) {
        run->ended = true;
        run->status = status;
    }
}

/* False where no child is left. *stopped: the program was. */
static bool reap(struct run *run, bool *stopped) {
    siginfo_t seen;
    if (!run->ended && look(P_PID, run->payload, WEXITED | WSTOPPED, &seen)) {
        *stopped = seen.si_pid != 0 && seen.si_code == CLD_STOPPED;
        if (is_dead(&seen)) {
            take(run, run->payload);
        }
    }
    while (look(P_ALL, 0, WEXITED, &seen)) {
        if (!is_dead(&seen)) {
            return true;
        }
        take(run, seen.si_pid);
    }
    return false;
}

/*
 * The program is in the same process group: what a terminal sends, and what processes of the run send to
 * their group, reaches it by itself. So only what comes from elsewhere goes on.
 */
static void on_signal(const struct run *run, const siginfo_t *info) {
    const int number = info->si_signo;
    if (number == SIGCHLD || number == SIGPIPE || info->si_code > 0 || is_descendant(info->si_pid)) {
        return;
    }
    kill(run->payload, number);
}

static void on_time(struct run *run, uint64_t *deadline) {
    if (run->timed_out) {
        kill(run->payload, SIGKILL);
        *deadline = UINT64_MAX;
        return;
    }
    run->timed_out = true;
    signal_descendants(SIGTERM);
    signal_descendants(SIGCONT);
    *deadline = now_ns() + (uint64_t)GRACE_MS * MILLISECOND;
}

/* -1: nothing came until then. */
static int next_signal(siginfo_t *info, uint64_t deadline) {
    sigset_t all;
    sigfillset(&all);
    if (deadline == UINT64_MAX) {
        return sigwaitinfo(&all, info);
    }
    const uint64_t now = now_ns();
    const uint64_t left = deadline > now ? deadline - now : 0;
    const struct timespec wait = {.tv_sec = (time_t)(left / 1000000000U),
                                  .tv_nsec = (long)(left % 1000000000U)};
    return sigtimedwait(&all, info, &wait);
}

void watch_payload(struct run *run) {
    const uint64_t limit = run->plan->time_limit_ms;
    uint64_t deadline = UINT64_MAX;
    if (limit != 0 && limit < UINT64_MAX / (2 * MILLISECOND)) {
        deadline = run->began_ns + limit * MILLISECOND;
    }
    for (;;) {
        siginfo_t info;
        bool stopped = false;
        reap(run, &stopped);
        if (run->ended) {
            return;
        }
        if (stopped) {
            /* Whoever waits for this process is to see that it has stopped, when the program has: a shell
             * takes its terminal back then. */
            raise(SIGSTOP);
            kill(run->payload, SIGCONT);
        }
        if (next_signal(&info, deadline) >= 0) {
            on_signal(run, &info);
        } else if (errno == EAGAIN) {
            on_time(run, &deadline);
        }
    }
}

void end_others(struct run *run) {
    const uint64_t until = now_ns() + (uint64_t)GRACE_MS * MILLISECOND;
    bool stopped;
    run->ended_ns = now_ns();
    while (reap(run, &stopped) && now_ns() < until) {
        siginfo_t info;
        /* What has other ids by now cannot be ended: sudo(8) and its like. */
        if (signal_descendants(SIGKILL) == 0) {
            break;
        }
        next_signal(&info, now_ns() + 50 * (uint64_t)MILLISECOND);
    }
    getrusage(RUSAGE_CHILDREN, &run->usage);
}
