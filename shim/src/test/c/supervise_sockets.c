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

bool sockets(void) {
    listening = socket(AF_UNIX, SOCK_STREAM, 0);
    char path[128];
    memcpy(name.sun_path, fresh(path, "socket"), sizeof name.sun_path - 1);
    CHECK(bind(listening, (const struct sockaddr *)&name, sizeof name) == 0 && listen(listening, 2) == 0);
    CHECK(peers(listening) && waits());
    CHECK(close(listening) == 0 && client(0) == -1 && errno == ECONNREFUSED && unlink(name.sun_path) == 0);
    return client(0) == -1 && errno == ENOENT;
}
