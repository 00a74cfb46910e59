/* System calls that the filter must catch, and ways past a filter. */
#include "act.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static long asynchronous_io(void) {
    char parameters[512] = {0};
    return syscall(SYS_io_uring_setup, 4, parameters) < 0 ? -1 : 0;
}
static long memory_faults(void) {
    return syscall(SYS_userfaultfd, 1 /* user mode only */) < 0 ? -1 : 0;
}
static long other_descriptor(void) {
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    return self < 0 || syscall(SYS_pidfd_getfd, self, 0, 0) < 0 ? -1 : 0;
}
static long compare_self(void) {
    return syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0) < 0 ? -1 : 0;
}
static long old_personality(void) {
    return syscall(SYS_personality, 0x0400000UL) < 0 ? -1 : 0;
}

/* A filter of one's own, with this verdict for one call; what seccomp(2) returned. */
static int own_filter(unsigned number, unsigned verdict, unsigned flags) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, verdict),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {LENGTH(code), code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}
/* A listener may let a call go on, but the filter that was there first has the last word. */
static long allowed_by_listener(void) {
    int listener = own_filter(SYS_unshare, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    int status = 0;
    pid_t child = listener < 0 ? -1 : fork();
    if (child == 0) {
        _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
    }
    if (child < 0) {
        return -1;
    }
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    struct seccomp_notif call = {0};
    if (poll(&wait, 1, 300) == 1 && ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
        struct seccomp_notif_resp answer = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
    waitpid(child, &status, 0);
    return ended_with_success(status);
}

#if defined(__x86_64__)
static long foreign_abi(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid of i386 */) : "memory");
    errno = result < 0 ? (int)-result : 0;
    return result > 0 ? 0 : -1;
}
static long x32_abi(void) {
    return syscall(0x40000000L | 39) < 0 ? -1 : 0;
}
/* Puts unshare(CLONE_NEWUSER) in the place of the call at which this process stands. */
static void swap_call(pid_t child) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, child, 0, &registers) == 0) {
        registers.orig_rax = SYS_unshare;
        registers.rdi = CLONE_NEWUSER;
        ptrace(PTRACE_SETREGS, child, 0, &registers);
    }
}
static long stands_at(pid_t child) {
    struct user_regs_struct registers;
    return ptrace(PTRACE_GETREGS, child, 0, &registers) == 0 ? (long)registers.orig_rax : -1;
}
static pid_t traced_child(int filtered) {
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        if (filtered && own_filter(SYS_getppid, SECCOMP_RET_TRACE, 0) != 0) {
            _exit(errno);
        }
        _exit(syscall(SYS_getppid) == 0 ? 0 : errno);
    }
    waitpid(child, NULL, 0);
    return child;
}
/* By a tracer, between the call and the filter. */
static long call_swapped_by_tracer(void) {
    pid_t child = traced_child(0);
    int status = 0;
    while (ptrace(PTRACE_SYSCALL, child, 0, 0) == 0 && waitpid(child, &status, 0) == child &&
           WIFSTOPPED(status)) {
        if (stands_at(child) == SYS_getppid) {
            swap_call(child);
        }
    }
    return ended_with_success(status);
}
/* The same at the point where a filter of one's own has asked the tracer. */
static long call_swapped_in_filter(void) {
    pid_t child = traced_child(1);
    int status = 0;
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP);
    while (ptrace(PTRACE_CONT, child, 0, 0) == 0 && waitpid(child, &status, 0) == child &&
           WIFSTOPPED(status)) {
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
            swap_call(child);
        }
    }
    return ended_with_success(status);
}
#endif

const struct act call_acts[] = {ACT(asynchronous_io),
                                ACT(memory_faults),
                                ACT(other_descriptor),
                                ACT(compare_self),
                                ACT(old_personality),
                                ACT(allowed_by_listener),
#if defined(__x86_64__)
                                ACT(foreign_abi),
                                ACT(x32_abi),
                                ACT(call_swapped_by_tracer),
                                ACT(call_swapped_in_filter),
#endif
                                {NULL, NULL}};
