#include "stopped.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* The kernel's names, which not all headers have. */
enum {
    SEIZE = 0x4206,
    INTERRUPT = 0x4207,
    GETSIGMASK = 0x420a,
    SETSIGMASK = 0x420b,
    GETREGSET = 0x4204,
    SETREGSET = 0x4205,
    OPTION_SYSGOOD = 1,
    OPTION_EXEC = 0x10,
    EVENT_EXEC = 4,
    EVENT_STOP = 128,
    CALL_STOP = SIGTRAP | 0x80
};

static long trace(long request, pid_t thread, unsigned long address, const void *data) {
    long result = syscall(SYS_ptrace, request, thread, address, data);
    return result < 0 ? -errno : result;
}

/* A thread that has ended stays until whoever traces it has looked, if it is not this process's own child,
 * whose end somebody else waits for. */
static void let_end(pid_t thread) {
    char path[40], text[1024];
    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    FILE *status = fopen(path, "re");
    int process = 0, parent = 0;
    while (status != NULL && fgets(text, sizeof text, status) != NULL) {
        (void)(sscanf(text, "Tgid: %d", &process) == 1 || sscanf(text, "PPid: %d", &parent) == 1);
    }
    if (status != NULL) {
        fclose(status);
    }
    if (process != thread || parent != getpid()) {
        (void)waitpid(thread, NULL, __WALL | WNOHANG);
    }
}

static bool look(pid_t thread, int flags, siginfo_t *info) {
    info->si_pid = 0;
    return waitid(P_PID, (id_t)thread, info, WSTOPPED | WEXITED | WNOWAIT | __WALL | flags) == 0 &&
           info->si_pid != 0;
}

/* A thread that is not its process's first gets the id of that one by execve(2), when all others have ended.
 */
static bool has_executed(struct stopped *stopped) {
    siginfo_t info;
    const struct timespec moment = {0, 50000};
    errno = 0;
    if (look(stopped->process, WNOHANG, &info) && info.si_code == CLD_TRAPPED &&
        info.si_status == (SIGTRAP | EVENT_EXEC << 8)) {
        stopped->thread = stopped->process;
        /* Whoever changed its id is not spoken to before the event was taken. */
        (void)waitid(P_PID, (id_t)stopped->process, &info, WSTOPPED | WNOHANG | __WALL);
        return true;
    }
    if (kill(stopped->process, 0) != 0) {
        stopped->process = 0;
    }
    nanosleep(&moment, NULL);
    return false;
}

/*
 * Until the thread stops: why, or -1 where it has ended. Nothing is taken away by looking: another thread of
 * this process may wait for the same process as its parent.
 */
static int wait_stop(struct stopped *stopped) {
    siginfo_t info;
    while (!look(stopped->thread, stopped->process != 0 ? WNOHANG : 0, &info)) {
        if (stopped->process != 0 && has_executed(stopped)) {
            return SIGTRAP | EVENT_EXEC << 8;
        }
        if (stopped->process == 0 && errno != EINTR) {
            stopped->gone = true;
            return -1;
        }
    }
    if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
        let_end(stopped->thread);
        stopped->gone = true;
        return -1;
    }
    return info.si_status;
}

static long registers_get(pid_t thread, registers *out) {
    struct iovec piece = {out, sizeof *out};
    return trace(GETREGSET, thread, NT_PRSTATUS, &piece);
}

static long registers_set(pid_t thread, registers *from) {
    struct iovec piece = {from, sizeof *from};
    return trace(SETREGSET, thread, NT_PRSTATUS, &piece);
}

long seize_thread(struct stopped *out) {
    memset(out, 0, sizeof *out);
    out->thread = (pid_t)served->notif.pid;
    long error = trace(SEIZE, out->thread, 0, (void *)(uintptr_t)(OPTION_SYSGOOD | OPTION_EXEC));
    /* Who ends is not traced either. */
    served->traced = error < 0 && call_valid();
    return served->traced ? -EACCES : error;
}

void stop_seized(struct stopped *out) {
    const uint64_t all = UINT64_MAX;
    (void)trace(INTERRUPT, out->thread, 0, NULL);
    /* The stop comes behind the call, and no signal before it. */
    const bool answered = call_reply(0);
    if (wait_stop(out) < 0) {
        return;
    }
    if (!answered) {
        /* It was killed: whatever it stops at is not behind this call. */
        (void)trace(PTRACE_DETACH, out->thread, 0, NULL);
        out->gone = true;
    } else if (registers_get(out->thread, &out->before) < 0 ||
               trace(GETSIGMASK, out->thread, sizeof out->mask, &out->mask) < 0 ||
               trace(SETSIGMASK, out->thread, sizeof all, &all) < 0) {
        out->gone = true;
    }
}

long stop_thread(struct stopped *out) {
    long error = seize_thread(out);
    if (error == 0) {
        stop_seized(out);
    }
    return error;
}

bool release_thread(pid_t thread, void (*answer)(const void *with), const void *with) {
    struct stopped stopped = {.thread = thread};
    if (trace(SEIZE, thread, 0, NULL) < 0) {
        return false;
    }
    (void)trace(INTERRUPT, thread, 0, NULL);
    answer(with);
    if (wait_stop(&stopped) >= 0) {
        (void)trace(PTRACE_DETACH, thread, 0, NULL);
    }
    return true;
}

/*
 * Goes on until the next stop at a system call, or an execve(2) that has succeeded. SIGSTOP cannot be
 * blocked: it is delivered at once, so that a SIGCONT behind it counts. The thread goes on nevertheless; the
 * kernel stops it, if it is still to stop, when it is let go.
 */
static int go_on(struct stopped *stopped) {
    for (int signal = 0;;) {
        if (trace(PTRACE_SYSCALL, stopped->thread, 0, (void *)(intptr_t)signal) < 0) {
            stopped->gone = true;
            return -1;
        }
        int why = wait_stop(stopped);
        stopped->executed = why == (SIGTRAP | EVENT_EXEC << 8);
        if (why < 0 || why == CALL_STOP || stopped->executed) {
            return why;
        }
        signal = why >> 8 == 0 && why != SIGTRAP ? why : 0;
    }
}

long stopped_call(struct stopped *stopped, bool exempt, long number, const long arguments[6]) {
    registers now = stopped->before;
    if (stopped->gone) {
        return -ESRCH;
    }
    uint64_t behind = exempt ? SUPERVISED_PAGE + CALL_LENGTH : registers_place(&now);
    registers_call(&now, behind, number, arguments);
    if (registers_set(stopped->thread, &now) < 0) {
        stopped->gone = true;
        return -ESRCH;
    }
    /* Where it begins and where it ends. */
    if (go_on(stopped) < 0 || go_on(stopped) < 0 || registers_get(stopped->thread, &now) < 0) {
        return -ESRCH;
    }
    return registers_result(&now);
}

static const uint8_t page_code[16] = {CALL_CODE, 'v', 'e', 'l', 'o'};

static bool has_memory(pid_t thread) {
    uint8_t bytes[sizeof page_code];
    struct iovec own = {bytes, sizeof bytes}, its = {(void *)SUPERVISED_PAGE, sizeof bytes};
    return process_vm_readv(thread, &own, 1, &its, 1, 0) == (ssize_t)sizeof bytes &&
           memcmp(bytes, page_code, sizeof bytes) == 0;
}

static long map(struct stopped *stopped, unsigned long address, size_t size, int protection) {
    const long arguments[6] = {(long)address,
                               (long)size,
                               protection,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                               -1,
                               0};
    long result = stopped_call(stopped, false, SYS_mmap, arguments);
    return result == (long)address ? 0 : result < 0 ? result : -ENOMEM;
}

/* Always at one address: processes that share their memory share this, and nothing is left over. */
long prepare_memory(struct stopped *stopped) {
    if (has_memory(stopped->thread)) {
        return 0;
    }
    long error = map(stopped, SCRATCH, SCRATCH_SIZE, PROT_READ | PROT_WRITE);
    if (error == 0) {
        error = map(stopped, SUPERVISED_PAGE, EXEMPT_SIZE, PROT_READ | PROT_EXEC);
    }
    for (size_t at = 0; error == 0 && at < sizeof page_code; at += sizeof(long)) {
        long word;
        memcpy(&word, page_code + at, sizeof word);
        error = trace(PTRACE_POKEDATA, stopped->thread, SUPERVISED_PAGE + at, (void *)word);
    }
    return error;
}

long put_memory(const struct stopped *stopped, unsigned long to, const void *from, size_t length) {
    struct iovec own = {(void *)(uintptr_t)from, length}, its = {(void *)to, length};
    ssize_t done = process_vm_writev(stopped->thread, &own, 1, &its, 1, 0);
    return done == (ssize_t)length ? 0 : -EFAULT;
}

static void let_go(struct stopped *stopped) {
    (void)trace(SETSIGMASK, stopped->thread, sizeof stopped->mask, &stopped->mask);
    (void)trace(PTRACE_DETACH, stopped->thread, 0, NULL);
}

void stopped_return(struct stopped *stopped, long result) {
    registers now = stopped->before;
    if (stopped->gone) {
        return;
    }
    if (!stopped->executed) {
        registers_return(&now, result);
        (void)registers_set(stopped->thread, &now);
    }
    let_go(stopped);
}

void stopped_repeat(struct stopped *stopped, const struct seccomp_data *call) {
    registers now = stopped->before;
    long arguments[6];
    if (stopped->gone) {
        return;
    }
    for (int i = 0; i < 6; i++) {
        arguments[i] = (long)call->args[i];
    }
    registers_call(&now, registers_place(&now), call->nr, arguments);
    (void)registers_set(stopped->thread, &now);
    let_go(stopped);
}
