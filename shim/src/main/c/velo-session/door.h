#ifndef VELO_SESSION_DOOR_H
#define VELO_SESSION_DOOR_H

#include "../velo-shim/door.h"
#include "session.h"

#include <poll.h>
#include <pthread.h>

/*
 * Who has connected and not yet asked waits in the list, not the thread; the one that waits longest goes
 * where it is full.
 */
enum { WAITING_MOST = 64, FIRST = 1 };

struct door_thread {
    const struct run *run;
    pthread_t thread;
    bool begun;
    int socket;
    struct world world; /* filled in when the first one asks */
    bool mapped;
    struct pollfd polled[FIRST + WAITING_MOST];
    nfds_t count;
};

/* door_questions.c. Answers a process of the run. False: it has not asked yet. Else the peer is done with. */
bool door_serve(struct door_thread *door, int peer);

#endif
