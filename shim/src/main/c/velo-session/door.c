#include "door.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 1 << 18, BACKLOG = 128, GIVEN_UP_S = 5 };

/* Only the door leads there: the session's own directory stays closed. A session without a supervisor has no
 * socket of one. */
static bool open_to_all(const struct run *run) {
    static const char *const MADE[] = {"files", "dirs", "exec"};
    bool open = true;
    for (size_t i = 0; i < sizeof MADE / sizeof *MADE; i++) {
        open = fchmodat(run->directory, MADE[i], 0777, 0) == 0 && open;
    }
    return (fchmodat(run->directory, "supervisor", 0666, 0) == 0 || errno == ENOENT) && open;
}

/* Who is root can become anybody; clients believe nobody else. */
void door_prepare(struct run *run) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (geteuid() != 0) {
        return;
    }
    const size_t length = door_name(run->plan->directory, name.sun_path);
    const int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct door_thread *door = listening < 0 ? NULL : calloc(1, sizeof *door);
    if (door == NULL) {
        return; /* the descriptor ends with this process, and is close-on-exec */
    }
    if (bind(listening, (const struct sockaddr *)&name,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0 ||
        listen(listening, BACKLOG) != 0 || !open_to_all(run)) {
        close(listening);
        free(door);
        return;
    }
    door->run = run;
    door->socket = listening;
    run->door = door;
}

static void forget(struct door_thread *door, nfds_t at) {
    memmove(&door->polled[at], &door->polled[at + 1], (door->count - at - 1) * sizeof *door->polled);
    door->count--;
}

/* Everybody may knock; who is no process of the run hears nothing. */
static void let_in(struct door_thread *door) {
    struct ucred who;
    socklen_t length = sizeof who;
    const int peer = accept4(door->socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0) {
        return;
    }
    if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0 || !is_descendant(who.pid)) {
        close(peer);
        return;
    }
    if (door_serve(door, peer)) {
        return;
    }
    if (door->count == FIRST + WAITING_MOST) {
        close(door->polled[FIRST].fd);
        forget(door, FIRST);
    }
    door->polled[door->count++] = (struct pollfd){.fd = peer, .events = POLLIN};
}

static void *attend(void *with) {
    struct door_thread *door = with;
    door->polled[0] = (struct pollfd){.fd = door->socket, .events = POLLIN};
    door->count = FIRST;
    for (;;) {
        if (poll(door->polled, door->count, -1) < 0) {
            continue;
        }
        if ((door->polled[0].revents & ~POLLIN) != 0) {
            return NULL; /* it was shut */
        }
        for (nfds_t i = door->count; i-- > FIRST;) {
            if (door->polled[i].revents != 0 && door_serve(door, door->polled[i].fd)) {
                forget(door, i);
            }
        }
        if (door->polled[0].revents != 0) {
            let_in(door);
        }
    }
}

void door_begin(struct run *run) {
    pthread_attr_t attributes;
    if (run->door == NULL) {
        return;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    run->door->begun = pthread_create(&run->door->thread, &attributes, attend, run->door) == 0;
    pthread_attr_destroy(&attributes);
    if (!run->door->begun) {
        close(run->door->socket);
    }
}

void door_end(struct run *run) {
    struct timespec until;
    if (run->door == NULL || !run->door->begun) {
        return;
    }
    shutdown(run->door->socket, SHUT_RDWR);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += GIVEN_UP_S;
    pthread_timedjoin_np(run->door->thread, NULL, &until);
    run->door->begun = false;
}
