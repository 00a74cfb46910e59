#include "inject.h"

#include "../door.h"
#include "hints.h"
#include "stopped.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A call whose argument of this place is a path of the supervisor's. */
static long call_with_path(struct stopped *stopped, long number, const char *path, unsigned place,
                           long arguments[6]) {
    long result = prepare_memory(stopped);
    if (result == 0) {
        result = put_memory(stopped, SCRATCH, path, strlen(path) + 1);
    }
    if (result == 0) {
        arguments[place] = (long)SCRATCH;
        result = stopped_call(stopped, true, number, arguments);
    }
    return result;
}

long inject_chdir(int fd, const char *path) {
    struct stopped stopped;
    long arguments[6] = {0}, result;
    long error = seize_thread(&stopped);
    if (error < 0) {
        close(fd);
        return error;
    }
    arguments[0] = call_put_descriptor(fd, true);
    stop_seized(&stopped);
    if (arguments[0] < 0) {
        /* No room in its table. */
        result = call_with_path(&stopped, SYS_chdir, path, 0, arguments);
    } else {
        result = stopped_call(&stopped, false, SYS_fchdir, arguments);
        (void)stopped_call(&stopped, false, SYS_close, arguments);
    }
    stopped_return(&stopped, result);
    return ANSWERED;
}

/* *told: the result. */
static long inject_path(long number, const char *path, unsigned place, long arguments[6], long *told) {
    struct stopped stopped;
    long error = stop_thread(&stopped);
    if (error < 0) {
        return error;
    }
    *told = call_with_path(&stopped, number, path, place, arguments);
    stopped_return(&stopped, *told);
    return ANSWERED;
}

long inject_chdir_path(const char *path) {
    long arguments[6] = {0}, told;
    return inject_path(SYS_chdir, path, 0, arguments, &told);
}

long inject_open(const char *path, int flags) {
    long arguments[6] = {AT_FDCWD, 0, flags}, fd = -1;
    const struct opened opened = served->opened;
    const int process = opened.node == NO_NODE ? 0 : call_process();
    long answered = inject_path(SYS_openat, path, 1, arguments, &fd);
    if (answered == ANSWERED && fd >= 0 && opened.node != NO_NODE) {
        hint_keep(process, (int)fd, opened.node, opened.device, opened.inode);
    }
    return answered;
}

/* One of datagrams does so at once, and others may be reading from it. */
static bool may_wait(int socket) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM;
}

/* A thread that is stopped here takes no signals, so it must not wait: the flag is of the open file. */
long inject_connect(const struct connection *connection, bool *again) {
    struct stopped stopped;
    const long arguments[6] = {connection->theirs, (long)SCRATCH, connection->length};
    const int flags = fcntl(connection->ours, F_GETFL);
    const bool marks = may_wait(connection->ours);
    long error = flags < 0 ? -errno : seize_thread(&stopped);
    if (error < 0) {
        return error;
    }
    if (marks) {
        fcntl(connection->ours, F_SETFL, flags | O_NONBLOCK);
    }
    stop_seized(&stopped);
    long result = prepare_memory(&stopped);
    if (result == 0) {
        result = put_memory(&stopped, SCRATCH, connection->name, connection->length);
    }
    if (result == 0) {
        result = stopped_call(&stopped, true, SYS_connect, arguments);
    }
    if (marks) {
        fcntl(connection->ours, F_SETFL, flags);
    }
    *again = (result == -EAGAIN && (flags & O_NONBLOCK) == 0) || result == -ENOENT || result == -EACCES;
    if (*again) {
        stopped_repeat(&stopped, &served->notif.data);
    } else {
        stopped_return(&stopped, result);
    }
    return ANSWERED;
}

/* Pieces one after another in the process's memory. */
struct scratch {
    const struct stopped *stopped;
    unsigned long next;
};

static unsigned long put(struct scratch *scratch, const void *bytes, size_t length) {
    unsigned long at = scratch->next;
    if (length > SCRATCH + SCRATCH_SIZE - at || put_memory(scratch->stopped, at, bytes, length) < 0) {
        return 0;
    }
    scratch->next = at + ((length + 7) & ~7ul);
    return at;
}

static long put_execution(struct scratch *scratch, const struct execution *execution, long arguments[6]) {
    arguments[0] = (long)put(scratch, execution->path, strlen(execution->path) + 1);
    arguments[1] = (long)(uintptr_t)execution->argv;
    arguments[2] = (long)(uintptr_t)execution->envp;
    if (execution->words == NULL) {
        return arguments[0] == 0 ? -EFAULT : 0;
    }
    for (size_t i = 0; i < execution->count; i++) {
        const char *text = execution->texts[i];
        if (text != NULL) {
            execution->words[i] = (remote)put(scratch, text, strlen(text) + 1);
        }
    }
    execution->words[execution->count] = NULL;
    arguments[1] = (long)put(scratch, execution->words, (execution->count + 1) * sizeof *execution->words);
    return arguments[0] == 0 || arguments[1] == 0 ? -E2BIG : 0;
}

/* The descriptor in the process, or -errno. */
static long lead_there(const char *path, char *way, size_t room) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const long theirs = fd < 0 ? -errno : call_put_descriptor(fd, true);
    const long named = theirs < 0 ? theirs : door_text((int)theirs, "", way, room);
    return named < 0 ? named : theirs;
}

long inject_execve(const struct execution *execution) {
    struct stopped stopped;
    struct execution led = *execution;
    char way[40];
    long arguments[6] = {0};
    const pid_t process = call_process();
    long error = seize_thread(&stopped);
    if (error < 0) {
        return error;
    }
    const long theirs = execution->closed ? lead_there(execution->path, way, sizeof way) : 0;
    if (execution->closed) {
        led.path = way;
    }
    stop_seized(&stopped);
    long result = theirs < 0 ? theirs : prepare_memory(&stopped);
    struct scratch scratch = {&stopped, SCRATCH};
    if (result == 0) {
        result = put_execution(&scratch, &led, arguments);
    }
    if (result == 0) {
        stopped.process = process == stopped.thread ? 0 : process;
        result = stopped_call(&stopped, true, SYS_execve, arguments);
    }
    /* It could be read, which he may not be allowed to. */
    if (execution->closed && theirs >= 0 && !stopped.executed) {
        const long left[6] = {theirs};
        (void)stopped_call(&stopped, false, SYS_close, left);
    }
    stopped_return(&stopped, result);
    return ANSWERED;
}
