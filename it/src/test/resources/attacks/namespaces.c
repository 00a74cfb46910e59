/* Other namespaces, other mounts, another root, more rights. */
#include "act.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long nested_user_namespace(void) {
    return unshare(CLONE_NEWUSER | CLONE_NEWNS);
}
static long nested_by_clone(void) {
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : 0;
}
static long nested_by_clone3(void) {
    unsigned long arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    long pid = syscall(SYS_clone3, arguments, 64UL);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : 0;
}
static long plain_clone3(void) {
    unsigned long arguments[11] = {0, 0, 0, 0, SIGCHLD};
    long pid = syscall(SYS_clone3, arguments, 64UL);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : 0;
}
static long unshare_files(void) {
    return unshare(CLONE_FILES | CLONE_FS);
}
static long other_namespace(void) {
    int fd = open("/proc/1/ns/user", O_RDONLY);
    return fd < 0 ? -1 : setns(fd, 0);
}
static long mount_memory(void) {
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}
static long remount_root(void) {
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}
static long uncover(void) {
    return umount2("/proc/kcore", MNT_DETACH);
}
static long new_mount(void) {
    return syscall(SYS_fsopen, "tmpfs", 0) < 0 ? -1 : 0;
}
static long change_root(void) {
    return chroot("/tmp");
}
static long host_name(void) {
    return sethostname("x", 1);
}
static long escape(void) {
    int here = open("/", O_RDONLY | O_DIRECTORY);
    if (here < 0 || chroot("/tmp") != 0 || fchdir(here) != 0) {
        return -1;
    }
    for (int i = 0; i < 64; i++) {
        if (chdir("..") != 0) {
            return -1;
        }
    }
    return chroot(".");
}
enum { NEW_TIME = 0x80 };
static long any_namespace(void) {
    static const int kinds[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET, NEW_TIME};
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        if (unshare(kinds[i]) == 0) {
            return 0;
        }
        if (errno != EPERM) {
            return -1;
        }
    }
    return -1;
}
static long time_namespace(void) {
    return unshare(NEW_TIME);
}

/* 0 where it could be done to any mount; else the errno of the last. */
static long to_any_mount(int (*act)(const char *path)) {
    FILE *mounts = fopen("/proc/self/mountinfo", "r");
    char line[4096];
    char path[4096];
    char paths[256][256];
    size_t count = 0;
    while (mounts != NULL && count < LENGTH(paths) && fgets(line, sizeof line, mounts) != NULL) {
        if (sscanf(line, "%*s %*s %*s %*s %4095s", path) == 1) {
            snprintf(paths[count++], sizeof *paths, "%.255s", path);
        }
    }
    while (count > 0) {
        if (act(paths[--count]) == 0) {
            return 0;
        }
    }
    return -1;
}
static int remount(const char *path) {
    return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL);
}
static int take_off(const char *path) {
    return umount2(path, MNT_DETACH);
}
static long remount_any(void) {
    return to_any_mount(remount);
}
static long uncover_any(void) {
    /* Where that can be done, what follows shall not hit the acts that come later. */
    unshare(CLONE_NEWNS);
    return to_any_mount(take_off);
}
static long fresh_proc(void) {
    return mount("proc", "/tmp", "proc", 0, NULL);
}
static long mount_control_groups(void) {
    return mount("cgroup", "/tmp", "cgroup", 0, "memory") == 0 ? 0
                                                               : mount("cgroup2", "/tmp", "cgroup2", 0, NULL);
}
static long map_projects(void) {
    return writes("/proc/self/projid_map", "0 0 1");
}

static long gain_capability(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {
        {.effective = 1U << CAP_SYS_ADMIN, .permitted = 1U << CAP_SYS_ADMIN}};
    return syscall(SYS_capset, &header, sets);
}
static long unlock_root(void) {
    return prctl(PR_SET_SECUREBITS, 0, 0, 0, 0);
}

const struct act namespace_acts[] = {ACT(nested_user_namespace),
                                     ACT(nested_by_clone),
                                     ACT(nested_by_clone3),
                                     ACT(plain_clone3),
                                     ACT(unshare_files),
                                     ACT(any_namespace),
                                     ACT(time_namespace),
                                     ACT(other_namespace),
                                     ACT(map_projects),
                                     ACT(mount_memory),
                                     ACT(fresh_proc),
                                     ACT(mount_control_groups),
                                     ACT(new_mount),
                                     ACT(remount_root),
                                     ACT(remount_any),
                                     ACT(uncover),
                                     ACT(uncover_any),
                                     ACT(change_root),
                                     ACT(escape),
                                     ACT(host_name),
                                     ACT(gain_capability),
                                     ACT(unlock_root),
                                     {NULL, NULL}};
