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
    const char *result;        /* where the record goes; NULL: nowhere */
    uint64_t descriptor_limit; /* 0: as it is */
    uint64_t time_limit_ms;    /* 0: none */
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
};

/* tree_file.c: the session's shared memory, and the tree in it. */
void session_make(const struct run *run);
/* False with errno where it cannot be mapped. */
bool session_map(const struct run *run, struct tree *tree);

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
