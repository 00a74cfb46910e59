/* Init, and what else runs inside. */
#include "act.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long seize_init(void) {
    return ptrace(PTRACE_SEIZE, 1, 0, 0);
}
static long init_memory(void) {
    return opens("/proc/1/mem", O_RDWR);
}
/* Who is told that there is nothing at the address was allowed to look. */
static long looked(ssize_t moved) {
    return moved == 1 || errno == EFAULT ? 0 : -1;
}
static long init_memory_by_call(void) {
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
    return looked(process_vm_readv(1, &here, 1, &there, 1, 0));
}
static long init_environment(void) {
    return reads("/proc/1/environ");
}
static long init_program(void) {
    return opens("/proc/1/exe", O_PATH);
}
static long init_descriptors(void) {
    return opens("/proc/1/fd", O_RDONLY | O_DIRECTORY);
}
static long root_of_init(void) {
    return opens("/proc/1/root", O_RDONLY);
}
static long limits_of_init(void) {
    const struct rlimit some = {100000, 100000};
    return prlimit(1, RLIMIT_CPU, &some, NULL);
}
/* Init is deaf, so that nothing is kept for it. */
static long signals_for_init(void) {
    union sigval value = {0};
    for (int i = 0; i < 10000; i++) {
        if (sigqueue(1, SIGRTMIN + 1, value) != 0) {
            return -1;
        }
    }
    FILE *status = fopen("/proc/1/status", "r");
    char line[256];
    unsigned long pending = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "SigQ: %lu", &pending);
    }
    errno = ENOSPC;
    return pending >= 10000 ? 0 : -1;
}
static long change_init_memory(void) {
    /* The same program is init in the control, so it has this there, too. */
    static char place = 'x';
    struct iovec here = {&place, 1}, there = {&place, 1};
    return looked(process_vm_writev(1, &here, 1, &there, 1, 0));
}
static long robust_list_of_init(void) {
    void *head;
    size_t length;
    return syscall(SYS_get_robust_list, 1, &head, &length);
}
/* Whatever tells of its memory, its registers, its files or its namespaces. */
static long secrets_of_init(void) {
    static const char *const names[] = {
        "auxv",    "maps",        "smaps", "smaps_rollup",   "numa_maps", "pagemap", "stack",
        "syscall", "personality", "io",    "fd/0",           "fdinfo",    "cwd",     "map_files",
        "ns/mnt",  "ns/net",      "mem",   "task/1/environ", "task/1/fd"};
    char path[64];
    for (size_t i = 0; i < LENGTH(names); i++) {
        snprintf(path, sizeof path, "/proc/1/%s", names[i]);
        if (opens(path, O_RDONLY) == 0) {
            return 0;
        }
    }
    errno = EACCES;
    return -1;
}
static long knobs_of_init(void) {
    static const char *const names[] = {
        "comm",  "oom_score_adj", "oom_adj", "clear_refs", "mem",      "autogroup",     "coredump_filter",
        "sched", "setgroups",     "uid_map", "projid_map", "loginuid", "timens_offsets"};
    char path[64];
    for (size_t i = 0; i < LENGTH(names); i++) {
        snprintf(path, sizeof path, "/proc/1/%s", names[i]);
        if (opens(path, O_WRONLY) == 0) {
            fprintf(stderr, "%s can be opened for writing\n", path);
            return 0;
        }
    }
    errno = EACCES;
    return -1;
}

static int send_all_ways(pid_t pid, int number) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    kill(pid, number);
    syscall(SYS_tgkill, pid, pid, number);
    siginfo_t info = {.si_signo = number, .si_code = SI_QUEUE};
    syscall(SYS_rt_sigqueueinfo, pid, number, &info);
    int sent = process < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, process, number, NULL, 0);
    close(process);
    return sent;
}
/* Nothing would be printed any more had init ended; a child of one's own does end. */
static long end_init(void) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    if (send_all_ways(child, SIGKILL) != 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) {
        return -1;
    }
    for (int number = 1; number < NSIG; number++) {
        send_all_ways(1, number);
    }
    const struct timespec moment = {0, 50000000};
    nanosleep(&moment, NULL);
    return kill(1, 0) != 0 && errno == ESRCH ? 0 : (errno = EBUSY, -1);
}
static long priority_of_init(void) {
    const struct sched_param none = {0};
    cpu_set_t all;
    CPU_ZERO(&all);
    sched_getaffinity(0, sizeof all, &all);
    bool changed = setpriority(PRIO_PROCESS, 1, 1) == 0;
    changed = setpriority(PRIO_USER, 0, 1) == 0 || changed;
    changed = sched_setscheduler(1, SCHED_IDLE, &none) == 0 || changed;
    changed = sched_setparam(1, &none) == 0 || changed;
    changed = sched_setaffinity(1, sizeof all, &all) == 0 || changed;
    changed = syscall(SYS_ioprio_set, 1, 1, 3 << 13) == 0 || changed;
    changed = syscall(SYS_ioprio_set, 3, 0, 3 << 13) == 0 || changed;
    return changed ? 0 : -1;
}
static long own_priority(void) {
    return setpriority(PRIO_PROCESS, 0, 1) == 0 && setpriority(PRIO_PGRP, 0, 2) == 0 ? 0 : -1;
}
static long trace_own_child(void) {
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    long result = ptrace(PTRACE_SEIZE, child, 0, 0);
    int error = errno;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    errno = error;
    return result;
}

static struct rlimit core_limit(void) {
    struct rlimit now = {0, 0};
    getrlimit(RLIMIT_CORE, &now);
    return now;
}
static long to_core_limit(rlim_t limit) {
    const struct rlimit before = core_limit();
    const struct rlimit wanted = {limit, limit};
    if (setrlimit(RLIMIT_CORE, &wanted) != 0) {
        return -1;
    }
    errno = EPERM;
    return core_limit().rlim_max != before.rlim_max || core_limit().rlim_cur != before.rlim_cur ? 0 : -1;
}
static long raise_core_limit(void) {
    const struct rlimit now = core_limit();
    return to_core_limit(now.rlim_cur < now.rlim_max ? now.rlim_max : (rlim_t)1 << 20);
}
/* A program that the host runs for dumps is run for a limit of 0, too; it is not for 1. */
static long lower_core_limit(void) {
    return to_core_limit(0);
}
static long crash(void) {
    const struct rlimit now = core_limit();
    const struct rlimit most = {now.rlim_max, now.rlim_max};
    setrlimit(RLIMIT_CORE, &most);
    sigset_t fault;
    sigemptyset(&fault);
    sigaddset(&fault, SIGSEGV);
    sigprocmask(SIG_UNBLOCK, &fault, NULL);
    raise(SIGSEGV);
    return 0;
}

const struct act process_acts[] = {
    ACT(seize_init),       ACT(init_memory),      ACT(init_memory_by_call), ACT(change_init_memory),
    ACT(init_environment), ACT(init_program),     ACT(init_descriptors),    ACT(root_of_init),
    ACT(secrets_of_init),  ACT(knobs_of_init),    ACT(robust_list_of_init), ACT(limits_of_init),
    ACT(signals_for_init), ACT(end_init),         ACT(priority_of_init),    ACT(own_priority),
    ACT(trace_own_child),  ACT(raise_core_limit), ACT(lower_core_limit),    ACT(crash),
    {NULL, NULL}};
