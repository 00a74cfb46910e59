#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char NAME[] = "supervisor";

/* Through the descriptor, since no path fits that is longer than 107 bytes. */
static struct sockaddr_un address(int session) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/%s", session, NAME);
    return name;
}

long channel_listen(int session) {
    const struct sockaddr_un name = address(session);
    const int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file < 0) {
        return -errno;
    }
    if (bind(file, (const struct sockaddr *)&name, sizeof name) != 0 ||
        fchmodat(session, NAME, S_IRUSR | S_IWUSR, 0) != 0) {
        const int error = errno;
        close(file);
        return -error;
    }
    return file;
}

union rights {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

/* A message without two descriptors is nobody's. */
static long take(const struct msghdr *message, int *answer) {
    int both[2] = {-1, -1};
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(sizeof(int))) {
        return -EAGAIN;
    }
    const size_t length = header->cmsg_len - CMSG_LEN(0);
    memcpy(both, CMSG_DATA(header), length < sizeof both ? length : sizeof both);
    if (both[1] < 0) {
        close(both[0]);
        return -EMFILE;
    }
    *answer = both[1];
    return both[0];
}

long channel_receive(int socket, int *answer) {
    char byte;
    union rights rights;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights};
    const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    return got < 0 ? -errno : take(&message, answer);
}

/* The pipe is empty, so that this does not wait, and its other end may be gone with its process. */
void channel_answer(int answer) {
    if (write(answer, "", 1) != 1) {
        errno = 0;
    }
    close(answer);
}

static long open_at(struct channel *channel, const struct sockaddr_un *name) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        return -errno;
    }
    *channel = (struct channel){socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), pair[0], pair[1]};
    if (channel->socket < 0 || connect(channel->socket, (const struct sockaddr *)name, sizeof *name) != 0) {
        const int error = errno;
        channel_close(channel);
        return -error;
    }
    return 0;
}

long channel_open(struct channel *channel, int session) {
    const struct sockaddr_un name = address(session);
    return open_at(channel, &name);
}

long channel_open_itself(struct channel *channel, int socket) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d", socket);
    return open_at(channel, &name);
}

static long hand_over(const struct channel *channel, int listener) {
    const int both[2] = {listener, channel->theirs};
    char byte = 0;
    union rights rights = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {&byte, 1};
    const struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights};
    rights.header.cmsg_len = CMSG_LEN(sizeof both);
    memcpy(CMSG_DATA(&rights.header), both, sizeof both);
    ssize_t sent;
    do {
        sent = sendmsg(channel->socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* What is closed here must be: the supervisor would not see the end of the last process otherwise. */
long channel_hand_over(struct channel *channel, int listener) {
    long result = hand_over(channel, listener);
    close(listener);
    close(channel->theirs);
    channel->theirs = -1;
    if (result == 0) {
        char byte;
        ssize_t got;
        do {
            got = read(channel->answer, &byte, 1);
        } while (got < 0 && errno == EINTR);
        result = got == 1 ? 0 : -EPIPE;
    }
    channel_close(channel);
    return result;
}

void channel_close(struct channel *channel) {
    const int all[] = {channel->socket, channel->answer, channel->theirs};
    for (unsigned i = 0; i < 3; i++) {
        if (all[i] >= 0) {
            close(all[i]);
        }
    }
    *channel = (struct channel){-1, -1, -1};
}
