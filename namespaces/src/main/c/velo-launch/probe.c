#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Runs in a child in new namespaces; returns 0 or an errno. */
typedef int (*trial)(void);

static int nothing(void) {
    return 0;
}

static uid_t caller;
static gid_t caller_group;

static void map_self(void) {
    static const char *const names[] = {"setgroups", "uid_map", "gid_map"};
    char path[64];
    char text[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/self/%s", names[i]);
        if (i == 0) {
            snprintf(text, sizeof text, "deny");
        } else {
            snprintf(text, sizeof text, "0 %u 1", (unsigned)(i == 1 ? caller : caller_group));
        }
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, text, strlen(text)) < 0) {
            _exit(errno);
        }
        close(fd);
    }
}

static int try_overlay(void) {
    map_self();
    static const char *const directories[] = {"/tmp/lower", "/tmp/upper", "/tmp/work"};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") != 0) {
        return errno;
    }
    for (size_t i = 0; i < 3; i++) {
        if (mkdir(directories[i], 0755) != 0) {
            return errno;
        }
    }
    int context = k_fsopen("overlay");
    if (context < 0 || k_fsconfig(context, K_FSCONFIG_FLAG, "userxattr", NULL) != 0 ||
        k_fsconfig(context, K_FSCONFIG_STRING, "lowerdir+", "/tmp/lower") != 0 ||
        k_fsconfig(context, K_FSCONFIG_STRING, "upperdir", "/tmp/upper") != 0 ||
        k_fsconfig(context, K_FSCONFIG_STRING, "workdir", "/tmp/work") != 0 ||
        k_fsconfig(context, K_FSCONFIG_FLAG, "volatile", NULL) != 0 ||
        k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) != 0 || k_fsmount(context, 0) < 0) {
        return errno;
    }
    return 0;
}

static int try_proc(void) {
    int context = k_fsopen("proc");
    if (context < 0 || k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) != 0 || k_fsmount(context, 0) < 0) {
        return errno;
    }
    return 0;
}

static void attempt(const char *name, int flags, trial body) {
    int status = 0;
    fflush(stdout);
    pid_t child = clone_into(flags);
    if (child == 0) {
        _exit(body());
    }
    int errnum = child < 0 ? errno : 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child > 0) {
        errnum = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    }
    if (errnum == 0) {
        printf("%s ok\n", name);
    } else {
        printf("%s %d %s\n", name, errnum, strerror(errnum));
    }
}

int probe(void) {
    caller = geteuid();
    caller_group = getegid();
    attempt("user-namespace", CLONE_NEWUSER, nothing);
    attempt("mount-namespace", CLONE_NEWUSER | CLONE_NEWNS, nothing);
    attempt("pid-namespace", CLONE_NEWUSER | CLONE_NEWPID, nothing);
    attempt("network-namespace", CLONE_NEWUSER | CLONE_NEWNET, nothing);
    attempt("ipc-namespace", CLONE_NEWUSER | CLONE_NEWIPC, nothing);
    attempt("uts-namespace", CLONE_NEWUSER | CLONE_NEWUTS, nothing);
    attempt("cgroup-namespace", CLONE_NEWUSER | CLONE_NEWCGROUP, nothing);
    attempt("overlay", CLONE_NEWUSER | CLONE_NEWNS, try_overlay);
    attempt("proc", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, try_proc);
    return fflush(stdout) == 0 ? 0 : EXIT_LAUNCH;
}
