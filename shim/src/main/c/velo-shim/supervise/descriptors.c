#include "descriptors.h"

#include "../numbers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BY_THREAD O_EXCL /* PIDFD_THREAD, Linux 6.9 */

/*
 * Descriptors that stand for threads are kept for those that called last. What stands for one that has ended
 * answers ESRCH, whoever has its number by then.
 */
enum { KEPT = 64 };
static struct {
    pid_t thread;
    int pidfd;
} kept[KEPT];

/* Before Linux 6.9 a pidfd can only be had of a process, whose first thread may have ended. */
static pid_t process_of(pid_t thread) {
    char path[40], text[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC), process = 0;
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    const char *line = strstr(text, "\nTgid:");
    if (line == NULL || sscanf(line + 6, "%d", &process) != 1) {
        process = 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return process;
}

static int open_thread(pid_t thread) {
    static bool too_old;
    if (!too_old) {
        int pidfd = (int)syscall(SYS_pidfd_open, thread, BY_THREAD);
        too_old = pidfd < 0 && errno == EINVAL;
        if (!too_old) {
            return pidfd;
        }
    }
    return (int)syscall(SYS_pidfd_open, process_of(thread), 0);
}

static void forget(unsigned slot) {
    if (kept[slot].thread != 0) {
        close(kept[slot].pidfd);
        kept[slot].thread = 0;
    }
}

static int pidfd_of(pid_t thread, bool fresh) {
    unsigned slot = (unsigned)thread % KEPT;
    if (kept[slot].thread != thread || fresh) {
        int pidfd = open_thread(thread);
        if (pidfd < 0) {
            return -1;
        }
        forget(slot);
        kept[slot].pidfd = pidfd;
        kept[slot].thread = thread;
    }
    return kept[slot].pidfd;
}

int descriptor_of(pid_t thread, int fd) {
    int copy = (int)syscall(SYS_pidfd_getfd, pidfd_of(thread, false), fd, 0);
    if (copy < 0 && errno == ESRCH) {
        copy = (int)syscall(SYS_pidfd_getfd, pidfd_of(thread, true), fd, 0);
    }
    return copy < 0 ? -errno : copy;
}

void descriptors_forget(void) {
    for (unsigned i = 0; i < KEPT; i++) {
        forget(i);
    }
}

static bool all_used(pid_t thread, rlim_t limit) {
    char path[32];
    const struct dirent *entry;
    rlim_t used = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)thread);
    DIR *directory = opendir(path);
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        used += entry->d_name[0] != '.' && strtoul(entry->d_name, NULL, 10) < limit;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return used >= limit;
}

/* A table that is smaller than the limit can grow; the last number is the last to be given away. */
bool descriptors_full(pid_t thread, unsigned table) {
    struct rlimit files;
    if (prlimit(thread, RLIMIT_NOFILE, NULL, &files) != 0 || table < files.rlim_cur) {
        return false;
    }
    if (files.rlim_cur == 0) {
        return true;
    }
    const int last = descriptor_of(thread, (int)files.rlim_cur - 1);
    if (last >= 0) {
        close(last);
    }
    return last >= 0 && all_used(thread, files.rlim_cur);
}
