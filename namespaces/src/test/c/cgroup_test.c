/*
 * Control groups of version 2, against a fake: ordinary directories with the files of the kernel's, and the
 * rules of cgroups(7) on making, filling and removing them, put in between by the linker (--wrap). What the
 * kernel really does with version 2 is not tested here but, without controllers, in check_real, where a
 * hierarchy is mounted and this is root. Built with sanitizers.
 */
#include "enforcement.h"
#include "kernel.h"
#include "launch.h"
#include "story.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int failures;
static int checks;

static void check(bool condition, const char *what) {
    checks++;
    if (!condition) {
        failures++;
        printf("failed: %s\n", what);
    }
}

/* ---- the fake ---- */

static char top[64];  /* of the hierarchy; empty: everything is real */
static char own[256]; /* this process's group */
static char
    available[64];   /* what the controllers of every group made here are, where its parent gives them */
static bool no_swap; /* the kernel counts no swap */
static bool swept_between; /* somebody who cleans up is quick, once */
static int moves;

static void path_of(int descriptor, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, size - 1);
    path[length > 0 ? length : 0] = '\0';
}

static bool is_fake(const char *path) {
    return top[0] != '\0' && strncmp(path, top, strlen(top)) == 0;
}

static void set(const char *group, const char *file, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", group, file);
    FILE *out = fopen(path, "w");
    if (out != NULL) {
        fputs(text, out);
        fclose(out);
    }
}

static const char *get(const char *group, const char *file) {
    static char text[512];
    char path[512];
    snprintf(path, sizeof path, "%s/%s", group, file);
    FILE *in = fopen(path, "r");
    size_t length = in == NULL ? 0 : fread(text, 1, sizeof text - 1, in);
    text[length] = '\0';
    if (in != NULL) {
        fclose(in);
    }
    return in == NULL ? "(none)" : text;
}

static bool is(const char *group, const char *file, const char *text) {
    return strcmp(get(group, file), text) == 0;
}

static bool there(const char *group) {
    return access(group, F_OK) == 0;
}

/* The files that a group gets with these controllers; with none, those of every group. */
static void give(const char *group, const char *controllers) {
    static const struct {
        const char *controller, *file, *text;
    } files[] = {{"", "cgroup.procs", ""},
                 {"", "cgroup.subtree_control", ""},
                 {"", "cpu.stat", "usage_usec 70\nuser_usec 40\nsystem_usec 30\n"},
                 {"memory", "memory.max", "max"},
                 {"memory", "memory.swap.max", "max"},
                 {"memory", "memory.oom.group", "0"},
                 {"memory", "memory.peak", "4096\n"},
                 {"memory", "memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"},
                 {"pids", "pids.max", "max"},
                 {"pids", "pids.peak", "2\n"},
                 {"pids", "pids.events", "max 0\n"},
                 {"cpu", "cpu.max", "max 100000"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        bool wanted = files[i].controller[0] == '\0' ? controllers[0] == '\0'
                                                     : strstr(controllers, files[i].controller) != NULL;
        if (wanted && !(no_swap && strcmp(files[i].file, "memory.swap.max") == 0)) {
            set(group, files[i].file, files[i].text);
        }
    }
    char all[1100];
    snprintf(all, sizeof all, "%s %s", controllers[0] == '\0' ? "" : get(group, "cgroup.controllers"),
             controllers);
    set(group, "cgroup.controllers", all);
}

static void populate(const char *group, const char *controllers) {
    give(group, "");
    give(group, controllers);
}

int __real_mkdirat(int directory, const char *name, mode_t mode);
int __wrap_mkdirat(int directory, const char *name, mode_t mode);
int __wrap_mkdirat(int directory, const char *name, mode_t mode) {
    char parent[256];
    char path[512];
    path_of(directory, parent, sizeof parent);
    int result = __real_mkdirat(directory, name, mode);
    if (result == 0 && is_fake(parent)) {
        snprintf(path, sizeof path, "%s/%s", parent, name);
        char given[512];
        snprintf(given, sizeof given, "%s", get(parent, "cgroup.subtree_control"));
        populate(path, given);
        if (swept_between) {
            swept_between = false;
            char command[600];
            snprintf(command, sizeof command, "rm -r '%s'", path);
            check(system(command) == 0, "sweeping in between");
        }
    }
    return result;
}

/* rmdir(2) of a group does not mind its files, but its processes and children. */
int __real_unlinkat(int directory, const char *name, int flags);
int __wrap_unlinkat(int directory, const char *name, int flags);
int __wrap_unlinkat(int directory, const char *name, int flags) {
    char parent[256];
    char path[512];
    char command[600];
    path_of(directory, parent, sizeof parent);
    if (!is_fake(parent) || flags != AT_REMOVEDIR) {
        return __real_unlinkat(directory, name, flags);
    }
    snprintf(path, sizeof path, "%s/%s", parent, name);
    if (!there(path)) {
        errno = ENOENT;
        return -1;
    }
    if (get(path, "cgroup.procs")[0] != '\0') {
        errno = EBUSY;
        return -1;
    }
    snprintf(command, sizeof command, "rm -r '%s'", path);
    return system(command) == 0 ? 0 : -1;
}

/* Takes a process out of the group that it is in, and puts it into this one. */
static void move(const char *group, const char *process) {
    char before[512];
    char rest[512] = "";
    snprintf(before, sizeof before, "%s", get(own, "cgroup.procs"));
    for (char *line = strtok(before, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strcmp(line, process) != 0) {
            snprintf(rest + strlen(rest), sizeof rest - strlen(rest), "%s\n", line);
        }
    }
    char joined[1100];
    snprintf(joined, sizeof joined, "%s%s\n", get(group, "cgroup.procs"), process);
    set(own, "cgroup.procs", rest);
    set(group, "cgroup.procs", joined);
    moves++;
}

static int control(const char *group, const char *add) {
    char given[1100];
    if (add[0] != '+' || strstr(get(group, "cgroup.controllers"), add + 1) == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (strcmp(group, top) != 0 && get(group, "cgroup.procs")[0] != '\0') {
        errno = EBUSY;
        return -1;
    }
    snprintf(given, sizeof given, "%s %s", get(group, "cgroup.subtree_control"), add + 1);
    set(group, "cgroup.subtree_control", given);
    /* Those that are there already get the files, too. */
    DIR *children = opendir(group);
    for (const struct dirent *entry; children != NULL && (entry = readdir(children)) != NULL;) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            char path[600];
            snprintf(path, sizeof path, "%s/%s", group, entry->d_name);
            give(path, add + 1);
        }
    }
    if (children != NULL) {
        closedir(children);
    }
    return 0;
}

ssize_t __real_write(int file, const void *bytes, size_t length);
ssize_t __wrap_write(int file, const void *bytes, size_t length);
ssize_t __wrap_write(int file, const void *bytes, size_t length) {
    char path[256];
    char text[256];
    path_of(file, path, sizeof path);
    char *name = strrchr(path, '/');
    if (!is_fake(path) || name == NULL || length >= sizeof text) {
        return __real_write(file, bytes, length);
    }
    *name++ = '\0';
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (strcmp(name, "cgroup.procs") == 0) {
        move(path, strcmp(text, "0") == 0 ? "self" : text);
        if (strcmp(text, "0") == 0) {
            snprintf(own, sizeof own, "%s", path);
        }
        return (ssize_t)length;
    }
    if (strcmp(name, "cgroup.subtree_control") == 0) {
        return control(path, text) == 0 ? (ssize_t)length : -1;
    }
    if (strcmp(name, "cpu.max") == 0 && strtol(text, NULL, 10) < 1000) {
        errno = EINVAL;
        return -1;
    }
    return ftruncate(file, 0) == 0 ? __real_write(file, bytes, length) : -1;
}

/* As cgroup_place.c: the group's own controllers, not those that it gives to its children. */
int own_group(const char *controller, char *path, size_t size, const char **refusal) {
    snprintf(path, size, "%s", own);
    if (strstr(get(own, "cgroup.controllers"), controller) == NULL) {
        *refusal = "its controller is not given to this process's control group";
        return 0;
    }
    return 2;
}

/* ---- the cases ---- */

static const char RUN[] = "leases/run-7";

static void begin(const char *with, const char *processes) {
    snprintf(top, sizeof top, "/tmp/velo-cgroup-XXXXXX");
    check(mkdtemp(top) != NULL, "mkdtemp");
    snprintf(available, sizeof available, "%s", with);
    populate(top, available);
    snprintf(own, sizeof own, "%s/scope", top);
    check(mkdir(own, 0755) == 0, "own group");
    populate(own, available);
    set(own, "cgroup.procs", processes);
    no_swap = false;
    moves = 0;
}

static void finish(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", top);
    check(system(command) == 0, "cleaning up");
    top[0] = '\0';
}

static struct plan all_limits(void) {
    static char directory[] = "leases/run-7";
    return (struct plan){.memory_limit = 64 << 20,
                         .process_limit = 20,
                         .processor_limit = 1500,
                         .run_directory = directory,
                         .result = "/dev/null"};
}

static char *child(const char *parent, const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", parent, name);
    return path;
}

static void check_alone(void) {
    begin("cpu memory pids", "self\n");
    char scope[256];
    snprintf(scope, sizeof scope, "%s", own);
    struct plan plan = all_limits();
    struct limits limits = {0};
    limits_prepare(&limits, &plan);
    char group[512];
    snprintf(group, sizeof group, "%s/velo-run-7", scope);
    check(moves == 1 && is(scope, "cgroup.procs", "") &&
              is(child(scope, "velo-supervisors"), "cgroup.procs", "self\n"),
          "alone in its group the supervisor moves out of the way");
    check(is(scope, "cgroup.subtree_control", " memory pids cpu"),
          "the controllers are those of the group that it was in, also after it has moved");
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        check(limits.groups.of[c].version == 2, "one group of version 2 for all controllers");
    }
    check(is(group, "memory.max", "67108864") && is(group, "memory.swap.max", "0") &&
              is(group, "memory.oom.group", "1"),
          "memory: a limit, no swap, and all end together");
    check(is(group, "pids.max", "21"), "processes: pid 1 is one more");
    check(is(group, "cpu.max", "150000 100000"), "processors: quota and period");
    for (int i = 0; i < LIMITS; i++) {
        check(limits.of[i].whole, "every limit is enforced");
    }
    check(strcmp(limits.of[LIMIT_MEMORY].mechanism, "cgroup-v2") == 0 && limits.out_of_memory == -1,
          "the mechanism, and no eventfd");
    check(groups_birthplace(&limits.groups) == limits.groups.of[CONTROLLER_MEMORY].directory,
          "a child may be born in it");

    groups_enter(&limits.groups, 4711, true);
    check(is(group, "cgroup.procs", ""), "whoever was born in it is not moved");
    groups_enter(&limits.groups, 4711, false);
    check(strstr(get(group, "cgroup.procs"), "4711\n") != NULL, "whoever was not, is");
    groups_remove(&limits.groups);
    check(there(group), "a group with processes stays");
    finish();
}

static void check_values(void) {
    begin("cpu memory pids", "self\n");
    no_swap = true;
    char group[512];
    snprintf(group, sizeof group, "%s/velo-run-7", own);
    struct plan plan = all_limits();
    struct limits limits = {0};
    limits_prepare(&limits, &plan);
    check(limits.of[LIMIT_MEMORY].whole && is(group, "memory.max", "67108864"),
          "a kernel that counts no swap needs no limit of it");
    check(!limits_out_of_memory(&limits), "nothing has been killed");
    limits_conclude(&limits);
    check(limits.of[LIMIT_PIDS].hit == HIT_NO && limits.of[LIMIT_CPUS].hit == HIT_UNKNOWN,
          "no limit reached; without a count of it, nobody knows");
    check(groups_peak_memory(&limits.groups) == 4096, "the peak of memory");
    check(group_read(&limits.groups.of[CONTROLLER_PIDS], "pids.peak", NULL) == 2, "the peak of processes");
    set(group, "memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 3\noom_group_kill 1\n");
    set(group, "pids.events", "max 5\n");
    set(group, "cpu.stat", "usage_usec 7\nnr_periods 9\nnr_throttled 4\nthrottled_usec 8\n");
    check(limits_out_of_memory(&limits), "something has been killed");
    limits_conclude(&limits);
    check(limits.of[LIMIT_PIDS].hit == HIT_YES && limits.of[LIMIT_CPUS].hit == HIT_YES, "limits reached");
    set(group, "memory.events", "oom_kill23 4\nno_oom_kill 3\noom_kill 0\n");
    check(!limits_out_of_memory(&limits), "a word is a whole word at the beginning of a line");
    __real_unlinkat(limits.groups.of[CONTROLLER_MEMORY].directory, "memory.peak", 0);
    check(groups_peak_memory(&limits.groups) == UINT64_MAX, "before Linux 5.19 there is no peak");
    groups_remove(&limits.groups);
    check(!there(group) && !groups_exist(&limits.groups), "the group is removed");
    finish();
}

static void check_others(void) {
    begin("cpu memory pids", "self\n4000\n");
    char scope[256];
    char group[512];
    snprintf(scope, sizeof scope, "%s", own);
    snprintf(group, sizeof group, "%s/velo-run-7", top);
    struct groups groups = {0};
    groups_make(&groups, 1U << CONTROLLER_MEMORY | 1U << CONTROLLER_CPU, RUN);
    check(groups.of[CONTROLLER_MEMORY].version == 2 && groups.of[CONTROLLER_CPU].version == 2 && there(group),
          "beside its own group, where that has other processes and the one above may be used");
    check(is(scope, "cgroup.procs", "4000\nself\n") && !there(child(scope, "velo-supervisors")),
          "what was tried in its own group is undone");
    check(groups.of[CONTROLLER_PIDS].version == 0, "what was not asked for is not made");
    groups_remove(&groups);
    check(!there(group), "removed from there");

    /* Now the one above may not be used either. */
    set(top, "cgroup.controllers", "cpu");
    set(top, "cgroup.subtree_control", "");
    groups = (struct groups){0};
    groups_make(&groups, 1U << CONTROLLER_MEMORY, RUN);
    check(groups.of[CONTROLLER_MEMORY].version == 0, "no group");
    check(strstr(groups.of[CONTROLLER_MEMORY].refusal, scope) != NULL &&
              strstr(groups.of[CONTROLLER_MEMORY].refusal, ": it has processes of its own") != NULL,
          "the reason is that of its own group");
    check(!groups_exist(&groups) && groups_birthplace(&groups) == -1, "nothing to be born in");
    groups_remove(&groups);
    finish();
}

static void check_not_given(void) {
    begin("memory", "self\n");
    struct groups groups = {0};
    groups_make(&groups, 1U << CONTROLLER_MEMORY | 1U << CONTROLLER_PIDS, RUN);
    check(groups.of[CONTROLLER_MEMORY].version == 2, "positive control: memory is given");
    check(groups.of[CONTROLLER_PIDS].version == 0 &&
              strstr(groups.of[CONTROLLER_PIDS].refusal, "its controller is not given") != NULL,
          "a controller that is not given to this group");
    groups_remove(&groups);
    finish();
}

static void check_too_little(void) {
    begin("cpu memory pids", "self\n");
    struct plan plan = {.processor_limit = 5, .run_directory = RUN, .best_effort = true};
    struct limits limits = {0};
    limits_prepare(&limits, &plan);
    check(!limits.of[LIMIT_CPUS].whole && strcmp(limits.of[LIMIT_CPUS].mechanism, "affinity") == 0 &&
              strstr(limits.of[LIMIT_CPUS].reason, "takes no limit: Invalid argument") != NULL,
          "a share that the kernel does not take is no limit, and the reason is told");
    groups_remove(&limits.groups);
    finish();
}

static void check_sweep(void) {
    begin("cpu memory pids", "");
    char stale[512];
    char busy[512];
    char used[512];
    char other[512];
    char scope[256];
    snprintf(scope, sizeof scope, "%s", own);
    snprintf(stale, sizeof stale, "%s/velo-run-0000000000000001", own);
    snprintf(busy, sizeof busy, "%s/velo-run-0000000000000002", own);
    snprintf(used, sizeof used, "%s/velo-run-0000000000000003", own);
    snprintf(other, sizeof other, "%s/somebody", own);
    const char *const made[] = {stale, busy, used, other};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        check(mkdir(made[i], 0755) == 0, "an old group");
        populate(made[i], available);
    }
    set(busy, "cgroup.procs", "4001\n");
    int lock = open(used, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(flock(lock, LOCK_SH) == 0, "a lock");
    struct groups groups = {0};
    groups_make(&groups, 1U << CONTROLLER_MEMORY, RUN);
    check(!there(stale), "a group whose supervisor was killed goes");
    check(there(busy), "one with processes stays");
    check(there(used), "one whose supervisor lives stays");
    check(there(other), "one of somebody else stays");
    groups_remove(&groups);

    /* The new group of another run may be taken for an old one before it has its lock. */
    swept_between = true;
    groups = (struct groups){0};
    groups_make(&groups, 1U << CONTROLLER_MEMORY, RUN);
    check(!swept_between && there(child(scope, "velo-run-7")), "made again where it was swept at once");
    groups_remove(&groups);

    set(own, "cgroup.procs", "self\n");
    set(own, "cgroup.subtree_control", "");
    swept_between = true;
    groups = (struct groups){0};
    groups_make(&groups, 1U << CONTROLLER_MEMORY, RUN);
    check(!swept_between && there(child(scope, "velo-supervisors")) && there(child(scope, "velo-run-7")),
          "and so is the supervisors' group");
    close(lock);
    groups_remove(&groups);
    finish();
}

/* ---- the kernel's own, where this is root and a hierarchy is mounted and may be changed ---- */

static void check_real(void) {
    char line[1024];
    char point[512] = "";
    FILE *mounts = fopen("/proc/self/mounts", "r");
    while (mounts != NULL && fgets(line, sizeof line, mounts) != NULL && point[0] == '\0') {
        char type[64];
        if (sscanf(line, "%*s %511s %63s", point, type) != 2 || strcmp(type, "cgroup2") != 0) {
            point[0] = '\0';
        }
    }
    if (mounts != NULL) {
        fclose(mounts);
    }
    int parent = point[0] == '\0' ? -1 : open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct groups groups = {0};
    snprintf(groups.name, sizeof groups.name, "velo-test-%d", (int)getpid());
    if (parent < 0 || mkdirat(parent, groups.name, 0755) != 0) {
        printf("skipped: birth in a real group of version 2 needs a mounted hierarchy that this user may "
               "change\n");
        return;
    }
    int directory = openat(parent, groups.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    groups.of[CONTROLLER_MEMORY] = (struct group){.version = 2, .parent = parent, .directory = directory};
    bool born = false;
    int go[2];
    check(pipe(go) == 0, "pipe");
    for (int wanted = 1; wanted >= 0; wanted--) {
        /* No namespaces: only the place is looked at. */
        pid_t process = clone_into(0, wanted ? groups_birthplace(&groups) : -1, &born);
        if (process == 0) {
            char byte;
            close(go[1]);
            _exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
        }
        char number[16];
        char text[64] = "";
        snprintf(number, sizeof number, "%d\n", (int)process);
        check(born == (wanted == 1), "born in a real group where there is one");
        groups_enter(&groups, process, born);
        int file = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        check(read(file, text, sizeof text - 1) > 0 && strcmp(text, number) == 0,
              wanted ? "born in the group" : "moved into the group");
        close(file);
        check(unlinkat(parent, groups.name, AT_REMOVEDIR) == -1 && errno == EBUSY, "busy until it ends");
        kill(process, SIGKILL);
        check(waitpid(process, NULL, 0) == process, "wait");
    }
    check(group_read(&groups.of[CONTROLLER_MEMORY], "cpu.stat", "usage_usec") != UINT64_MAX,
          "a group counts processor time even without controllers");
    groups_remove(&groups);
    check(faccessat(parent, groups.name, F_OK, AT_SYMLINK_NOFOLLOW) != 0, "removed");
    close(go[0]);
    close(go[1]);
}

int main(void) {
    check_alone();
    check_values();
    check_others();
    check_not_given();
    check_too_little();
    check_sweep();
    check_real();
    printf("control groups: %d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
