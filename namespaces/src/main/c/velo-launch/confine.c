#include "kernel.h"
#include "launch.h"
#include "reasons.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/vfs.h>

static const char SEE_DOCTOR[] = "see velo doctor for what this host can do";

int open_host_proc(void) {
    enum { PROC_FILE_SYSTEM = 0x9fa0 };
    struct statfs where;
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0 || fstatfs(proc, &where) != 0) {
        fail_errno(SEE_DOCTOR, "cannot open /proc");
    }
    if (where.f_type != PROC_FILE_SYSTEM) {
        fail(EXIT_LAUNCH, "mount proc there", "cannot use /proc: it is no proc file system");
    }
    return proc;
}

static void put(int directory, const char *name, const char *text) {
    if (!put_text(directory, name, text)) {
        fail_errno(SEE_DOCTOR, "cannot write /proc/%s", name);
    }
}

/* Never above what the caller has. */
static void limit(int resource, rlim_t most, const char *what) {
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) {
        fail_errno(SEE_DOCTOR, "cannot read the limit of %s", what);
    }
    if (now.rlim_max == RLIM_INFINITY || now.rlim_max > most) {
        const struct rlimit lower = {now.rlim_cur < most ? now.rlim_cur : most, most};
        if (setrlimit(resource, &lower) != 0) {
            fail_errno(SEE_DOCTOR, "cannot limit %s", what);
        }
    }
}

/*
 * A core file of the payload would be written by the host's rules, which may name a program: the kernel
 * starts that as the host's root even where the limit is 0, but not where it is 1, and a file is never that
 * short (core(5)). Who may not have 1 has 0 from his caller, and cannot help it.
 */
static void forbid_core_files(void) {
    const struct rlimit one = {1, 1};
    if (setrlimit(RLIMIT_CORE, &one) != 0) {
        limit(RLIMIT_CORE, 0, "core dumps");
    }
}

static const struct {
    int resource;
    rlim_t most;
    const char *what;
} kernel_memory[KERNEL_MEMORY_LIMITS] = {{RLIMIT_MEMLOCK, 8 << 20, "locked memory"},
                                         {RLIMIT_MSGQUEUE, 800 << 10, "message queues"},
                                         {RLIMIT_SIGPENDING, 8 << 10, "pending signals"}};

void limit_kernel_memory(void) {
    forbid_core_files();
    for (size_t i = 0; i < KERNEL_MEMORY_LIMITS; i++) {
        limit(kernel_memory[i].resource, kernel_memory[i].most, kernel_memory[i].what);
    }
}

bool narrow_kernel_memory(struct kernel_memory_limits *before) {
    bool narrow = true;
    for (size_t i = 0; i < KERNEL_MEMORY_LIMITS; i++) {
        struct rlimit *now = &before->of[i];
        if (getrlimit(kernel_memory[i].resource, now) != 0) {
            *now = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
            narrow = false;
        } else if (now->rlim_cur > kernel_memory[i].most) {
            const struct rlimit lower = {kernel_memory[i].most, now->rlim_max};
            narrow = setrlimit(kernel_memory[i].resource, &lower) == 0 && narrow;
        }
    }
    return narrow;
}

void widen_kernel_memory(const struct kernel_memory_limits *before) {
    for (size_t i = 0; i < KERNEL_MEMORY_LIMITS; i++) {
        if (before->of[i].rlim_cur > kernel_memory[i].most) {
            setrlimit(kernel_memory[i].resource, &before->of[i]);
        }
    }
}

static void put_maps(int proc, unsigned inside_uid, unsigned uid, unsigned inside_gid, unsigned gid) {
    char map[64];
    put(proc, "self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", inside_uid, uid);
    put(proc, "self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", inside_gid, gid);
    put(proc, "self/gid_map", map);
}

void map_own_ids(const struct plan *plan, int proc) {
    put_maps(proc, plan->inside_uid, plan->outside_uid, plan->inside_gid, plan->outside_gid);
}

void own_nothing(const struct plan *plan, int proc) {
    lower_ceilings(proc, true);
    /* The files of a process that may not be dumped belong to the host's root, who is nobody in here. */
    if (unshare(CLONE_NEWUSER) != 0) {
        const struct finding finding = diagnose_call(&this_host, errno, "self", "unshare");
        fail_because(&finding, SEE_DOCTOR, "cannot make the payload's user namespace");
    }
    if (prctl(PR_SET_DUMPABLE, 1) != 0) {
        fail_errno(SEE_DOCTOR, "cannot map the payload's ids");
    }
    put_maps(proc, plan->inside_uid, plan->inside_uid, plan->inside_gid, plan->inside_gid);
}
