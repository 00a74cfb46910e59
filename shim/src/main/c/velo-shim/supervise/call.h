#ifndef VELO_CALL_H
#define VELO_CALL_H

#include "../calls.h"

#include <linux/seccomp.h>
#include <stdio.h>

/* A pointer of the supervised process: never followed, only copied from and to. */
typedef const void *remote;

/* Results of answers beside the kernel's. */
#define CONTINUE PASS           /* the kernel makes the call as it is */
#define ANSWERED (LONG_MIN + 1) /* the process has its answer, or somebody else will give it */

enum { HELD_MOST = 8 };

/* One caught system call, while it is answered. */
struct call {
    int listener;
    struct seccomp_notif notif;
    struct world *world;
    struct caller caller;
    struct held {
        int theirs, ours;
    } held[HELD_MOST]; /* descriptors of the process that were copied for the call */
    unsigned held_count;
    bool entered; /* the supervisor's current directory is the process's */
    long enter_error;
    bool may_wait;     /* this is a child for this one call: it may wait in the kernel */
    bool waits;        /* the supervisor would have to wait */
    bool closed;       /* its memory and descriptors may not be looked at (prctl(2), PR_SET_DUMPABLE) */
    bool traced;       /* another process stops it */
    bool person_known; /* what follows was asked for */
    uint32_t umask;
    int process; /* its id; 0: not asked for yet */
    uint64_t capabilities;
    unsigned table; /* room for descriptors that it has by now */
    struct credentials effective, real;
    struct opened {
        node_id node; /* NO_NODE: nothing that was noted */
        uint64_t device, inode;
    } opened; /* what the core has opened for the call */
};

/* The call that is being answered: there is one at a time. */
extern struct call *served;

/* Receives the next call of a listener. False: there is none after all. */
bool call_receive(int listener, struct call *out);
/* The thread still waits for the answer: its id was not given to another one. */
bool call_valid(void);
/* Gives the answer. ANSWERED: does nothing. False: nobody waits for it any more. */
bool call_reply(long result);
/* Gives a copy of a descriptor as the answer, and closes the own one. 0, or -errno: there is no answer yet.
 */
long call_reply_descriptor(int fd, bool close_on_exec);
/* Puts one into the process without an answer: its number there, or -errno. Closes the own one. */
long call_put_descriptor(int fd, bool close_on_exec);
/* Closes what was copied. */
void call_end(void);

/* ---- Its memory. 0, or -EFAULT. ---- */

long copy_in(void *to, remote from, size_t length);
long copy_out(remote to, const void *from, size_t length);
/* Length without the NUL, -EFAULT, or -ENAMETOOLONG where it does not fit. */
long copy_string(char *to, remote from, size_t room);
/* The same for a path: PATH_MAX bytes. */
long copy_path(char *to, remote from);

/* ---- Its descriptors and its directory. ---- */

/* The number of the supervisor's copy, or -EBADF. It stays until the end of the call. */
int call_descriptor(int fd);
/* What the core is given as directory for a path: a descriptor of the supervisor, AT_FDCWD, or -1, which is
 * none. */
int call_directory(int at, const char *path);
/* The supervisor's current directory becomes the process's. */
long call_enter(void);

/* What the core asks about the process. */
void call_caller(struct call *call);
/* The id of its process: that of a thread is in notif.pid. */
int call_process(void);

#endif
