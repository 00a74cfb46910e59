#include "host.h"
#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

void pause_for(unsigned milliseconds) {
    const struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static int try_clone(int flags) {
    bool born;
    pid_t child = clone_into(flags, -1, &born);
    if (child == 0) {
        _exit(0);
    }
    int errnum = child < 0 ? errno : 0;
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return errnum;
}

/*
 * A filter decides before the kernel looks at the arguments. mount: a bad address is found before rights are
 * asked for; unshare: flags that no kernel knows.
 */
static bool filtered(const char *call) {
    if (strcmp(call, "mount") == 0) {
        return syscall(SYS_mount, NULL, (char *)1, NULL, 0UL, NULL) != 0 && errno != EFAULT;
    }
    if (strcmp(call, "unshare") == 0) {
        return syscall(SYS_unshare, CLONE_NEWUSER | 1) != 0 && errno != EINVAL;
    }
    return false;
}

const struct host this_host = {"/proc", try_clone, filtered};

bool read_proc(const struct host *host, const char *process, const char *name, char *text, size_t size) {
    char path[PATH_MAX];
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s/%s", host->proc, process, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        for (ssize_t got; length + 1 < size && (got = read(fd, text + length, size - 1 - length)) > 0;) {
            length += (size_t)got;
        }
        close(fd);
    }
    text[length] = '\0';
    return length > 0;
}

long sysctl_value(const struct host *host, const char *name) {
    char text[32];
    return read_proc(host, "sys", name, text, sizeof text) ? strtol(text, NULL, 10) : -1;
}

unsigned long long status_value(const struct host *host, const char *process, const char *name, int base) {
    char text[8192];
    char start[64];
    read_proc(host, process, "status", text, sizeof text);
    snprintf(start, sizeof start, "\n%s:", name);
    const char *line = strstr(text, start);
    return line == NULL ? 0 : strtoull(line + strlen(start), NULL, base);
}

bool has_admin_rights(const struct host *host) {
    enum { CAP_SYS_ADMIN_BIT = 21 };
    return (status_value(host, "self", "CapEff", 16) >> CAP_SYS_ADMIN_BIT & 1) != 0;
}

bool proc_has(const struct host *host, const char *process, const char *name) {
    char path[PATH_MAX];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s/%s", host->proc, process, name);
    return lstat(path, &status) == 0;
}

bool in_initial_namespace(const struct host *host) {
    enum { SIZE = 64 };
    char path[PATH_MAX];
    char target[SIZE] = "";
    snprintf(path, sizeof path, "%s/self/ns/user", host->proc);
    /* The number of the first user namespace is a part of the kernel's interface. */
    return readlink(path, target, SIZE - 1) > 0 && strcmp(target, "user:[4026531837]") == 0;
}

bool is_mapped(const struct host *host, const char *file, unsigned id) {
    char text[4096];
    read_proc(host, "self", file, text, sizeof text);
    if (!proc_has(host, "self", file)) {
        return true; /* nobody knows: then this is not what explains a failure */
    }
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        unsigned long first, outside, count;
        if (sscanf(line, "%lu %lu %lu", &first, &outside, &count) == 3 && id >= first && id - first < count) {
            return true;
        }
    }
    return false;
}

/* The name of the profile that AppArmor confines the process by; false where there is none. Other modules
 * write attr/current, too, and only AppArmor writes a mode in brackets behind it. */
bool apparmor_profile(const struct host *host, const char *process, char *profile, size_t size) {
    if (!read_proc(host, process, "attr/apparmor/current", profile, size) &&
        !read_proc(host, process, "attr/current", profile, size)) {
        return false;
    }
    profile[strcspn(profile, "\n")] = '\0';
    char *mode = strrchr(profile, '(');
    if (mode == NULL || mode == profile || mode[-1] != ' ' || strcmp(mode, "(complain)") == 0 ||
        strcmp(mode, "(unconfined)") == 0) {
        return false;
    }
    mode[-1] = '\0';
    return true;
}

bool apparmor_restricts(const struct host *host) {
    return sysctl_value(host, "kernel/apparmor_restrict_unprivileged_userns") == 1;
}

/* The mount on top of / of a process, or where it sees a mount of that number; false where it sees none. */
static bool find_mount(const struct host *host, const char *process, char *id, size_t size, char *point) {
    enum { POINT = 512 };
    char mounts[64 << 10];
    char *rest = NULL;
    bool any = false;
    bool want_root = *id == '\0';
    read_proc(host, process, "mountinfo", mounts, sizeof mounts);
    for (char *line = strtok_r(mounts, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char number[32], place[POINT];
        if (sscanf(line, "%31s %*s %*s %*s %511s", number, place) != 2) {
            continue;
        }
        if (want_root && strcmp(place, "/") == 0) {
            snprintf(id, size, "%s", number); /* the last one is the topmost */
            any = true;
        } else if (!want_root && strcmp(number, id) == 0) {
            snprintf(point, POINT, "%s", place);
            return true;
        }
    }
    return any;
}

/* Mount points are relative to the reader's root: an ancestor who sees our root mount elsewhere than at /
 * stands above our root. */
bool chrooted(const struct host *host) {
    enum { GENERATIONS = 64 };
    char id[32] = "";
    char process[32] = "self";
    char point[512];
    struct k_statx root;
    if (host == &this_host && k_statx("/", &root) == 0 && (root.attributes_mask & K_STATX_MOUNT_ROOT) != 0 &&
        (root.attributes & K_STATX_MOUNT_ROOT) == 0) {
        return true;
    }
    if (!find_mount(host, process, id, sizeof id, point)) {
        return false;
    }
    for (int i = 0; i < GENERATIONS; i++) {
        unsigned long long parent = status_value(host, process, "PPid", 10);
        if (parent == 0) {
            return false;
        }
        snprintf(process, sizeof process, "%llu", parent);
        if (find_mount(host, process, id, sizeof id, point) && strcmp(point, "/") != 0) {
            return true;
        }
    }
    return false;
}
