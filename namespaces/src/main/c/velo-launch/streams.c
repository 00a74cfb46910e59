#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int ascending(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

bool close_except(int *kept, size_t count) {
    unsigned next = STDERR_FILENO + 1;
    bool closed = true;
    qsort(kept, count, sizeof *kept, ascending);
    for (size_t i = 0; i < count; i++) {
        if (kept[i] > (int)next) {
            closed = k_close_range(next, (unsigned)kept[i] - 1) == 0 && closed;
        }
        next = kept[i] >= (int)next ? (unsigned)kept[i] + 1 : next;
    }
    return k_close_range(next, ~0U) == 0 && closed;
}

bool close_all_but(int descriptor) {
    int kept[] = {descriptor, message_descriptor};
    return close_except(kept, sizeof kept / sizeof *kept);
}

int open_again(int descriptor, int mode) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    return open(link, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/*
 * Programs open /dev/stdout and /proc/self/fd/1 again, which asks for permission on the pipe itself; run by
 * root, the pipes are root's and the payload is not. Only anonymous pipes: nothing that has a name on the
 * host changes owner.
 */
void check_streams(const struct plan *plan) {
    enum { PIPE_FILE_SYSTEM = 0x50495045 };
    if (plan->terminal) {
        return; /* it gets none of them */
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        struct statfs where;
        struct stat status;
        if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
            /* /proc/self/fd/0 would lead out of the sandbox, into the caller's file system. */
            fail(EXIT_LAUNCH, "redirect it to a file, a pipe or /dev/null",
                 "cannot pass on standard descriptor %d: it is a directory", fd);
        }
        if (geteuid() != 0) {
            continue;
        }
        if (fstatfs(fd, &where) == 0 && where.f_type == PIPE_FILE_SYSTEM &&
            fchown(fd, plan->outside_uid, plan->outside_gid) != 0) {
            message("warning: the program cannot open standard descriptor %d again: %s", fd, strerror(errno));
        }
    }
}
