#ifndef VELO_DOOR_H
#define VELO_DOOR_H

#include "world.h"

/*
 * The door of a session (velo-session/door.c). Root's session and store are closed to everybody else, so a
 * process of the run that became another user cannot go the way to the real files. velo-session listens on an
 * abstract socket and hands processes of the run descriptors of what lies behind the closed directories; the
 * tree's own permissions are checked by the core, those of files by the kernel. A question and its answer are
 * a packet each, in the machine's byte order: both ends are of one installation.
 */
enum door_kind {
    DOOR_OPEN = 1, /* path: what is below the session or the store. The answer has a descriptor */
    DOOR_COPY_UP,  /* node: all of its content, without set-id bits */
    DOOR_GROUP     /* node, number: a file of who asks gets this group */
};

struct door_question {
    uint32_t kind;
    node_id node;
    uint64_t number;
    /* Then, of DOOR_OPEN, the path without a NUL. */
};
enum { DOOR_PATH = PATH_MAX / 4 + 400 };

struct door_answer {
    int64_t result;   /* 0 or -errno */
    uint64_t covered; /* so much of the path is what the descriptor is of */
};

/* The name of the socket, which begins with a NUL and has no other at its end. Its length. */
enum { DOOR_NAME = 80 };
size_t door_name(const char *session, char out[DOOR_NAME]);

/*
 * A descriptor, close-on-exec, of a directory or file on the way to a path: O_PATH, but "world" and the
 * manifest can be read, and "session" be written. -errno: -ECONNREFUSED where nobody listens who is root.
 */
long door_open(const struct kernel *kernel, const char *session, const char *path, size_t *covered);

/* Another way to a path, good as long as the descriptor is open: DOOR_PLACE, its number and what is left. */
struct door_way {
    int fd; /* -1: none was needed */
    char text[360];
};
/* 0, or -EACCES where the path is none of the session's or the store's, or can be reached, or there is no
 * door. */
long door_way(const struct world *world, const struct kernel *kernel, const char *path, struct door_way *out);
void door_close(const struct kernel *kernel, struct door_way *way);

/*
 * The kernel has answered -EACCES to a call: once more by the door, where that leads to it. The call's result
 * or -EACCES. The kernel here is the one whose answer that is: it must not come back to the door.
 */
long door_call(const struct world *world, const struct kernel *kernel, long number, const long arguments[6]);

/* The thread's own: it may have a table of its own (CLONE_FILES), and the first thread may have ended. */
#define DOOR_PLACE "/proc/thread-self/fd/"

/* Puts the descriptor and what is left of the path behind it together. */
long door_text(int fd, const char *rest, char *out, size_t room);

/* How much of a path is the place of descriptors, as this and the library's other names have it; 0: nothing.
 */
size_t door_place(const char *path);

/* Which arguments of a call are paths: a bit for each. */
unsigned door_paths(long number);

/* Asked by this process of velo-session: for struct world. */
extern const struct door door_of_session;

#endif
