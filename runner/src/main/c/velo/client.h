/*
 * bin/velo: hands a command to the resident process of its user and store (docs/formats/client-protocol.md),
 * or starts Java for it. A run that the resident process has planned is supervised in this very process, by
 * the launcher's code (launch.h).
 */
#ifndef VELO_CLIENT_H
#define VELO_CLIENT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* frame.c: the bytes. */
enum { PROTOCOL = 1, FRAME_HEADER = 16 };
enum frame_type {
    FRAME_HELLO = 1,
    FRAME_REQUEST = 2,
    FRAME_ALIVE = 16,
    FRAME_OUT = 17,
    FRAME_ERR = 18,
    FRAME_EXIT = 19,
    FRAME_PLAN = 20,
    FRAME_DECLINE = 21,
    FRAME_OTHER = 22
};
enum {
    MOST_HELLO = 1 << 20,
    MOST_REQUEST = 8 << 20,
    MOST_OUTPUT = 1 << 16,
    MOST_TEXT = 4096,
    MOST_PLAN = (16 << 20) + 20 /* docs/formats/launch-plan.md */
};

struct frame {
    uint32_t type;
    uint32_t length;
};

struct bytes {
    unsigned char *at;
    size_t length;
    size_t capacity;
    bool failed; /* out of memory, or a string or frame that is too long */
};

void put_u32(struct bytes *out, uint32_t value);
void put_u64(struct bytes *out, uint64_t value);
void put_string(struct bytes *out, const char *text); /* NULL as the empty one */
void put_bytes(struct bytes *out, const void *bytes, size_t length);
/* Where the frame begins; its length is known at its end. */
size_t begin_frame(struct bytes *out, enum frame_type type);
void end_frame(struct bytes *out, size_t begin);
/* Overwrites them before they are freed: an environment holds secrets. */
void forget(struct bytes *bytes);
uint32_t get_u32(const unsigned char *at);
/* NULL, or what is wrong with the header of an answer. */
const char *answer_fault(const unsigned char header[FRAME_HEADER], struct frame *frame);

/* caller.c: what a command is, and who gives it. */
struct caller {
    char **arguments; /* without the program's name; ends with NULL */
    char **environment;
    const char *build; /* the identity of this distribution's build */
    char home[PATH_MAX];
    char directory[PATH_MAX];
    char store[2 * PATH_MAX]; /* empty where neither option nor variable names it */
    size_t stored;            /* bytes of it that were ever written to */
    mode_t mask;
    uint32_t terminals; /* bit n: standard descriptor n is one */
    uint16_t rows, columns;
    uint64_t descriptor_limit;
    uint64_t namespaces[2]; /* mount, user */
    uint64_t root[2];       /* device, inode */
    uint64_t capabilities;  /* the effective ones */
    uint32_t no_new_privileges;
    uint32_t filtered; /* as prctl(PR_GET_SECCOMP) tells */
    uint32_t uid, gid;
    uint32_t *groups;
    uint32_t group_count;
};

const char *variable(const struct caller *caller, const char *name);
bool is_run(const struct caller *caller);
/* Of a run: it must not be one without a sandbox. */
bool wants_sandbox(const struct caller *caller);
/* Overwrites what it was told and has found out. */
void forget_caller(struct caller *caller);
/* Finds out the rest of what the planner must know. False: this caller cannot be served by another process.
 */
bool look_around(struct caller *caller);
/* What a process must be like to do this caller's commands: the middle of HELLO, and the socket's name. */
void put_identity(struct bytes *out, const struct caller *caller);
uint64_t hash(const unsigned char *at, size_t length);
void put_hello(struct bytes *out, const struct caller *caller, const struct bytes *identity);
void put_request(struct bytes *out, const struct caller *caller);

/* place.c: where the socket is. */
enum { NAME_ROOM = 32 };
struct place {
    int directory;
    char path[PATH_MAX];
    char name[NAME_ROOM]; /* without a suffix */
};

/* False where there is none that is safe, which it says. */
bool find_place(struct place *place, const struct caller *caller, uint64_t number);
void suffixed(char text[NAME_ROOM], const struct place *place, const char *suffix);
enum { NOBODY = -1, UNUSABLE = -2 };
/* A connection to a process of the same user; NOBODY: none listens; UNUSABLE: it says why. */
int call_resident(const struct place *place);

/* starting.c: exactly one of those that need it at the same time starts it. As call_resident. */
int start_resident(const struct place *place, const struct caller *caller, const struct bytes *identity);

/* conversation.c: one request and its answers. */
enum verdict {
    VERDICT_COLD,  /* nothing has happened that anybody could see */
    VERDICT_OTHER, /* as before; and the process there is of another build, and will end */
    VERDICT_EXIT,
    VERDICT_PLAN
};

struct answer {
    int status;        /* of VERDICT_EXIT */
    struct plan *plan; /* of VERDICT_PLAN; NULL where that is one of a run without a sandbox */
    struct bytes sent; /* what it was decoded from */
    int lease;         /* its lock */
};

struct patience {
    int first_ms; /* until the first answer */
    int next_ms;  /* for each frame, from the end of the one before */
};

extern const struct patience usual_patience;

/* The request holds all that is to be sent. Closes nothing. */
enum verdict converse(int connection, const struct bytes *request, const struct caller *caller,
                      const struct patience *patience, struct answer *answer);

/* disguise.c: this process is a launcher from now on. What it was called with is readable nowhere any more
 * (proc(5), cmdline and environ), by nobody inside either, where it is the parent of init. */
void become_launcher(char **arguments, char **environment);

/* session.c: a run without a sandbox. */
bool is_session_plan(const unsigned char *plan, size_t length);
void become_session(const struct answer *answer, const struct caller *caller) __attribute__((noreturn));
/* Adds to the caller's environment which descriptors he has left open. */
void name_descriptors(struct caller *caller);

/* inside.c: ends with this status, and says why, where the command is about the tree of a run without a
 * sandbox that it is given in. */
void refuse_in_tree(const struct caller *caller, int status);

/* "velo: warning: cannot use the resident process: <reason>; <remedy>" */
void step_aside(const char *remedy, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
