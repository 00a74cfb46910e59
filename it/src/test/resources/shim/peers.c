#include "battery.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Sockets of each kind by names of the tree, and without names. */

static const struct {
    const char *name;
    int type;
} types[] = {{"stream", SOCK_STREAM}, {"packets", SOCK_SEQPACKET}, {"datagrams", SOCK_DGRAM}};

static struct sockaddr_un address(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    return name;
}

static long bound(int fd, const char *path) {
    struct sockaddr_un name = address(path);
    return bind(fd, (struct sockaddr *)&name, sizeof name);
}

static long connected(int fd, const char *path) {
    struct sockaddr_un name = address(path);
    return connect(fd, (struct sockaddr *)&name, sizeof name);
}

static void named(const char *label, int (*ask)(int, struct sockaddr *, socklen_t *), int fd) {
    struct sockaddr_un name = {0};
    socklen_t length = sizeof name;
    long done = ask(fd, (struct sockaddr *)&name, &length);
    fact("%s=%ld,%d,%s", label, done, (int)length, name.sun_path);
}

static int name_of_socket(int fd, struct sockaddr *name, socklen_t *length) {
    return getsockname(fd, name, length);
}

static int name_of_peer(int fd, struct sockaddr *name, socklen_t *length) {
    return getpeername(fd, name, length);
}

static void connections(enum origin origin, size_t type) {
    room(origin);
    int server = socket(AF_UNIX, types[type].type | SOCK_NONBLOCK, 0),
        client = socket(AF_UNIX, types[type].type, 0);
    CASE(bound(server, "full/server"), "%s %s bind", origins[origin], types[type].name);
    named("own", name_of_socket, server);
    show("full/server");
    end();
    LINE(bound(server, "again"), "%s %s bind twice", origins[origin], types[type].name);
    LINE(connected(client, "full/server"), "%s %s before listen", origins[origin], types[type].name);
    drop(client);
    client = socket(AF_UNIX, types[type].type, 0);
    NEED(bound(client, "client"));
    LINE(listen(server, 4), "%s %s listen", origins[origin], types[type].name);
    CASE(connected(client, "full/server"), "%s %s connect", origins[origin], types[type].name);
    named("peer", name_of_peer, client);
    end();
    LINE(send(client, "hello", 5, 0), "%s %s send", origins[origin], types[type].name);
    struct sockaddr_un from = {0};
    socklen_t length = sizeof from;
    int peer =
        types[type].type == SOCK_DGRAM ? dup(server) : accept4(server, (struct sockaddr *)&from, &length, 0);
    CASE(ok(peer), "%s %s accept", origins[origin], types[type].name);
    fact("from=%s", from.sun_path);
    char text[16] = "";
    fact("%zd %s", recv(peer, text, sizeof text, 0), text);
    named("peer", name_of_peer, peer);
    named("own", name_of_socket, peer);
    end();
    NEED(rename("full", "moved"));
    CASE(0, "%s %s after its directory moved", origins[origin], types[type].name);
    named("peer", name_of_peer, client);
    int late = socket(AF_UNIX, types[type].type, 0);
    fact("new=%ld old=%ld", connected(late, "moved/server"), connected(late, "full/server"));
    end();
    drop(late);
    NEED(chmod("moved/server", 0));
    NEED(unlink("moved/server"));
    CASE(send(client, "after", 5, 0), "%s %s lives on without its name", origins[origin], types[type].name);
    fact("%zd %.5s", recv(peer, text, sizeof text, 0), text);
    end();
    drop(peer);
    drop(client);
    drop(server);
    int next = socket(AF_UNIX, types[type].type, 0);
    LINE(bound(next, "moved/server"), "%s %s the name is free again", origins[origin], types[type].name);
    drop(next);
    next = socket(AF_UNIX, types[type].type, 0);
    LINE(bound(next, "moved/server"), "%s %s and taken by who is gone", origins[origin], types[type].name);
    LINE(connected(next, "moved/server"), "%s %s nobody is there", origins[origin], types[type].name);
    drop(next);
}

static void wrong_type(enum origin origin) {
    room(origin);
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);
    NEED(bound(server, "server"));
    NEED(listen(server, 1));
    LINE(connected(client, "server"), "%s connect of another type", origins[origin]);
    static const char *const paths[] = {"missing", "missing/x", "file/x", "dir", "dangling", "loop", "pipe"};
    for (size_t i = 0; i < LENGTH(paths); i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        LINE(connected(fd, paths[i]), "%s connect to '%s'", origins[origin], paths[i]);
        LINE(bound(fd, paths[i]), "%s bind to '%s'", origins[origin], paths[i]);
        drop(fd);
        unlink(paths[i]);
    }
    NEED(symlink("server", "to-server"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    LINE(connected(fd, "to-server"), "%s connect by a link", origins[origin]);
    drop(fd);
    NEED(link("server", "second"));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    LINE(connected(fd, "second"), "%s connect by a second name", origins[origin]);
    drop(fd);
    drop(server);
    drop(client);
}

static void unnamed_ones(enum origin origin) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length =
        snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "battery-%d-%d", (int)origin, (int)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    LINE(bind(server, (struct sockaddr *)&name, size), "%s bind to no file", origins[origin]);
    LINE(listen(server, 1), "%s listen at no file", origins[origin]);
    LINE(connect(client, (struct sockaddr *)&name, size), "%s connect to no file", origins[origin]);
    drop(client);
    drop(server);
    int pair[2];
    LINE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), "%s a pair", origins[origin]);
    drop(pair[0]);
    drop(pair[1]);
    server = socket(AF_UNIX, SOCK_DGRAM, 0);
    name = (struct sockaddr_un){.sun_family = AF_UNIX};
    CASE(bind(server, (struct sockaddr *)&name, sizeof name.sun_family), "%s a name of the kernel's choice",
         origins[origin]);
    end();
    LINE(bind(server, (struct sockaddr *)&name, 1), "%s an address that is too short", origins[origin]);
    LINE(bind(server, nowhere, sizeof name), "%s an address from nowhere", origins[origin]);
    name.sun_family = AF_INET;
    LINE(bind(server, (struct sockaddr *)&name, sizeof name), "%s an address of another family",
         origins[origin]);
    drop(server);
    memset(&name, 'n', sizeof name);
    name.sun_family = AF_UNIX;
    server = socket(AF_UNIX, SOCK_DGRAM, 0);
    CASE(bind(server, (struct sockaddr *)&name, sizeof name), "%s an address without an end",
         origins[origin]);
    char full[sizeof name.sun_path + 1] = "";
    memset(full, 'n', sizeof name.sun_path);
    fact("%d", access(full, F_OK));
    end();
    drop(server);
}

static int send_descriptor(void *with) {
    int fd = open("file", O_RDONLY);
    char space[CMSG_SPACE(sizeof fd)] = "";
    struct iovec part = {(char[]){"d"}, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return sendmsg(*(int *)with, &message, 0) == 1 ? 0 : 1;
}

static void descriptors(enum origin origin) {
    room(origin);
    int pair[2], fd = -1;
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    LINE(in_child(send_descriptor, &pair[0]), "%s a child sends a descriptor", origins[origin]);
    char space[CMSG_SPACE(sizeof fd)], byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    CASE(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC), "%s which comes here", origins[origin]);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head) {
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    }
    struct stat is = {0};
    int seen = fstat(fd, &is);
    fact("%d %d %s", seen, is.st_ino == status("file").st_ino, content_of(fd));
    end();
    drop(fd);
    drop(pair[0]);
    drop(pair[1]);
}

void peers_subject(void) {
    BOTH(origin) {
        for (size_t i = 0; i < LENGTH(types); i++) {
            connections(origin, i);
        }
        wrong_type(origin);
        unnamed_ones(origin);
        descriptors(origin);
    }
}
