#include "supervise_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_un name = {.sun_family = AF_UNIX};

static int client(int flags) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);
    if (connect(fd, (const struct sockaddr *)&name, sizeof name) == 0) {
        return fd;
    }
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool told_of(int peer, pid_t process) {
    struct ucred who;
    socklen_t length = sizeof who;
    CHECK(peer >= 0 && getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0);
    CHECK(who.pid == process && who.uid == geteuid() && who.gid == getegid());
    return true;
}

/* Both ways of asking, and a child, whose id is another one. */
static bool peers(int listening) {
    int status;
    const int first = client(0), second = client(SOCK_NONBLOCK);
    CHECK(first >= 0 && second >= 0 && (fcntl(first, F_GETFL) & O_NONBLOCK) == 0);
    CHECK(told_of(accept(listening, NULL, NULL), getpid()) &&
          told_of(accept(listening, NULL, NULL), getpid()));
    const pid_t child = fork();
    if (child == 0) {
        _exit(client(0) >= 0 ? 0 : 1);
    }
    CHECK(told_of(accept(listening, NULL, NULL), child));
    return waitpid(child, &status, 0) == child && status == 0;
}

static int listening;

static void *accepts(void *with) {
    (void)with;
    usleep(200000);
    for (int i = 0; i < 3; i++) {
        close(accept(listening, NULL, NULL));
    }
    return NULL;
}

static void on_signal(int number) {
    (void)number;
}

/* Where nobody accepts, it waits; a signal ends that. */
static bool waits(void) {
    pthread_t thread;
    int fd, count = 0;
    struct sigaction action = {.sa_handler = on_signal};
    while ((fd = client(SOCK_NONBLOCK)) >= 0) {
        count++;
    }
    CHECK(errno == EAGAIN && count > 0 && sigaction(SIGALRM, &action, NULL) == 0);
    ualarm(100000, 0);
    CHECK(client(0) == -1 && errno == EINTR);
    CHECK(pthread_create(&thread, NULL, accepts, NULL) == 0);
    CHECK((fd = client(0)) >= 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    return pthread_join(thread, NULL) == 0;
}

static struct sockaddr_un other = {.sun_family = AF_UNIX};
static int receiving;

/* Until one of two bytes; false where it was not waited for. */
static void *receives(void *with) {
    char bytes[8];
    ssize_t got;
    while ((got = recv(receiving, bytes, sizeof bytes, 0)) == 1) {
    }
    *(bool *)with = got == 2;
    return NULL;
}

/* Who reads datagrams goes on waiting for them while another thread connects the socket. */
static bool datagrams(void) {
    char path[128], second[128];
    pthread_t thread;
    bool waited = false;
    const int sending = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    receiving = socket(AF_UNIX, SOCK_DGRAM, 0);
    memcpy(own.sun_path, fresh(path, "first"), sizeof own.sun_path - 1);
    memcpy(other.sun_path, fresh(second, "second"), sizeof other.sun_path - 1);
    CHECK(bind(receiving, (const struct sockaddr *)&own, sizeof own) == 0 &&
          bind(sending, (const struct sockaddr *)&other, sizeof other) == 0 &&
          connect(sending, (const struct sockaddr *)&own, sizeof own) == 0);
    CHECK(pthread_create(&thread, NULL, receives, &waited) == 0);
    const pid_t child = fork();
    if (child == 0) {
        while (send(sending, "x", 1, 0) == 1) {
        }
        _exit(1);
    }
    for (int i = 0; i < 50; i++) {
        CHECK(connect(receiving, (const struct sockaddr *)&other, sizeof other) == 0);
    }
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child && send(sending, "xy", 2, 0) == 2);
    CHECK(pthread_join(thread, NULL) == 0 && waited);
    close(sending);
    close(receiving);
    return unlink(own.sun_path) == 0 && unlink(other.sun_path) == 0;
}

bool sockets(void) {
    CHECK(datagrams());
    listening = socket(AF_UNIX, SOCK_STREAM, 0);
    char path[128];
    memcpy(name.sun_path, fresh(path, "socket"), sizeof name.sun_path - 1);
    CHECK(bind(listening, (const struct sockaddr *)&name, sizeof name) == 0 && listen(listening, 2) == 0);
    CHECK(peers(listening) && waits());
    CHECK(close(listening) == 0 && client(0) == -1 && errno == ECONNREFUSED && unlink(name.sun_path) == 0);
    return client(0) == -1 && errno == ENOENT;
}
