#include "kernel.h"
#include "launch.h"
#include "reasons.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int namespace_flags(void) {
    return CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
}

/* clone(2): born in a group is cheaper than moved into it, which stops all processes of the host for a
 * moment. */
static pid_t clone_in_group(int flags, int group) {
    const struct k_clone_args arguments = {
        .flags = (uint64_t)flags | K_CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group};
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

pid_t clone_into(int flags, int group, bool *born) {
    pid_t child = group < 0 ? -1 : clone_in_group(flags, group);
    *born = child >= 0;
    if (*born) {
        return child;
    }
    /* Without CLONE_VM and a stack this is a fork into new namespaces; NULL arguments are in the same place
     * everywhere. */
    return (pid_t)syscall(SYS_clone, (unsigned long)flags | SIGCHLD, 0UL, 0UL, 0UL, 0UL);
}

void explain_clone_failure(int flags) {
    const struct finding finding = diagnose_clone(&this_host, errno, flags);
    bool other = finding.reason == REASON_NAMESPACE_MISSING || finding.reason == REASON_NAMESPACE_MAX_ZERO ||
                 finding.reason == REASON_NAMESPACE_LIMIT;
    fail_because(&finding, "see velo doctor for what this host can do",
                 other ? "cannot make a namespace" : "cannot make a user namespace");
}

static int write_proc(pid_t pid, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return put_text(AT_FDCWD, path, text) ? 0 : errno;
}

struct finding map_ids(pid_t init, const struct plan *plan) {
    const struct {
        const char *file;
        unsigned inside, outside;
    } maps[] = {{"uid_map", plan->inside_uid, plan->outside_uid},
                {"gid_map", plan->inside_gid, plan->outside_gid}};
    if (geteuid() != 0) {
        /* user_namespaces(7): without privilege the group map may be written only when setgroups is given up.
         * A kernel that has no such file needs no such thing; if it failed otherwise, the map fails, too. */
        write_proc(init, "setgroups", "deny");
    }
    for (size_t i = 0; i < 2; i++) {
        char map[64];
        snprintf(map, sizeof map, "%u %u 1", maps[i].inside, maps[i].outside);
        int errnum = write_proc(init, maps[i].file, map);
        if (errnum != 0) {
            return diagnose_map(&this_host, errnum, init, maps[i].file, maps[i].outside);
        }
    }
    return errno_finding(0);
}

void write_id_maps(pid_t init, const struct plan *plan) {
    const struct finding finding = map_ids(init, plan);
    if (finding.reason != REASON_NONE) {
        fail_because(&finding, "see velo doctor for what this host can do",
                     "cannot map the ids of the sandbox");
    }
}

/* Without privilege setgroups is given up and the caller's groups stay; there they only take rights away or
 * give what he has. Of root they would give more than the payload's own identity has. */
static bool may_keep_groups(void) {
    char text[8];
    int errnum = errno;
    bool may = errnum == EPERM && (getgroups(0, NULL) == 0 ||
                                   (get_text(AT_FDCWD, "/proc/self/setgroups", text, sizeof text) > 0 &&
                                    strncmp(text, "deny", 4) == 0));
    errno = errnum;
    return may;
}

void become_mapped(const struct plan *plan) {
    if (setgroups(0, NULL) != 0 && !may_keep_groups()) {
        fail_errno("see velo doctor", "cannot drop supplementary groups");
    }
    if (setresgid(plan->inside_gid, plan->inside_gid, plan->inside_gid) != 0 ||
        setresuid(plan->inside_uid, plan->inside_uid, plan->inside_uid) != 0) {
        fail_errno("check the owner of the store", "cannot take the identity %u:%u of the sandbox",
                   plan->inside_uid, plan->inside_gid);
    }
}

void name_host(const struct plan *plan) {
    if (sethostname(plan->hostname, strlen(plan->hostname)) != 0 || setdomainname("(none)", 6) != 0) {
        const struct finding finding = diagnose_call(&this_host, errno, "self", "sethostname");
        fail_because(&finding, "see velo doctor", "cannot name the sandbox's host");
    }
}
