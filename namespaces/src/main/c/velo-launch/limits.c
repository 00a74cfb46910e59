#include "enforcement.h"
#include "kernel.h"
#include "story.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

const char *const limit_names[LIMITS] = {"timeout", "memory", "pids", "cpus", "disk", "output", "file-size"};

static const char GROUP_REMEDY[] =
    "start velo as root, or in a group that is yours (systemd-run --user --scope -p Delegate=yes velo run "
    "...), or take what can be had with --limits best-effort";

/* Where nobody asked for less: far more than a build needs, far less than a host has process ids for. */
enum { USUAL_PROCESSES = 16384 };

static void enforced_by(struct enforcement *limit, const char *mechanism, bool whole) {
    limit->mechanism = mechanism;
    limit->whole = whole;
}

static const char *group_name(const struct group *group) {
    return group->version == 2 ? "cgroup-v2" : "cgroup-v1";
}

static bool put_number(const struct group *group, const char *file, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return group_write(group, file, text);
}

/* The files that count swap are missing where the kernel was told not to count it. */
static bool has_no_swap(void) {
    struct sysinfo host;
    return errno == ENOENT && sysinfo(&host) == 0 && host.totalswap == 0;
}

/* No swap, or the limit would be of what is in memory at one time only. */
static bool limit_memory(const struct group *group, uint64_t most) {
    if (group->version == 2) {
        return put_number(group, "memory.max", most) && group_write(group, "memory.oom.group", "1") &&
               (put_number(group, "memory.swap.max", 0) || has_no_swap());
    }
    return put_number(group, "memory.limit_in_bytes", most) &&
           (put_number(group, "memory.memsw.limit_in_bytes", most) || has_no_swap());
}

/* Version 1 kills one process; the supervisor is told here and kills the rest (the kernel's
 * Documentation/admin-guide/cgroup-v1/memory.rst, section 10). */
static int tell_out_of_memory(const struct group *group) {
    char text[32];
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int control = openat(group->directory, "memory.oom_control", O_RDONLY | O_CLOEXEC);
    snprintf(text, sizeof text, "%d %d", event, control);
    bool told = event >= 0 && control >= 0 && group_write(group, "cgroup.event_control", text);
    if (control >= 0) {
        close(control);
    }
    if (event >= 0 && !told) {
        close(event);
    }
    return told ? event : -1;
}

static void prepare_memory(struct limits *limits) {
    struct enforcement *limit = &limits->of[LIMIT_MEMORY];
    struct group *group = &limits->groups.of[CONTROLLER_MEMORY];
    if (group->version != 0 && limit->asked != 0 && !limit_memory(group, limit->asked)) {
        snprintf(group->refusal, sizeof group->refusal, "its control group takes no limit: %s",
                 strerror(errno));
    } else if (group->version != 0) {
        enforced_by(limit, group_name(group), true);
        limits->out_of_memory = group->version == 1 ? tell_out_of_memory(group) : -1;
        return;
    }
    snprintf(limit->reason, sizeof limit->reason, "%s", group->refusal);
    enforced_by(limit, "rlimit-data", false);
}

static void prepare_processors(struct limits *limits) {
    enum { PERIOD_US = 100000 };
    struct enforcement *limit = &limits->of[LIMIT_CPUS];
    struct group *group = &limits->groups.of[CONTROLLER_CPU];
    uint64_t quota = limit->asked * (PERIOD_US / 1000);
    char text[48];
    snprintf(text, sizeof text, "%llu %d", (unsigned long long)quota, PERIOD_US);
    if (group->version == 2 ? group_write(group, "cpu.max", text)
                            : group->version == 1 && put_number(group, "cpu.cfs_period_us", PERIOD_US) &&
                                  put_number(group, "cpu.cfs_quota_us", quota)) {
        enforced_by(limit, group_name(group), true);
        return;
    }
    if (group->version != 0) {
        snprintf(limit->reason, sizeof limit->reason, "its control group takes no limit: %s",
                 strerror(errno));
    } else {
        snprintf(limit->reason, sizeof limit->reason, "%s", group->refusal);
    }
    enforced_by(limit, "affinity", false);
}

/* Before Linux 5.14 the processes of a user are counted on the whole host, whatever namespaces they are in.
 */
static bool counts_by_namespace(void) {
    struct utsname kernel;
    int major = 0;
    int minor = 0;
    return uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
           (major > 5 || (major == 5 && minor >= 14));
}

static void prepare_processes(struct limits *limits) {
    struct enforcement *limit = &limits->of[LIMIT_PIDS];
    struct group *group = &limits->groups.of[CONTROLLER_PIDS];
    /* One more: pid 1 is in the group, too. */
    if (group->version != 0 && put_number(group, "pids.max", limit->asked + 1)) {
        enforced_by(limit, group_name(group), true);
    } else if (counts_by_namespace()) {
        enforced_by(limit, "rlimit-nproc", true);
    } else {
        snprintf(limit->reason, sizeof limit->reason,
                 "this kernel counts the processes of the whole host, and %.240s",
                 group->version != 0 ? "the control group takes no limit" : group->refusal);
    }
}

static const char *const subjects[LIMITS] = {
    [LIMIT_MEMORY] = "memory",  [LIMIT_PIDS] = "processes", [LIMIT_CPUS] = "processor time",
    [LIMIT_DISK] = "disk",      [LIMIT_TIME] = "time",      [LIMIT_OUTPUT] = "output",
    [LIMIT_FILE_SIZE] = "files"};

static void warn(const struct limits *limits) {
    for (int i = 0; i < LIMITS; i++) {
        const struct enforcement *limit = &limits->of[i];
        if (limit->asked != 0 && !limit->whole) {
            message("warning: the %s of the sandbox cannot be limited, only %s is tried: %s", subjects[i],
                    limit->mechanism == NULL ? "nothing" : limit->mechanism, limit->reason);
        }
    }
}

static void refuse(const struct limits *limits) {
    for (int i = 0; i < LIMITS; i++) {
        const struct enforcement *limit = &limits->of[i];
        if (limit->asked != 0 && !limit->whole) {
            static char type[32];
            snprintf(type, sizeof type, "limit-%s", limit_names[i]);
            failure_type = type;
            fail(EXIT_LAUNCH, GROUP_REMEDY, "cannot limit the %s of the sandbox: %s", subjects[i],
                 limit->reason);
        }
    }
}

void limits_prepare(struct limits *limits, const struct plan *plan) {
    const uint64_t asked[LIMITS] = {plan->time_limit_ms,   plan->memory_limit, plan->process_limit,
                                    plan->processor_limit, plan->disk_limit,   plan->output_limit,
                                    plan->file_limit};
    unsigned wanted = 0;
    limits->out_of_memory = -1;
    for (int i = 0; i < LIMITS; i++) {
        limits->of[i] = (struct enforcement){.asked = asked[i], .hit = HIT_UNKNOWN};
    }
    /* A group only for the record would cost more than it tells. */
    wanted |= plan->memory_limit != 0 ? 1U << CONTROLLER_MEMORY : 0;
    wanted |= plan->process_limit != 0 && (plan->result != NULL || !counts_by_namespace())
                  ? 1U << CONTROLLER_PIDS
                  : 0;
    wanted |= plan->processor_limit != 0 ? 1U << CONTROLLER_CPU : 0;
    if (wanted != 0) {
        groups_make(&limits->groups, wanted, plan->run_directory);
    }
    if (plan->memory_limit != 0) {
        prepare_memory(limits);
    }
    if (plan->processor_limit != 0) {
        prepare_processors(limits);
    }
    if (plan->process_limit != 0) {
        prepare_processes(limits);
    }
    enforced_by(&limits->of[LIMIT_TIME], "timer", true);
    enforced_by(&limits->of[LIMIT_DISK], "tmpfs", true);
    enforced_by(&limits->of[LIMIT_OUTPUT], "pipe", true);
    enforced_by(&limits->of[LIMIT_FILE_SIZE], "rlimit-fsize", true);
    if (plan->best_effort) {
        warn(limits);
    } else {
        refuse(limits);
    }
}

/* Never above what the caller has, which does at least as well. */
static void set(int resource, uint64_t most, const char *what) {
    struct rlimit limit = {most, most};
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < most) {
        limit.rlim_cur = limit.rlim_max = now.rlim_max;
    }
    if (setrlimit(resource, &limit) != 0) {
        fail_errno("ask for less, see ulimit -H -a", "cannot limit the %s to %llu", what,
                   (unsigned long long)most);
    }
}

/* Never above what the caller has. */
static void at_most(int resource, rlim_t most) {
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)) {
        set(resource, most, "processes");
    }
}

/* So many of the processors that this process may use as the limit has whole ones, or one more; not always
 * the first of them. */
static void stay_on(uint64_t thousandths) {
    cpu_set_t all;
    cpu_set_t some;
    CPU_ZERO(&some);
    if (sched_getaffinity(0, sizeof all, &all) != 0) {
        return;
    }
    int count = CPU_COUNT(&all);
    int most = (int)((thousandths + 999) / 1000);
    int first = count > 0 ? (int)(now_ns() / 1000 % (uint64_t)count) : 0;
    int seen = 0;
    for (int round = 0; round < 2; round++) {
        int at = 0;
        for (int cpu = 0; cpu < CPU_SETSIZE && seen < most; cpu++) {
            if (CPU_ISSET(cpu, &all) && (at++ >= first) != (round == 1) && !CPU_ISSET(cpu, &some)) {
                CPU_SET(cpu, &some);
                seen++;
            }
        }
    }
    if (seen > 0) {
        sched_setaffinity(0, sizeof some, &some);
    }
}

void limits_apply(const struct limits *limits, const struct plan *plan) {
    const struct enforcement *memory = &limits->of[LIMIT_MEMORY];
    const struct enforcement *processors = &limits->of[LIMIT_CPUS];
    if (plan->process_limit != 0) {
        /* Counted in the payload's own user namespace, pid 1 with it. Where a group counts, too, that comes
         * first, because it keeps account. */
        bool group = limits->groups.of[CONTROLLER_PIDS].version != 0;
        set(RLIMIT_NPROC, plan->process_limit + (group ? 2 : 1), "processes");
    } else if (counts_by_namespace()) {
        at_most(RLIMIT_NPROC, USUAL_PROCESSES);
    }
    if (plan->file_limit != 0) {
        set(RLIMIT_FSIZE, plan->file_limit, "size of files");
    }
    if (memory->asked != 0 && !memory->whole) {
        set(RLIMIT_DATA, memory->asked, "memory of a process");
    }
    if (processors->asked != 0 && !processors->whole) {
        stay_on(processors->asked);
    }
}

static bool counts(const struct group *group, const char *file, const char *word) {
    uint64_t count = group_read(group, file, word);
    return count != UINT64_MAX && count > 0;
}

/* Its own limit, and not that of a group above, of which version 1 tells all groups below. The kernel charges
 * in batches for each processor, so the most that was counted may be a little less than the limit. */
static bool reached(const struct limits *limits) {
    enum { BATCHES = 1 << 20 };
    uint64_t most = groups_peak_memory(&limits->groups);
    return most == UINT64_MAX || most + BATCHES >= limits->of[LIMIT_MEMORY].asked;
}

bool limits_out_of_memory(const struct limits *limits) {
    const struct group *group = &limits->groups.of[CONTROLLER_MEMORY];
    if (group->version == 2) {
        return counts(group, "memory.events", "oom_kill") && counts(group, "memory.events", "oom");
    }
    return counts(group, "memory.oom_control", "oom_kill") && reached(limits);
}

bool limits_reached_memory(const struct limits *limits) {
    uint64_t events;
    return read(limits->out_of_memory, &events, sizeof events) > 0 && reached(limits);
}

static enum hit counted(uint64_t events) {
    return events == UINT64_MAX ? HIT_UNKNOWN : events > 0 ? HIT_YES : HIT_NO;
}

void limits_conclude(struct limits *limits) {
    limits->of[LIMIT_PIDS].hit =
        counted(group_read(&limits->groups.of[CONTROLLER_PIDS], "pids.events", "max"));
    limits->of[LIMIT_CPUS].hit =
        counted(group_read(&limits->groups.of[CONTROLLER_CPU], "cpu.stat", "nr_throttled"));
    const struct space *root = story == NULL ? NULL : &story->spaces[0];
    if (root != NULL && limits->of[LIMIT_DISK].asked != 0) {
        struct enforcement *disk = &limits->of[LIMIT_DISK];
        if (story->disk_free) {
            *disk = (struct enforcement){.asked = disk->asked, .hit = HIT_UNKNOWN};
            snprintf(disk->reason, sizeof disk->reason, "memory cannot be an upper layer here");
        } else if (root->size != 0) {
            disk->hit = root->used >= root->size || root->inodes_used >= root->inodes ? HIT_YES : HIT_NO;
        }
    }
}
