#include "address.h"
#include "answers.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { DATA_MOST = 1 << 18 };

/* A message to a socket of the tree, and a copy of what is in it: one is sent at a time. */
struct message {
    int fd, flags;
    struct address address;
    struct iovec data;
    struct msghdr head;
};
static char data[DATA_MOST];

static long send_to(const void *with) {
    const struct message *message = with;
    return RAW(SYS_sendmsg, message->fd, &message->head, message->flags | MSG_NOSIGNAL);
}

static long send_now(void *with) {
    const struct message *message = with;
    return address_call(&message->address, send_to, message);
}

static long begin(struct message *message, int fd, int flags, remote name, unsigned length) {
    memset(message, 0, sizeof *message);
    long result = address_translate(name, length, &message->address);
    if (result != 0) {
        return result;
    }
    message->fd = call_descriptor(fd);
    message->flags = flags;
    message->data.iov_base = data;
    message->head.msg_name = &message->address.name;
    message->head.msg_namelen = message->address.length;
    message->head.msg_iov = &message->data;
    message->head.msg_iovlen = 1;
    return message->fd < 0 ? -EBADF : 0;
}

/* Only where the receiver has no room a child of the supervisor waits for it. */
static long send_or_wait(struct message *message) {
    const int asked = message->flags;
    message->flags |= MSG_DONTWAIT;
    long result = send_now(message);
    message->flags = asked;
    bool may_wait = (asked & MSG_DONTWAIT) == 0 && (RAW(SYS_fcntl, message->fd, F_GETFL) & O_NONBLOCK) == 0;
    return result == -EAGAIN && may_wait ? answer_waiting(send_now, message) : result;
}

long sys_sendto(int fd, remote bytes, size_t size, int flags, remote name, unsigned length) {
    struct message message;
    long result = begin(&message, fd, flags, name, length);
    if (result == CONTINUE) {
        return result;
    }
    if (result == 0 && size > sizeof data) {
        result = -EMSGSIZE;
    }
    if (result == 0) {
        message.data.iov_len = size;
        result = copy_in(data, bytes, size);
    }
    if (result == 0) {
        result = send_or_wait(&message);
    }
    address_release(&message.address);
    return result;
}
