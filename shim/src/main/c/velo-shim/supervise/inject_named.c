#include "inject.h"

#include "hints.h"
#include "stopped.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* A message as the process is to receive it: all of it is in the memory that it is lent. */
struct receiving {
    struct msghdr message;
    struct iovec part;
    char byte;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights;
};

static long send_descriptor(int socket, int fd) {
    struct receiving sent = {.rights.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    sent.rights.header.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&sent.rights.header), &fd, sizeof fd);
    sent.part = (struct iovec){&sent.byte, 1};
    sent.message = (struct msghdr){.msg_iov = &sent.part,
                                   .msg_iovlen = 1,
                                   .msg_control = &sent.rights,
                                   .msg_controllen = sizeof sent.rights};
    return sendmsg(socket, &sent.message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -errno;
}

/* The thread is stopped, so its call, which is answered already, need not be asked for. */
static bool look(struct receiving *room, unsigned long at) {
    struct iovec own = {room, sizeof *room}, its = {(void *)at, sizeof *room};
    return process_vm_readv((pid_t)served->notif.pid, &own, 1, &its, 1, 0) == (ssize_t)sizeof *room;
}

/* It is there already. Where another thread of the process has taken it, there will be none. */
static long receive(struct stopped *stopped, long theirs, bool close_on_exec) {
    struct receiving room;
    memset(&room, 0, sizeof room);
    const unsigned long at = SCRATCH;
    room.part = (struct iovec){(void *)(at + offsetof(struct receiving, byte)), 1};
    room.message = (struct msghdr){.msg_iov = (void *)(at + offsetof(struct receiving, part)),
                                   .msg_iovlen = 1,
                                   .msg_control = (void *)(at + offsetof(struct receiving, rights)),
                                   .msg_controllen = sizeof room.rights};
    const long arguments[6] = {theirs, (long)(at + offsetof(struct receiving, message)),
                               MSG_DONTWAIT | (close_on_exec ? MSG_CMSG_CLOEXEC : 0)};
    int fd = -1;
    long result = put_memory(stopped, at, &room, sizeof room);
    if (result == 0) {
        result = stopped_call(stopped, true, SYS_recvmsg, arguments);
    }
    if (result < 0) {
        return result;
    }
    if (!look(&room, at) || room.message.msg_controllen < CMSG_LEN(sizeof fd)) {
        return -EMFILE;
    }
    memcpy(&fd, CMSG_DATA(&room.rights.header), sizeof fd);
    return fd;
}

static long take(long theirs, bool close_on_exec) {
    struct stopped stopped;
    const struct opened opened = served->opened;
    const int process = opened.node == NO_NODE ? 0 : call_process();
    const long error = stop_thread(&stopped);
    if (error < 0) {
        return error; /* the socket stays until the process executes something */
    }
    long result = prepare_memory(&stopped);
    if (result == 0) {
        result = receive(&stopped, theirs, close_on_exec);
    }
    const long arguments[6] = {theirs};
    (void)stopped_call(&stopped, true, SYS_close, arguments);
    if (result >= 0 && opened.node != NO_NODE) {
        hint_keep(process, (int)result, opened.node, opened.device, opened.inode);
    }
    stopped_return(&stopped, result);
    return ANSWERED;
}

long inject_named(int fd, bool close_on_exec) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return -errno;
    }
    long result = send_descriptor(pair[0], fd);
    close(pair[0]);
    if (result < 0) {
        close(pair[1]);
        return result;
    }
    const long theirs = call_put_descriptor(pair[1], true);
    return theirs < 0 ? theirs : take(theirs, close_on_exec);
}
