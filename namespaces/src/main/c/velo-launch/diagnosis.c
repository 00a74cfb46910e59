/* What an errno of the kernel means on this host: told from what can be read and tried, never from errno
 * alone. */
#include "host.h"
#include "launch.h"
#include "reasons.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct kind {
    int flag;
    const char *name; /* in /proc/self/ns */
    const char *ceiling;
} kinds[] = {{CLONE_NEWUSER, "user", "max_user_namespaces"},      {CLONE_NEWNS, "mnt", "max_mnt_namespaces"},
             {CLONE_NEWPID, "pid", "max_pid_namespaces"},         {CLONE_NEWNET, "net", "max_net_namespaces"},
             {CLONE_NEWIPC, "ipc", "max_ipc_namespaces"},         {CLONE_NEWUTS, "uts", "max_uts_namespaces"},
             {CLONE_NEWCGROUP, "cgroup", "max_cgroup_namespaces"}};

/* The kernel frees namespaces some time after their last process: those of an earlier question may still
 * count for the ceiling of user namespaces, and must not be taken for another kind's. */
static bool is_exhausted(const struct host *host, int flag) {
    enum { PATIENCE = 25, PAUSE_MS = 20 };
    if (host->try_clone(CLONE_NEWUSER | flag) != ENOSPC) {
        return false;
    }
    if (flag == CLONE_NEWUSER) {
        return true;
    }
    for (int i = 0; i < PATIENCE && host->try_clone(CLONE_NEWUSER) == ENOSPC; i++) {
        pause_for(PAUSE_MS);
    }
    return host->try_clone(CLONE_NEWUSER | flag) == ENOSPC;
}

static struct finding diagnose_ceiling(const struct host *host, int flags) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct kind *kind = &kinds[i];
        char name[64];
        char where[128];
        if ((flags & kind->flag) == 0 || !is_exhausted(host, kind->flag)) {
            continue;
        }
        bool user = kind->flag == CLONE_NEWUSER;
        snprintf(name, sizeof name, "user/%s", kind->ceiling);
        long most = sysctl_value(host, name);
        if (most == 0) {
            return found(user ? REASON_USERNS_MAX_ZERO : REASON_NAMESPACE_MAX_ZERO, kind->ceiling, "");
        }
        /* A new user namespace has INT_MAX: what bounds it is further out. */
        if (most < 0 || (most == INT_MAX && !in_initial_namespace(host))) {
            snprintf(where, sizeof where, "of an outer user namespace");
        } else if (in_initial_namespace(host)) {
            snprintf(where, sizeof where, "%ld for a user of this host", most);
        } else {
            snprintf(where, sizeof where, "%ld in this user namespace, or that of an outer one", most);
        }
        return found(user ? REASON_USERNS_LIMIT : REASON_NAMESPACE_LIMIT, kind->ceiling, where);
    }
    return unexplained(ENOSPC);
}

static struct finding diagnose_unknown_flag(const struct host *host, int flags) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char name[32];
        snprintf(name, sizeof name, "ns/%s", kinds[i].name);
        if ((flags & kinds[i].flag) != 0 && proc_has(host, "self", "ns") && !proc_has(host, "self", name)) {
            return found(kinds[i].flag == CLONE_NEWUSER ? REASON_USERNS_MISSING : REASON_NAMESPACE_MISSING,
                         kinds[i].name, "");
        }
    }
    return unexplained(EINVAL);
}

struct finding diagnose_clone(const struct host *host, int errnum, int flags) {
    char profile[256];
    char id[32];
    if (errnum == ENOSPC) {
        return diagnose_ceiling(host, flags);
    }
    /* copy_process refuses these two together before it asks anybody. */
    if (host->try_clone(flags | CLONE_FS) != EINVAL) {
        return found(REASON_USERNS_SECCOMP, "", "");
    }
    if (errnum == EINVAL) {
        return diagnose_unknown_flag(host, flags);
    }
    if (errnum != EPERM && errnum != EACCES) {
        return unexplained(errnum);
    }
    if (errnum == EPERM && chrooted(host)) {
        return found(REASON_USERNS_CHROOT, "", "");
    }
    if (errnum == EPERM && sysctl_value(host, "kernel/unprivileged_userns_clone") == 0 &&
        !has_admin_rights(host)) {
        return found(REASON_USERNS_DISABLED, "", "");
    }
    if (errnum == EPERM && !is_mapped(host, "uid_map", geteuid())) {
        snprintf(id, sizeof id, "user id %u", (unsigned)geteuid());
        return found(REASON_USERNS_UNMAPPED, id, "");
    }
    if (errnum == EPERM && !is_mapped(host, "gid_map", getegid())) {
        snprintf(id, sizeof id, "group id %u", (unsigned)getegid());
        return found(REASON_USERNS_UNMAPPED, id, "");
    }
    if (errnum == EPERM) {
        return unexplained(errnum);
    }
    /* Of all that is asked, only a security module answers EACCES. */
    if (apparmor_profile(host, "self", profile, sizeof profile)) {
        return found(REASON_APPARMOR_PROFILE, profile, "user namespaces");
    }
    return found(apparmor_restricts(host) ? REASON_USERNS_APPARMOR : REASON_USERNS_SECURITY_MODULE, "", "");
}

struct finding diagnose_call(const struct host *host, int errnum, const char *process, const char *call) {
    char profile[256];
    if (errnum == ENOSPC && strcmp(call, "unshare") == 0) {
        return found(REASON_USERNS_LIMIT, "max_user_namespaces",
                     "a sandbox needs two user namespaces, one in the other");
    }
    if (errnum != EPERM && errnum != EACCES && errnum != ENOSYS) {
        return unexplained(errnum);
    }
    if (host->filtered(call)) {
        return found(REASON_SECCOMP_CALL, call, "");
    }
    if (errnum == ENOSYS) {
        return unexplained(errnum);
    }
    if (apparmor_profile(host, process, profile, sizeof profile)) {
        bool stripped = strstr(profile, "unprivileged_userns") != NULL;
        return found(stripped ? REASON_USERNS_APPARMOR_RIGHTS : REASON_APPARMOR_PROFILE, profile, call);
    }
    enum { FILTER = 2 };
    return found(REASON_USERNS_RIGHTS, call,
                 status_value(host, "self", "Seccomp", 10) == FILTER ? ", and a system call filter is active"
                                                                     : "");
}

struct finding diagnose_map(const struct host *host, int errnum, pid_t init, const char *file,
                            unsigned outside) {
    char process[32];
    char id[48];
    char setgroups[16];
    bool group = strcmp(file, "gid_map") == 0;
    snprintf(process, sizeof process, "%d", (int)init);
    if (errnum == EROFS) {
        return found(REASON_PROC_READ_ONLY, "", "");
    }
    if (errnum == ENOENT) {
        return found(REASON_PROC_ABSENT, "", "");
    }
    if (errnum == EPERM && !is_mapped(host, file, outside)) {
        snprintf(id, sizeof id, "%s id %u, as which the sandbox would run,", group ? "group" : "user",
                 outside);
        return found(REASON_IDMAP_UNMAPPED, id, "");
    }
    if (errnum == EPERM && group && geteuid() != 0 &&
        read_proc(host, process, "setgroups", setgroups, sizeof setgroups) &&
        strncmp(setgroups, "allow", 5) == 0) {
        return found(REASON_IDMAP_SETGROUPS, process, "");
    }
    return diagnose_call(host, errnum, process, file);
}

struct finding diagnose_overlay(int errnum) {
    struct utsname kernel;
    int major = 0;
    int minor = 0;
    if (errnum == ENODEV) {
        return found(REASON_OVERLAY_MISSING, "", "");
    }
    if (errnum == EPERM && uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
        (major < 5 || (major == 5 && minor < 11))) {
        return found(REASON_OVERLAY_OLD_KERNEL, kernel.release, "");
    }
    return unexplained(errnum);
}

/* What lies over parts of /proc; these directories are empty in every procfs, and what is mounted there hides
 * nothing. */
static bool hides(const char *point) {
    static const char *const empty[] = {"/proc/sys/fs/binfmt_misc", "/proc/fs/nfsd", "/proc/openprom",
                                        "/proc/xen"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        if (strcmp(point, empty[i]) == 0) {
            return false;
        }
    }
    return strncmp(point, "/proc/", 6) == 0;
}

/* mount_namespaces(7): a new procfs may show no more than one that is here. */
struct finding diagnose_proc(const struct host *host, int errnum) {
    char mounts[64 << 10];
    char first[256] = "";
    char covered[288];
    int count = 0;
    bool whole = false;
    bool read_only = false;
    if (errnum != EPERM) {
        return unexplained(errnum);
    }
    read_proc(host, "self", "mountinfo", mounts, sizeof mounts);
    char *rest = NULL;
    for (char *line = strtok_r(mounts, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char root[256], point[256], options[128];
        const char *type = strstr(line, " - ");
        if (type == NULL || sscanf(line, "%*s %*s %*s %255s %255s %127s", root, point, options) != 3) {
            continue;
        }
        if (strcmp(point, "/proc") == 0 && strncmp(type, " - proc ", 8) == 0 && strcmp(root, "/") == 0) {
            whole = true;
            read_only = strcmp(options, "ro") == 0 || strncmp(options, "ro,", 3) == 0;
        } else if (hides(point) && count++ == 0) {
            snprintf(first, sizeof first, "%s", point);
        }
    }
    if (!whole) {
        return found(REASON_PROC_ABSENT, "", "");
    }
    if (count > 0) {
        int length = snprintf(covered, sizeof covered, "%s", first);
        if (count > 1) {
            snprintf(covered + length, sizeof covered - (size_t)length, " and %d more", count - 1);
        }
        return found(REASON_PROC_MASKED, covered, "");
    }
    return read_only ? found(REASON_PROC_READ_ONLY, "", "") : unexplained(errnum);
}
