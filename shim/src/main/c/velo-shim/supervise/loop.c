#include "supervise.h"

#include "answers.h"
#include "descriptors.h"
#include "waiting.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

/* What is waited for: stop, arrivals, then one listener after another. */
enum { STOP, ARRIVALS, FIRST_LISTENER, LOOK_MS = 20 };

struct loop {
    const struct supervision *asked;
    struct world world;
    struct pollfd *polled;
    size_t count, room;
    struct call call;
};

static bool add(struct loop *loop, int fd) {
    if (loop->count == loop->room) {
        size_t room = loop->room == 0 ? 64 : 2 * loop->room;
        struct pollfd *more = realloc(loop->polled, room * sizeof *more);
        if (more == NULL) {
            return false;
        }
        loop->polled = more;
        loop->room = room;
    }
    loop->polled[loop->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    return true;
}

/*
 * The process waits for the answer: whoever gives it may as well run where the process ran. Waking a
 * processor that idles takes longer than the answer. Linux 6.6.
 */
static bool add_listener(struct loop *loop, int listener) {
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, 0);
    return add(loop, listener);
}

/* Once a process, or once for those whose ids have as much in common. */
static void refuse(const struct supervision *asked, const char *reason) {
    static uint64_t told[1024];
    const unsigned process = (unsigned)call_process(), word = process / 64 % 1024;
    const uint64_t bit = UINT64_C(1) << process % 64;
    if (asked->refused != NULL && (told[word] & bit) == 0) {
        told[word] |= bit;
        asked->refused((int)process, reason, asked->with);
    }
}

/* Names of sockets are seldom of the tree, and what is not found there fails anyway. */
static long answer_closed(const struct supervision *asked, int number) {
    if (number == SYS_bind || number == SYS_connect || number == SYS_sendto || number == SYS_getsockname ||
        number == SYS_getpeername) {
        return CONTINUE;
    }
    refuse(asked, "it shows nobody its memory (prctl, PR_SET_DUMPABLE)");
    return -EACCES;
}

/* False: that is no listener. */
static bool serve(struct loop *loop, int listener) {
    struct call *call = &loop->call;
    if (!call_receive(listener, call)) {
        return errno == ENOENT || errno == EINTR;
    }
    call->world = &loop->world;
    call_caller(call);
    served = call;
    if (loop->asked->caught != NULL) {
        loop->asked->caught(&call->notif, loop->asked->with);
    }
    long result = answer_call();
    if (call->traced) {
        refuse(loop->asked, "another process traces it, so it cannot be led into the tree");
    }
    if (call->closed && result != ANSWERED) {
        result = answer_closed(loop->asked, call->notif.data.nr);
    }
    call_reply(result);
    call_end();
    served = NULL;
    return true;
}

static void arrive(struct loop *loop) {
    int listener = loop->asked->arrived(loop->asked->arrivals, loop->asked->with);
    if (listener >= 0 && !add_listener(loop, listener)) {
        /* Without it all its calls are answered ENOSYS, which nobody can overlook. */
        close(listener);
    }
}

/* The last process under the filter has ended, or there never was a filter. */
static void drop(struct loop *loop, size_t at) {
    waiting_look(loop->polled[at].fd);
    close(loop->polled[at].fd);
    loop->polled[at] = loop->polled[--loop->count];
}

static void look_at_listeners(struct loop *loop) {
    for (size_t i = loop->count; i-- > FIRST_LISTENER;) {
        short events = loop->polled[i].revents;
        loop->polled[i].revents = 0;
        const bool asked = (events & POLLIN) != 0;
        if (asked ? !serve(loop, loop->polled[i].fd) : events != 0) {
            drop(loop, i);
        }
    }
}

static long run(struct loop *loop) {
    for (;;) {
        int ready = poll(loop->polled, loop->count, waiting_count() > 0 ? LOOK_MS : -1);
        if (ready < 0 && errno != EINTR) {
            return -errno;
        }
        if (waiting_count() > 0) {
            waiting_look(-1);
        }
        if (ready <= 0) {
            continue;
        }
        if (loop->polled[STOP].revents != 0) {
            return 0;
        }
        look_at_listeners(loop);
        if (loop->polled[ARRIVALS].revents != 0) {
            arrive(loop);
        }
        if (loop->asked->stop < 0 && loop->asked->arrivals < 0 && loop->count == FIRST_LISTENER) {
            return 0;
        }
    }
}

static void end(struct loop *loop) {
    waiting_end();
    descriptors_forget();
    for (size_t i = FIRST_LISTENER; i < loop->count; i++) {
        close(loop->polled[i].fd);
    }
    free(loop->polled);
}

long supervise(const struct supervision *supervision) {
    static struct loop loop;
    loop = (struct loop){.asked = supervision, .world = *supervision->world};
    loop.world.kernel = loop.world.tree.kernel = &supervising_kernel;
    loop.world.door = &door_of_supervisor;
    if (unshare(CLONE_FS) != 0) {
        return -errno;
    }
    umask(0);
    bool enough = add(&loop, supervision->stop) && add(&loop, supervision->arrivals) &&
                  (supervision->listener < 0 || add_listener(&loop, supervision->listener));
    const long result = enough ? run(&loop) : -ENOMEM;
    end(&loop);
    return result;
}
