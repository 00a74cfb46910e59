#include "../velo-shim/supervise/channel.h"
#include "../velo-shim/supervise/filter.h"
#include "../velo-shim/supervise/supervise.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Where the preload library looks for velo-supervised. */
static const char LINK[] = "supervised";

/* All processes of the run have ended when the thread is waited for: only a file of the host may hold it up.
 */
enum { STACK = 1 << 20, GIVEN_UP_S = 5 };

struct supervision_thread {
    const struct run *run;
    pthread_t thread;
    bool begun;
    int socket;
    int stop[2]; /* closed at its second end when the run has ended */
    struct world world;
    struct missed *missed; /* NULL: nobody wants to know */
};

/* What is asked for does not exist, but flags that the kernel does not know are seen before that. */
static bool kernel_can(void) {
    const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    char from = 0, to;
    const struct iovec here = {&to, 1}, there = {&from, 1};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) != -1 || errno != EFAULT) {
        return false;
    }
    /* Who is supervised himself cannot supervise. */
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1 && !filter_here();
}

void supervision_prepare(struct run *run) {
    struct supervision_thread *supervisor = kernel_can() ? calloc(1, sizeof *supervisor) : NULL;
    if (supervisor == NULL) {
        return;
    }
    const long listening = channel_listen(run->directory);
    if (listening < 0 || pipe2(supervisor->stop, O_CLOEXEC) != 0 ||
        symlinkat(run->plan->supervised, run->directory, LINK) != 0) {
        free(supervisor); /* the descriptors end with this process, and are close-on-exec */
        return;
    }
    supervisor->run = run;
    supervisor->socket = (int)listening;
    run->supervisor = supervisor;
}

/* Whoever waits for an answer sees that there will be none. */
static void refuse_all(const struct supervision_thread *supervisor) {
    unlinkat(supervisor->run->directory, LINK, 0);
    close(supervisor->socket);
}

static int arrived(int arrivals, void *with) {
    int answer;
    const long listener = channel_receive(arrivals, &answer);
    (void)with;
    if (listener < 0) {
        return -1;
    }
    channel_answer(answer);
    return (int)listener;
}

static void caught(const struct seccomp_notif *call, void *with) {
    const struct supervision_thread *supervisor = with;
    missed_count(supervisor->missed, call);
}

static void refused(int process, const char *reason, void *with) {
    (void)with;
    message("cannot answer process %d: %s; run it with --isolate", process, reason);
}

/* Each filter of the run has a descriptor here. */
static void raise_descriptor_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Most runs have nobody who asks: the world is not even looked at before. */
static bool is_asked(const struct supervision_thread *supervisor) {
    struct pollfd both[] = {{supervisor->socket, POLLIN, 0}, {supervisor->stop[0], POLLIN, 0}};
    while (poll(both, 2, -1) < 0 && errno == EINTR) {
    }
    return (both[0].revents & POLLIN) != 0 && both[1].revents == 0;
}

static void *answer(void *with) {
    struct supervision_thread *supervisor = with;
    if (!is_asked(supervisor)) {
        return NULL;
    }
    raise_descriptor_limit();
    if (!session_world(supervisor->run, &supervisor->world)) {
        message("cannot supervise programs of the run: %s; run static ones with --isolate", strerror(errno));
        refuse_all(supervisor);
        return NULL;
    }
    if (supervisor->run->plan->strict != 0) {
        supervisor->missed = missed_make(&supervisor->world);
    }
    const long result = supervise(&(struct supervision){.world = &supervisor->world,
                                                        .listener = -1,
                                                        .arrivals = supervisor->socket,
                                                        .arrived = arrived,
                                                        .stop = supervisor->stop[0],
                                                        .caught = supervisor->missed == NULL ? NULL : caught,
                                                        .refused = refused,
                                                        .with = supervisor});
    if (result < 0) {
        message("cannot supervise programs of the run: %s; run static ones with --isolate",
                strerror((int)-result));
        refuse_all(supervisor);
    }
    return NULL;
}

void supervision_begin(struct run *run) {
    struct supervision_thread *supervisor = run->supervisor;
    pthread_attr_t attributes;
    if (supervisor == NULL) {
        return;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    supervisor->begun = pthread_create(&supervisor->thread, &attributes, answer, supervisor) == 0;
    if (!supervisor->begun) {
        refuse_all(supervisor);
    }
    pthread_attr_destroy(&attributes);
}

void supervision_end(struct run *run) {
    struct supervision_thread *supervisor = run->supervisor;
    if (supervisor != NULL && supervisor->begun) {
        struct timespec until;
        close(supervisor->stop[1]);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += GIVEN_UP_S;
        if (pthread_timedjoin_np(supervisor->thread, NULL, &until) != 0) {
            message("warning: the supervisor is held up by a file of the host; the run ends without it");
        }
        supervisor->begun = false;
    }
}

long supervision_enter(const struct run *run) {
    struct channel channel;
    if (run->supervisor == NULL) {
        return filter_here() ? -EBUSY : -ENOSYS;
    }
    const long opened = channel_open(&channel, run->directory);
    if (opened < 0) {
        return opened;
    }
    const long listener = filter_install();
    if (listener < 0) {
        return listener;
    }
    return channel_hand_over(&channel, (int)listener);
}

struct missed *supervision_missed(const struct run *run) {
    return run->supervisor == NULL ? NULL : run->supervisor->missed;
}

void supervision_tell(const struct run *run) {
    enum { MOST = 20 };
    struct missed *missed = supervision_missed(run);
    const struct missed_row *row;
    uint64_t rest = missed == NULL ? 0 : missed_total(missed);
    if (missed == NULL || !run->executed) {
        return;
    }
    message("%llu system calls went past the preload library", (unsigned long long)rest);
    for (size_t i = 0; i < MOST && (row = missed_row(missed, i)) != NULL; i++) {
        message("%s %llu from %s", row->call, (unsigned long long)row->count, row->file);
        rest -= row->count;
    }
    if (rest > 0) {
        message("and %llu more", (unsigned long long)rest);
    }
}
