#include "answers.h"

#include "stopped.h"
#include "waiting.h"

#include <errno.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

/* The node of files/<node>, NO_NODE where the path is none of the session. */
static node_id node_of(const struct world *world, const char *path) {
    static const char files[] = "/files/";
    node_id node = 0;
    if (strncmp(path, world->session, world->session_length) != 0 ||
        strncmp(path + world->session_length, files, sizeof files - 1) != 0) {
        return NO_NODE;
    }
    const char *at = path + world->session_length + sizeof files - 1;
    for (int i = 0; i < 8; i++, at++) {
        unsigned digit = *at >= '0' && *at <= '9' ? (unsigned)(*at - '0') : (unsigned)(*at - 'a') + 10;
        if (digit > 15) {
            return NO_NODE;
        }
        node = node << 4 | digit;
    }
    return *at == 0 ? node : NO_NODE;
}

/* FIFOs and devices; of the session's files the tree knows without a system call. */
static bool may_wait_at(const char *path, int flags) {
    const struct world *world = served->world;
    struct stat state;
    struct node node;
    if ((flags & (O_PATH | O_NONBLOCK | O_DIRECTORY)) != 0) {
        return false;
    }
    /* The session may be below the store. */
    node_id id = node_of(world, path);
    if (id != NO_NODE) {
        return tree_node(&world->tree, id, &node) && node.type == NODE_OTHER;
    }
    if (path_is_below(path, world->store, world->store_length)) {
        return false;
    }
    return stat(path, &state) == 0 && !S_ISREG(state.st_mode) && !S_ISDIR(state.st_mode);
}

static int flags_of(long number, long how) {
    return number == SYS_openat ? (int)how : (int)((const struct open_how *)how)->flags;
}

/* Of another file the opening waits where somebody has a lease on it (fcntl(2), F_SETLEASE). */
static long open_at_once(long number, long at, long path, long how, long last) {
    const int off = 0;
    struct open_how copy = {.flags = 0};
    long fd;
    if (number == SYS_openat) {
        fd = own_result(syscall(number, at, path, how | O_NONBLOCK, last));
    } else {
        copy = *(const struct open_how *)how;
        copy.flags |= O_NONBLOCK;
        fd = own_result(syscall(number, at, path, &copy, last));
    }
    if (fd >= 0) {
        (void)ioctl((int)fd, FIONBIO, &off);
    }
    return fd;
}

/* named: the path as the core has it. */
static long open_or_leave(long number, const long arguments[6], const char *named) {
    const long at = arguments[0], path = arguments[1], how = arguments[2], last = arguments[3];
    const int flags = flags_of(number, how);
    if ((flags & (O_PATH | O_NONBLOCK | O_DIRECTORY)) != 0) {
        return own_result(syscall(number, at, path, how, last));
    }
    long fd = may_wait_at(named, flags) ? -EAGAIN : open_at_once(number, at, path, how, last);
    served->waits = served->waits || fd == -EAGAIN;
    return fd == -EAGAIN ? -EINTR : fd;
}

static long call_now(long number, const long arguments[6], const char *named) {
    const bool opens = number == SYS_openat || number == SYS_openat2;
    return opens && served != NULL && !served->may_wait
               ? open_or_leave(number, arguments, named)
               : own_result(syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                                    arguments[4], arguments[5]));
}

/* Of another user than root: by a way that he may go. */
static long own_call(long number, long a, long b, long c, long d, long e, long f) {
    long arguments[6] = {a, b, c, d, e, f};
    char ways[2][WAY_ROOM];
    const bool as_other =
        is_of_session(number, arguments) && is_other_user() && ways_of_call(number, arguments, ways) > 0;
    if (as_other) {
        act_as_process();
    }
    const long result = call_now(number, arguments, (const char *)b);
    if (as_other) {
        act_as_self();
    }
    return result;
}

const struct kernel supervising_kernel = {own_call};

static struct child {
    pid_t id;
    int listener;
    uint64_t call;
    pid_t thread;
} * children;
static unsigned child_count, child_room;

static bool has_room(void) {
    if (child_count == child_room) {
        unsigned room = child_room == 0 ? 64 : 2 * child_room;
        struct child *more = realloc(children, room * sizeof *more);
        if (more == NULL) {
            return false;
        }
        children = more;
        child_room = room;
    }
    return true;
}

unsigned waiting_count(void) {
    return child_count;
}

long answer_waiting(long (*again)(void *with), void *with) {
    if (!has_room()) {
        return -ENOMEM;
    }
    pid_t id = fork();
    if (id < 0) {
        return -errno;
    }
    if (id == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        served->may_wait = true;
        served->waits = false;
        call_reply(again(with));
        _exit(0);
    }
    children[child_count++] =
        (struct child){id, served->listener, served->notif.id, (pid_t)served->notif.pid};
    return ANSWERED;
}

/* A signal that the thread would see at once if it waited itself. */
static bool is_interrupted(pid_t thread) {
    static const char *const NAMES[] = {"\nSigPnd:", "\nShdPnd:", "\nSigBlk:", "\nSigIgn:"};
    char path[40], text[4096];
    uint64_t sets[4];
    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[length < 0 ? 0 : length] = 0;
    for (int i = 0; i < 4; i++) {
        const char *line = strstr(text, NAMES[i]);
        sets[i] = line == NULL ? 0 : strtoull(line + strlen(NAMES[i]), NULL, 16);
    }
    return ((sets[0] | sets[1]) & ~sets[2] & ~sets[3]) != 0;
}

enum { ERESTARTSYS = 512 };

static void answer_interrupted(const void *with) {
    const struct child *child = with;
    struct seccomp_notif_resp reply = {.id = child->call, .error = -ERESTARTSYS};
    (void)ioctl(child->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/*
 * The kernel starts the call again behind the handler of the signal, or says EINTR, as the handler has it. It
 * does so only for a thread that looks for signals, and another one may take this signal: so the thread is
 * made to look.
 */
static bool is_over(const struct child *child) {
    if (ioctl(child->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &child->call) != 0) {
        return true;
    }
    if (!is_interrupted(child->thread)) {
        return false;
    }
    if (!release_thread(child->thread, answer_interrupted, child)) {
        struct seccomp_notif_resp reply = {.id = child->call, .error = -EINTR};
        (void)ioctl(child->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
    return true;
}

static void end(struct child *child) {
    kill(child->id, SIGKILL);
    while (waitpid(child->id, NULL, 0) < 0 && errno == EINTR) {
    }
}

enum { LOOK_MS = 20 };

/* Not at each call of the others: a look reads a file for each child. */
static bool is_time(void) {
    static uint64_t last;
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    uint64_t now = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
    bool is = now - last >= LOOK_MS;
    last = is ? now : last;
    return is;
}

void waiting_look(int closed) {
    if (closed < 0 && !is_time()) {
        return;
    }
    for (unsigned i = 0; i < child_count;) {
        struct child *child = &children[i];
        bool gone = waitpid(child->id, NULL, WNOHANG) != 0;
        if (!gone && (child->listener == closed || is_over(child))) {
            end(child);
            gone = true;
        }
        if (gone) {
            children[i] = children[--child_count];
        } else {
            i++;
        }
    }
}

void waiting_end(void) {
    while (child_count > 0) {
        end(&children[--child_count]);
    }
    free(children);
    children = NULL;
    child_room = 0;
}
