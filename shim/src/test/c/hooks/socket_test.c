#include "hooks_test.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strncpy(name.sun_path, path, sizeof name.sun_path - 1);
    return name;
}

#define SA(name) ((struct sockaddr *)&(name))

static const char *place;
static struct sockaddr_un name;

/* A socket that listens, or receives, at TREE/NAME. */
static int bound(const char *last, int type) {
    int fd = socket(AF_UNIX, type, 0);
    place = fresh(last);
    name = address(place);
    if (bind(fd, SA(name), sizeof name) != 0 || (type == SOCK_STREAM && listen(fd, 4) != 0)) {
        return -1;
    }
    return fd;
}

static int connected(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(fd, SA(name), sizeof name) == 0 ? fd : -1;
}

static bool is_place(const struct sockaddr_un *told, socklen_t length) {
    return length > offsetof(struct sockaddr_un, sun_path) && told->sun_family == AF_UNIX &&
           strcmp(told->sun_path, place) == 0;
}

static bool t_bind(void *symbol) {
    int (*call)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))symbol;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
    struct stat state;
    place = fresh("bind");
    name = address(place);
    CHECK(call(fd, SA(name), sizeof name) == 0 && stat(place, &state) == 0 && S_ISSOCK(state.st_mode));
    CHECK(call(other, SA(name), sizeof name) == -1 && errno == EADDRINUSE);
    name = address(TREE "/none/x");
    CHECK(call(other, SA(name), sizeof name) == -1 && errno == ENOENT);
    return true;
}

static bool t_connect(void *symbol) {
    int listening = bound("connect", SOCK_STREAM), fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int (*call)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))symbol;
    char byte = 0;
    CHECK(listening >= 0 && call(fd, SA(name), sizeof name) == 0);
    int accepted = accept(listening, NULL, NULL);
    CHECK(write(fd, "x", 1) == 1 && read(accepted, &byte, 1) == 1 && byte == 'x');
    CHECK(unlink(place) == 0 && call(socket(AF_UNIX, SOCK_STREAM, 0), SA(name), sizeof name) == -1 &&
          errno == ENOENT);
    return true;
}

static bool t_sendto(void *symbol) {
    char buffer[8];
    int fd = bound("sendto", SOCK_DGRAM), from = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && ((ssize_t(*)(int, const void *, size_t, int, const struct sockaddr *, socklen_t))symbol)(
                         from, "abc", 3, 0, SA(name), sizeof name) == 3);
    return recv(fd, buffer, sizeof buffer, 0) == 3 && memcmp(buffer, "abc", 3) == 0;
}

static bool t_sendmsg(void *symbol) {
    char buffer[8], text[] = "def";
    int fd = bound("sendmsg", SOCK_DGRAM), from = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct iovec part = {text, 3};
    struct msghdr message = {
        .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &part, .msg_iovlen = 1};
    CHECK(fd >= 0 && ((ssize_t(*)(int, const struct msghdr *, int))symbol)(from, &message, 0) == 3);
    return recv(fd, buffer, sizeof buffer, 0) == 3 && memcmp(buffer, "def", 3) == 0;
}

static bool t_sendmmsg(void *symbol) {
    char buffer[8], text[] = "ghi";
    int fd = bound("sendmmsg", SOCK_DGRAM), from = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct iovec part = {text, 3};
    struct msghdr message = {
        .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr both[2] = {{message, 0}, {message, 0}};
    CHECK(fd >= 0 && ((int (*)(int, struct mmsghdr *, unsigned, int))symbol)(from, both, 2, 0) == 2);
    CHECK(both[1].msg_len == 3 && recv(fd, buffer, sizeof buffer, 0) == 3);
    return recv(fd, buffer, sizeof buffer, 0) == 3 && memcmp(buffer, "ghi", 3) == 0;
}

typedef int told_name(int, struct sockaddr *, socklen_t *);

/* A relative path is told as it was given, also after the socket was moved and removed, and by a child. */
static bool is_told_as_bound(told_name *call, int told_of, const char *path) {
    struct sockaddr_un told = {0};
    socklen_t length = sizeof told;
    CHECK(call(told_of, SA(told), &length) == 0 && strcmp(told.sun_path, path) == 0);
    CHECK(length == offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    /* Less room: the beginning, and how long it is. */
    memset(&told, 'x', sizeof told);
    length = offsetof(struct sockaddr_un, sun_path) + 4;
    CHECK(call(told_of, SA(told), &length) == 0 && memcmp(told.sun_path, path, 4) == 0);
    CHECK(told.sun_path[4] == 'x' && length == offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    return true;
}

static bool is_bound_relatively(told_name *call, bool peer) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), from = socket(AF_UNIX, SOCK_STREAM, 0);
    char path[64], moved[128];
    snprintf(path, sizeof path, "sub/../socket.%d.%s", (int)getpid(), peer ? "peer" : "own");
    snprintf(moved, sizeof moved, "%s.moved", path);
    name = address(path);
    CHECK(chdir(TREE "/dir") == 0 && bind(fd, SA(name), sizeof name) == 0 && listen(fd, 1) == 0);
    CHECK(connect(from, SA(name), sizeof name) == 0 && is_told_as_bound(call, peer ? from : fd, path));
    CHECK(rename(path, moved) == 0 && is_told_as_bound(call, peer ? from : fd, path));
    return unlink(moved) == 0 && is_told_as_bound(call, peer ? from : fd, path);
}

static bool t_getsockname(void *symbol) {
    struct sockaddr_un told;
    socklen_t length = sizeof told;
    int fd = bound("getsockname", SOCK_STREAM);
    CHECK(fd >= 0 && ((told_name *)symbol)(fd, SA(told), &length) == 0);
    return is_place(&told, length) && is_bound_relatively((told_name *)symbol, false);
}

static bool t_getpeername(void *symbol) {
    struct sockaddr_un told;
    socklen_t length = sizeof told;
    int listening = bound("getpeername", SOCK_STREAM), fd = connected();
    CHECK(listening >= 0 && fd >= 0);
    CHECK(((told_name *)symbol)(fd, SA(told), &length) == 0);
    return is_place(&told, length) && is_bound_relatively((told_name *)symbol, true);
}

/* The peer has a name of the tree, too. */
static int named_peer(int type) {
    struct sockaddr_un to = name;
    int fd = bound("peer", type == SOCK_STREAM ? SOCK_SEQPACKET : type);
    if (type == SOCK_STREAM) {
        close(fd);
        unlink(place);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(fd, SA(name), sizeof name) != 0) {
            return -1;
        }
    }
    return connect(fd, SA(to), sizeof to) == 0 ? fd : -1;
}

static bool t_recvmmsg(void *symbol) {
    struct sockaddr_un told[2];
    char buffer[2][8];
    struct iovec parts[2] = {{buffer[0], 8}, {buffer[1], 8}};
    struct mmsghdr both[2] = {
        {{.msg_name = &told[0], .msg_namelen = sizeof told[0], .msg_iov = &parts[0], .msg_iovlen = 1}, 0},
        {{.msg_name = &told[1], .msg_namelen = sizeof told[1], .msg_iov = &parts[1], .msg_iovlen = 1}, 0}};
    int fd = bound("recvmmsg", SOCK_DGRAM), from = named_peer(SOCK_DGRAM);
    CHECK(fd >= 0 && from >= 0 && send(from, "a", 1, 0) == 1 && send(from, "b", 1, 0) == 1);
    CHECK(((int (*)(int, struct mmsghdr *, unsigned, int, struct timespec *))symbol)(fd, both, 2, 0, NULL) ==
          2);
    return is_place(&told[0], both[0].msg_hdr.msg_namelen) && is_place(&told[1], both[1].msg_hdr.msg_namelen);
}

static bool t_accept(void *symbol) {
    struct sockaddr_un told;
    socklen_t length = sizeof told;
    int listening = bound("accept", SOCK_STREAM);
    CHECK(listening >= 0 && named_peer(SOCK_STREAM) >= 0);
    CHECK(((int (*)(int, struct sockaddr *, socklen_t *))symbol)(listening, SA(told), &length) >= 0);
    return is_place(&told, length);
}

static bool t_accept4(void *symbol) {
    struct sockaddr_un told;
    socklen_t length = sizeof told;
    int listening = bound("accept4", SOCK_STREAM);
    CHECK(listening >= 0 && named_peer(SOCK_STREAM) >= 0);
    int fd = ((int (*)(int, struct sockaddr *, socklen_t *, int))symbol)(listening, SA(told), &length,
                                                                         SOCK_CLOEXEC);
    return fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && is_place(&told, length);
}

static bool t_recvfrom(void *symbol) {
    struct sockaddr_un told;
    socklen_t length = sizeof told;
    char buffer[8];
    int fd = bound("recvfrom", SOCK_DGRAM), from = named_peer(SOCK_DGRAM);
    CHECK(fd >= 0 && from >= 0 && send(from, "a", 1, 0) == 1);
    CHECK(((ssize_t(*)(int, void *, size_t, int, struct sockaddr *, socklen_t *))symbol)(
              fd, buffer, sizeof buffer, 0, SA(told), &length) == 1);
    return is_place(&told, length);
}

static bool t_recvfrom_chk(void *symbol) {
    struct sockaddr_un told;
    socklen_t length = sizeof told;
    char buffer[8];
    int fd = bound("recvfrom", SOCK_DGRAM), from = named_peer(SOCK_DGRAM);
    CHECK(fd >= 0 && from >= 0 && send(from, "a", 1, 0) == 1);
    CHECK(((ssize_t(*)(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *))symbol)(
              fd, buffer, sizeof buffer, sizeof buffer, 0, SA(told), &length) == 1);
    return is_place(&told, length);
}

static bool t_recvmsg(void *symbol) {
    struct sockaddr_un told;
    char buffer[8];
    struct iovec part = {buffer, sizeof buffer};
    struct msghdr message = {
        .msg_name = &told, .msg_namelen = sizeof told, .msg_iov = &part, .msg_iovlen = 1};
    int fd = bound("recvmsg", SOCK_DGRAM), from = named_peer(SOCK_DGRAM);
    CHECK(fd >= 0 && from >= 0 && send(from, "a", 1, 0) == 1);
    CHECK(((ssize_t(*)(int, struct msghdr *, int))symbol)(fd, &message, 0) == 1);
    return is_place(&told, message.msg_namelen);
}

CASES("socket", {"bind", t_bind}, {"connect", t_connect}, {"__connect", t_connect}, {"sendto", t_sendto},
      {"sendmsg", t_sendmsg}, {"getsockname", t_getsockname}, {"getpeername", t_getpeername},
      {"accept", t_accept}, {"accept4", t_accept4}, {"recvfrom", t_recvfrom},
      {"__recvfrom_chk", t_recvfrom_chk}, {"recvmsg", t_recvmsg}, {"recvmmsg", t_recvmmsg},
      {"sendmmsg", t_sendmmsg}, {"__sendmmsg", t_sendmmsg})
