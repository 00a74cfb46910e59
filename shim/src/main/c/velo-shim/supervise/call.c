#include "call.h"

#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

struct call *served;

bool call_receive(int listener, struct call *out) {
    memset(&out->notif, 0, sizeof out->notif);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &out->notif) != 0) {
        return false;
    }
    out->listener = listener;
    out->held_count = 0;
    out->entered = out->may_wait = out->waits = out->closed = out->traced = out->person_known = false;
    out->process = 0;
    return true;
}

bool call_valid(void) {
    return ioctl(served->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &served->notif.id) == 0;
}

bool call_reply(long result) {
    struct seccomp_notif_resp reply = {.id = served->notif.id};
    if (result == ANSWERED) {
        return true;
    }
    if (result == CONTINUE) {
        reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    } else if (result < 0) {
        reply.error = (int)result;
    } else {
        reply.val = result;
    }
    /* Who does not wait any more was killed. */
    return ioctl(served->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0;
}

static long add_descriptor(int fd, bool close_on_exec, unsigned flags) {
    struct seccomp_notif_addfd add = {.id = served->notif.id,
                                      .flags = flags,
                                      .srcfd = (uint32_t)fd,
                                      .newfd_flags = close_on_exec ? O_CLOEXEC : 0};
    long number = ioctl(served->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    long result = number < 0 ? -errno : number;
    close(fd);
    return result;
}

long call_reply_descriptor(int fd, bool close_on_exec) {
    long number = add_descriptor(fd, close_on_exec, SECCOMP_ADDFD_FLAG_SEND);
    return number < 0 && number != -ENOENT ? number : 0;
}

long call_put_descriptor(int fd, bool close_on_exec) {
    return add_descriptor(fd, close_on_exec, 0);
}

void call_end(void) {
    for (unsigned i = 0; i < served->held_count; i++) {
        close(served->held[i].ours);
    }
    served->held_count = 0;
}

/* Behind the look: before it, the id might still be given to another process meanwhile. */
long copy_in(void *to, remote from, size_t length) {
    struct iovec own = {to, length}, its = {(void *)(uintptr_t)from, length};
    ssize_t done = process_vm_readv((pid_t)served->notif.pid, &own, 1, &its, 1, 0);
    served->closed = served->closed || (done < 0 && errno == EPERM);
    return done == (ssize_t)length && call_valid() ? 0 : -EFAULT;
}

long copy_out(remote to, const void *from, size_t length) {
    struct iovec own = {(void *)(uintptr_t)from, length}, its = {(void *)(uintptr_t)to, length};
    if (length == 0) {
        return 0;
    }
    if (!call_valid()) {
        return -EFAULT;
    }
    ssize_t done = process_vm_writev((pid_t)served->notif.pid, &own, 1, &its, 1, 0);
    return done == (ssize_t)length ? 0 : -EFAULT;
}

/* A string may end just before memory that is not there: no piece goes over the end of a page. */
long copy_string(char *to, remote from, size_t room) {
    enum { PAGE = 4096, PIECE = 512 };
    uintptr_t at = (uintptr_t)from;
    for (size_t length = 0; length < room;) {
        size_t piece = PAGE - at % PAGE;
        piece = piece < PIECE ? piece : PIECE;
        piece = piece < room - length ? piece : room - length;
        if (copy_in(to + length, (remote)at, piece) != 0) {
            return -EFAULT;
        }
        const char *end = memchr(to + length, 0, piece);
        if (end != NULL) {
            return end - to;
        }
        length += piece;
        at += piece;
    }
    return -ENAMETOOLONG;
}

long copy_path(char *to, remote from) {
    return copy_string(to, from, PATH_MAX);
}

static int held(int fd) {
    for (unsigned i = 0; i < served->held_count; i++) {
        if (served->held[i].theirs == fd) {
            return served->held[i].ours;
        }
    }
    return -1;
}

int call_descriptor(int fd) {
    int ours = held(fd);
    if (ours >= 0 || fd < 0) {
        return ours >= 0 ? ours : -EBADF;
    }
    if (served->held_count == HELD_MOST || (ours = descriptor_of((pid_t)served->notif.pid, fd)) < 0) {
        served->closed = served->closed || ours == -EPERM;
        return -EBADF;
    }
    if (!call_valid()) {
        close(ours);
        return -EBADF;
    }
    served->held[served->held_count++] = (struct held){fd, ours};
    return ours;
}

long call_enter(void) {
    char path[32];
    if (!served->entered) {
        snprintf(path, sizeof path, "/proc/%d/cwd", (int)served->notif.pid);
        served->enter_error = chdir(path) == 0 ? 0 : -errno;
        served->entered = true;
    }
    return served->enter_error;
}

int call_directory(int at, const char *path) {
    if (*path == '/') {
        return AT_FDCWD;
    }
    if (at == AT_FDCWD) {
        return call_enter() == 0 ? AT_FDCWD : -1;
    }
    int ours = call_descriptor(at);
    return ours < 0 ? -1 : ours;
}
