/*
 * velo-session: one run without a sandbox (Mode B), as a session plan says (docs/formats/session-plan.md). It
 * makes the tree's session, starts the program through velo-enter with the preload library, stays its parent,
 * and at the end writes down what has changed and removes the run's directory. It never runs with the library
 * itself.
 */
#ifndef VELO_SESSION_H
#define VELO_SESSION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct tree;
struct world;

enum { EXIT_TIME_LIMIT = 124, EXIT_LAUNCH = 125 };

struct strings {
    char **items; /* ends with NULL */
    size_t count;
};

struct plan {
    struct strings arguments;
    struct strings environment;
    struct strings finish;
    const char *workdir;       /* NULL: as it is */
    const char *directory;     /* the run's, which is the session's */
    const char *manifest;      /* absolute */
    const char *library;       /* the preload library */
    const char *enter;         /* velo-enter */
    const char *supervised;    /* velo-supervised */
    const char *result;        /* where the record goes; NULL: nowhere */
    uint64_t descriptor_limit; /* 0: as it is */
    uint64_t time_limit_ms;    /* 0: none */
    uint64_t strict;           /* not 0: every process of the run is supervised */
};

/* plan.c. NULL and *fault on a bad plan; the strings live in bytes. */
struct plan *plan_decode(unsigned char *bytes, size_t length, const char **fault);
struct plan *plan_read(int fd);

/* descriptors.c */
/* kept: "all", "none", or numbers with commas between them: what the program inherits of the caller's beside
 * the standard descriptors. All others are closed but the lock, which the program does not get. */
void sort_descriptors(const char *kept, int lock);

/* message.c: "velo: cannot <attempt> <object>: <reason>; <remedy>" on standard error. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* And the end, with 125, after at_failure. */
void fail(const char *remedy, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
/* The same with the text of errno as the reason. */
void fail_errno(const char *remedy, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* Why the program was never executed, or its changes were not captured, for the record. */
struct failure {
    char stage[16], what[256], reason[256], remedy[256];
    int errnum;
};
extern struct failure failure;
extern const char *stage;
void note_failure(const char *what, const char *reason, int errnum, const char *remedy);
/* What the process does before it ends by fail; NULL: nothing. */
extern void (*at_failure)(void);

/* One run. */
struct run {
    const struct plan *plan;
    struct record *record;
    int directory; /* descriptor of plan->directory */
    pid_t payload;
    int told;      /* read end of the pipe by which velo-enter says why there is no program */
    bool executed; /* the program was */
    int start_status;
    bool ended;
    int status; /* as wait(2) tells */
    bool timed_out;
    uint64_t began_ns, ended_ns;
    struct rusage usage;
    struct supervision_thread *supervisor; /* NULL: nothing can be supervised */
    struct door_thread *door;              /* NULL: the processes of the run stay who they are */
};

/* tree_file.c: the session's shared memory, and the tree in it. */
void session_make(const struct run *run);
/* False with errno where it cannot be mapped. */
bool session_map(const struct run *run, struct tree *tree);
/* The same for calls on it, as the preload library has it: where it is shown, and where its parts are. */
bool session_world(const struct run *run, struct world *world);

/*
 * supervision.c: a thread of this process that answers the system calls of programs which the preload library
 * does not reach (velo-shim/supervise). It must be of this process, since only an ancestor may look into
 * others everywhere. So nothing but the main thread's own children may be waited for here (__WNOTHREAD).
 */
/* Before the program is there. Where programs cannot be supervised nothing is made. */
void supervision_prepare(struct run *run);
/* The thread. No process may be made any more until its end. */
void supervision_begin(struct run *run);
void supervision_end(struct run *run);
/* In the child that becomes the program: supervised from now on. 0 or -errno. */
long supervision_enter(const struct run *run);
/* What the library has missed, on standard error; only with --strict. */
void supervision_tell(const struct run *run);

/*
 * door.c: a thread that hands processes of the run, whoever they have become, descriptors of what lies in the
 * closed directories of the session and the store (velo-shim/door.h). Only root's runs have one.
 */
void door_prepare(struct run *run);
void door_begin(struct run *run);
void door_end(struct run *run);

/* missed.c: how many calls went past the library, by their numbers and by the file whose code made them. */
struct missed;
struct seccomp_notif;
struct missed_row {
    const char *call, *file;
    uint64_t count;
};
struct missed *missed_make(const struct world *world);
void missed_count(struct missed *missed, const struct seccomp_notif *call);
uint64_t missed_total(const struct missed *missed);
/* Those with most calls first. NULL: no further one. */
const struct missed_row *missed_row(struct missed *missed, size_t index);
struct missed *supervision_missed(const struct run *run); /* NULL: not counted */

/* start.c */
void start_payload(struct run *run);
/* After its end: whether there was a program, and why not. Prints that. */
void hear_from_start(struct run *run);

/* watch.c: until the program has ended. */
void watch_payload(struct run *run);
/* No process of the run is left that can be ended. */
void end_others(struct run *run);
uint64_t now_ns(void);

/* descendants.c */
bool is_descendant(pid_t process);
/* Sends a signal to each; how many took it. */
size_t signal_descendants(int number);

/* changes.c: what differs from the manifest, to the file "changes" of the run's directory
 * (docs/formats/session-changes.md). False with errno. */
bool write_changes(const struct run *run);

/* finish.c: runs the finish program. */
bool run_finish(const struct plan *plan);

/* record.c: docs/formats/run-record.md. */
struct record *record_open(const char *path);
bool record_write(struct record *record, const struct run *run, int code);

/* removal.c: a directory and all below it; no link is followed. -1 with errno. */
int remove_tree(int parent, const char *name);

#endif
