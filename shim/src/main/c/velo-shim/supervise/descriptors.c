#include "descriptors.h"

#include "../numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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
