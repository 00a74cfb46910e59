#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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

static long sysctl_value(const char *path) {
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    return got > 0 ? strtol(text, NULL, 10) : -1;
}

void explain_clone_failure(void) {
    int errnum = errno;
    if (sysctl_value("/proc/sys/user/max_user_namespaces") == 0) {
        fail(EXIT_LAUNCH, "as root: sysctl user.max_user_namespaces=10000",
             "cannot make a user namespace: user.max_user_namespaces is 0");
    }
    if (sysctl_value("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
        fail(EXIT_LAUNCH, "as root: sysctl kernel.unprivileged_userns_clone=1",
             "cannot make a user namespace: kernel.unprivileged_userns_clone is 0");
    }
    if (sysctl_value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
        fail(EXIT_LAUNCH,
             "install an AppArmor profile that allows velo-launch userns, or as root: sysctl "
             "kernel.apparmor_restrict_unprivileged_userns=0",
             "cannot make a user namespace: AppArmor restricts unprivileged user namespaces");
    }
    errno = errnum;
    if (errnum == ENOSPC) {
        fail_errno("end some sandboxes or raise the sysctls user.max_*_namespaces",
                   "cannot make namespaces: too many of them");
    }
    if (errnum == EPERM || errnum == EACCES) {
        fail_errno(
            "run velo outside of the container or allow clone(CLONE_NEWUSER) in its system call filter",
            "cannot make namespaces: an outer container or security module forbids it");
    }
    fail_errno("see velo doctor for what this host can do", "cannot make namespaces");
}

static void write_proc(pid_t pid, const char *name, const char *text, bool may_fail) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        if (!may_fail) {
            fail_errno("see velo doctor for what this host can do", "cannot write %s of the sandbox", name);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

void write_id_maps(pid_t init, const struct plan *plan) {
    char map[64];
    if (geteuid() != 0) {
        /* user_namespaces(7): without privilege the group map may be written only when setgroups is given up.
         */
        write_proc(init, "setgroups", "deny", true);
    }
    snprintf(map, sizeof map, "%u %u 1", plan->inside_uid, plan->outside_uid);
    write_proc(init, "uid_map", map, false);
    snprintf(map, sizeof map, "%u %u 1", plan->inside_gid, plan->outside_gid);
    write_proc(init, "gid_map", map, false);
}

void become_mapped(const struct plan *plan) {
    /* Unprivileged, setgroups is given up and the caller's groups stay; there they only take rights away or
     * give what he has. */
    if (setgroups(0, NULL) != 0 && errno != EPERM) {
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
        fail_errno("see velo doctor", "cannot name the sandbox's host");
    }
}

static void raise_loopback(void) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
        /* Less network than promised is no hole; some hosts' security modules forbid it. */
        message("warning: the sandbox's loopback interface stays down: %s", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Not made with the others: it takes as long as all of them together, and the supervisor has something to do
 * in the meantime. */
void make_network(void) {
    if (unshare(CLONE_NEWNET) != 0) {
        explain_clone_failure();
    }
    raise_loopback();
}
