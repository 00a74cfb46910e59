/*
 * velo-launch: runs one payload as a launch plan says (docs/formats/launch-plan.md).
 *
 * Three processes: the supervisor (outside, keeps the caller's process id), init (pid 1 of the new pid
 * namespace) and the payload (pid 2). Errors are fatal with status 125: a sandbox that is not complete does
 * not run.
 */
#ifndef VELO_LAUNCH_H
#define VELO_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { EXIT_TIME_LIMIT = 124, EXIT_LAUNCH = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

enum mount_kind { MOUNT_PROC = 1, MOUNT_DEV, MOUNT_TMPFS, MOUNT_BIND, MOUNT_OVERLAY_READ_ONLY };
enum mount_flag { MOUNT_READ_ONLY = 1, MOUNT_FILE = 2 };
enum network { NETWORK_NONE = 0, NETWORK_HOST = 1 };

struct strings {
    char **items; /* ends with NULL */
    size_t count;
};

struct mount {
    uint32_t kind;
    uint32_t flags;
    uint32_t mode;
    uint64_t size;
    uint64_t inodes;
    const char *target;
    const char **sources;
    size_t source_count;
    int prepared; /* a mount of the source, cut loose from its place; 0 or -1: there is none */
    int source;   /* the source, opened for init by whoever may reach it; 0: by nobody */
};

/* A layer that is not a directory but an overlay itself: metadata whose contents lie in a data-only layer. */
struct composed {
    const char *tree;
    const char *data;
    int mounted; /* a descriptor of its root, in init only; 0 before */
};

/* Something else than the filter does by itself about a system call. */
struct call_change {
    const char *name;
    bool allowed; /* else denied */
};

struct plan {
    struct strings arguments;
    struct strings environment;
    struct strings layers;
    struct strings finish;
    struct strings warnings;
    struct composed *composed;
    size_t composed_count;
    struct mount *mounts;
    size_t mount_count;
    const char *workdir;
    const char *hostname;
    const char *base;
    const char *run_directory;
    uint32_t inside_uid, inside_gid, outside_uid, outside_gid;
    uint32_t network;
    int *keep;
    size_t keep_count;
    int lifeline;              /* -1: none */
    uint64_t descriptor_limit; /* 0: as it is */
    uint64_t time_limit_ms;    /* 0: none */
    uint64_t process_limit;    /* 0: none */
    uint64_t disk_limit;       /* bytes; 0: none */
    uint64_t memory_limit;     /* bytes; 0: none */
    uint64_t processor_limit;  /* thousandths of one; 0: none */
    uint64_t output_limit;     /* bytes; 0: none */
    uint64_t file_limit;       /* bytes of each file; 0: none */
    const char *result;        /* where the record goes; NULL: nowhere */
    bool best_effort;          /* a limit that cannot be enforced does not keep the run from beginning */
    struct call_change *changes;
    size_t change_count;
    bool stdin_null;
    bool terminal; /* the payload has one of its own */
};

/* message.c: "velo: cannot <attempt> <object>: <reason>; <remedy>" on standard error, and exit. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail(int status, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
/* As fail(EXIT_LAUNCH), with the text of errno as the reason. */
void fail_errno(const char *remedy, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* Standard error, or what it was before a pipe took its place: what the launcher says is none of the
 * payload's output. */
extern int message_descriptor;

/* NULL, or what is asked before anything is said: where it is true, nothing is, and fail just ends the
 * process. */
extern bool (*is_hushed)(void);
bool stay_silent(void);

/* What the process does before it ends by one of these two; NULL: nothing. A child that is not to do it sets
 * it to NULL. */
extern void (*at_failure)(int status);

/* plan.c: reads the plan and exits on anything it does not understand. The strings live as long as the
 * process. */
struct plan *plan_read(int fd);
/* The same for bytes in memory; returns NULL and sets *fault on a bad plan. Takes over nothing. */
struct plan *plan_decode(const unsigned char *bytes, size_t length, const char **fault);

/* supervisor.c */
int supervise(const struct plan *plan) __attribute__((noreturn));

/* streams.c: whether the standard descriptors may be handed to the payload, and made so that it can use them.
 */
void check_streams(const struct plan *plan);
/* Closes all but the standard descriptors and these, which it sorts. */
bool close_except(int *kept, size_t count);
/* The file of a descriptor of the caller's as one of our own, which does not block: others have the caller's,
 * too, so that must not be changed. -1 with errno. */
int open_again(int descriptor, int mode);
/* Closes all but the standard descriptors, this one and that for messages. */
bool close_all_but(int descriptor);

/* kernel_file.c: a file of procfs or of control groups, whole in one call. The text that was read ends with
 * NUL, and is empty where there was none. */
bool put_text(int directory, const char *name, const char *text);
ssize_t get_text(int directory, const char *name, char *text, size_t size);
/* In place. A blank, a tab, a newline and a backslash of a path stand in mountinfo as three octal digits
 * (proc_pid_mountinfo(5)). */
void unescape_path(char *text);

/* finish.c: what must happen after the payload and before its changes go. memory is where the upper layer is
 * when it is not in the run directory; else -1. */
bool run_finish(const struct plan *plan, int memory);

/* namespaces.c */
/* Those that init begins in: all but the one of the network. */
int namespace_flags(void);
/* As a child of the control group that this is a descriptor of; -1: of the caller's. *born tells whether it
 * is there. */
pid_t clone_into(int flags, int group, bool *born);
/* Why clone_into failed with these flags, from errno; then it exits. */
void explain_clone_failure(int flags) __attribute__((noreturn));
void write_id_maps(pid_t init, const struct plan *plan);
void become_mapped(const struct plan *plan);
void name_host(const struct plan *plan);

/* companion.c: a process beside init that makes the network, which takes as long as all other namespaces
 * together, and lowers the ceilings, while init makes the root. */
struct companion {
    pid_t process;
    int network; /* the descriptor that will be the network's; -1: the host's is used */
};
/* control: as of run_init. proc: the host's. */
struct companion begin_companion(enum network network, int control, int proc);
/* Waits until all is made, and takes this process into the network. */
void join_companion(const struct companion *companion, int proc);

/* ceilings.c: those that init must not need any more (late), or the others. proc: the host's. */
void lower_ceilings(int proc, bool late);

/* What the supervisor tells init, beside the numbers of signals for the payload's process group. */
enum { TELL_GO = 'g', TELL_PLAN = 'p', TELL_END_ALL = 0xff };
/* What init tells the supervisor before it has a plan. */
enum { TELL_READY = 'r' };

/* ids.c: replaces this process by a program that is root of a user namespace, in which the caller's own ids
 * and those that are lent to him exist (subuid(5)). */
struct lending {
    const char *first; /* decimal, as for newuidmap */
    const char *count;
    const char *newuidmap;
    const char *newgidmap;
    int failure; /* exit status */
};
void run_with_ids(const struct lending *lending, char **command) __attribute__((noreturn));

/* init.c: pid 1. control is its end of the socket to the supervisor. */
struct limits;
struct terminal;
void run_init(const struct plan *plan, const struct limits *limits, int control,
              const struct terminal *caller) __attribute__((noreturn));
/* The same for one that gets its plan only when the first part of its work is done (early.h). */
void run_init_without_plan(int control) __attribute__((noreturn));

/* root.c: builds the root file system of the payload and makes it the root of the process. Returns a
 * descriptor of the memory that holds the upper layer, -1 where that lies in the run directory. */
int enter_root(const struct plan *plan);
/* Before anything is mounted. */
void keep_mounts_private(void);

/* overlay.c: one overlay, not attached yet. Paths are relative to the working directory or absolute. */
struct overlay {
    const char *const *lowers; /* topmost first */
    size_t count;
    const struct composed *composed; /* lowers at or below one of these are taken from its mount */
    size_t composed_count;
    const char *upper; /* NULL: read-only */
    const char *work;
    const char *stage; /* a directory that may be mounted on */
};
/* -1 where the kernel does not take the upper layer from where it is: another overlay cannot be one, since it
 * makes no whiteouts; nor can a file system of the network. Kernels before 6.5 tell only when they mount. */
int overlay_mount(const struct overlay *overlay, unsigned long attributes);
/* Mounts a composed layer on the stage, where it stays until the old root goes. */
void compose(struct composed *layer, const char *stage);

/* mounts.c: one mount below root, which is a descriptor of the new root. */
/* Makes what is alike in all sandboxes, for mount_one to attach. */
void prepare_mounts(void);
void mount_one(int root, const struct plan *plan, const struct mount *mount);
void attach_inside(int mount, int root, const char *target);
/* One of its own, not attached yet. */
int new_tmpfs(uint64_t size, uint64_t inodes, uint32_t mode, unsigned long attributes);
/* A device of the host, cut loose from its place and protected, after a check that it is the one of that
 * name. */
int open_device(const char *name, unsigned major_number, unsigned minor_number);
void set_attributes(int mount, uint64_t attributes, const char *what);

/* binds.c: files and directories of the host. */
/* As root: the caller may reach what the payload's identity may not (a directory below /root). An ordinary
 * user may do that only inside. */
void prepare_binds(const struct plan *plan);
/* What prepare_binds could not cut loose: the supervisor sends it, and init takes it before its maps. */
void send_sources(const struct plan *plan, pid_t init, int control);
void take_sources(const struct plan *plan, int control);
void mount_bind(int root, const struct mount *mount);

/* masks.c: covers what in a new procfs tells of the host or acts on it. */
void mask_proc(int proc);

/* confine.c: the procfs of the caller, for use after the root has changed. */
int open_host_proc(void);
/* What no build needs much of, and what the kernel keeps in memory that nothing else counts. Before the
 * namespaces are made: so these are also what all processes in them may have together (Linux 5.14). */
void limit_kernel_memory(void);
/* That last part, for a child's namespaces while this process keeps what it has: they take over the soft
 * limits of who makes them. */
enum { KERNEL_MEMORY_LIMITS = 3 };
struct kernel_memory_limits {
    struct rlimit of[KERNEL_MEMORY_LIMITS];
};
bool narrow_kernel_memory(struct kernel_memory_limits *before);
void widen_kernel_memory(const struct kernel_memory_limits *before);
/* Limits what this user namespace may hold, and enters a second one: nobody in there owns the namespaces and
 * mounts that were made in the first. */
void own_nothing(const struct plan *plan, int proc);
/* By init itself, where the outer ids are the caller's own: that needs no rights outside. proc: the host's.
 */
void map_own_ids(const struct plan *plan, int proc);

/* memory.c: an upper layer in memory, attached to the stage, with the look of the directory like. Sets the
 * paths of the overlay. Without a limit of the plan's it may hold half of the machine's memory. -1: it cannot
 * be one, and the plan can do without the limit. */
int memory_upper(struct overlay *overlay, const char *like, const struct plan *plan);
/* What a descriptor is that init hands to the supervisor. */
enum { DESCRIPTOR_UPPER = 'u', DESCRIPTOR_TERMINAL = 't' };
void send_descriptor(int socket, char what, int descriptor);
/* Receives up to length bytes; a descriptor that came with them is put into *descriptor. */
ssize_t receive(int socket, void *bytes, size_t length, int *descriptor);

/* pty.c: in init, a new terminal that looks like the caller's; its master goes to the supervisor. Returns the
 * payload's side, which init keeps: so the master is at its end only when nobody is left inside. */
int make_terminal(const struct terminal *caller, int control);
/* In the payload, a session leader: the controlling terminal and the standard descriptors. */
void take_terminal(int terminal);

/* terminal.c: the supervisor's part. NULL stands for a payload without a terminal of its own. */
enum { TERMINAL_WAITS = 3 };
struct pollfd;
/* What the caller's is like, before anything is started; what the payload prints is counted there. */
struct output;
struct terminal *terminal_look(const struct plan *plan, struct output *output);
void terminal_copy(const struct terminal *t, int slave);
/* From here on the caller's terminal is raw, until terminal_suspend or terminal_end. */
void terminal_begin(struct terminal *t, int master);
/* Fills in what to wait for, TERMINAL_WAITS of them, and does what can be done after the wait. */
void terminal_wait(const struct terminal *t, struct pollfd *wait);
void terminal_relay(struct terminal *t, const struct pollfd *wait);
/* Passes on the size; false without a terminal. */
bool terminal_resize(struct terminal *t);
void terminal_suspend(struct terminal *t);
void terminal_resume(struct terminal *t);
/* Writes what the payload has printed, and gives the caller's terminal back. Ends early by a signal, when the
 * lifeline is cut, and when the timer ends, which is false. */
bool terminal_end(struct terminal *t, int signals, int timer, int lifeline);

/* payload.c: pid 2. terminal: its side of it, -1 for the caller's own streams. */
void run_payload(const struct plan *plan, const struct limits *limits, int terminal)
    __attribute__((noreturn));
void drop_capabilities(void);

/* landlock.c: keeps this process and all that it starts from connecting to abstract sockets of others, from
 * signalling and from tracing them, where the kernel can (Linux 6.12). */
void enter_domain(const struct plan *plan);

/* filter.c: what system calls a payload may make (docs/syscalls.md). Made from the plan; exits where the plan
 * asks for what no plan may. */
void prepare_filter(const struct plan *plan);
/* From now on, and for good. */
void filter_calls(void);
bool is_allowed_by_plan(const struct plan *plan, uint32_t number);

/* removal.c: removes a directory and all below it, following no link. Returns 0 or -1 with errno. */
int remove_tree(int parent, const char *name);
/* A directory that its owner may read and change, whatever its mode was; -1 with errno. */
int open_for_removal(int parent, const char *name);

/* disposal.c: removes what is in a directory, on several threads, as remove_tree does. */
int dispose(int directory);
int run_disposal(const char *path, bool wait);

/* probe.c: prints what this host can do for sandboxes that run with these ids outside, one line a capability
 * (reasons.h). */
int probe(uid_t uid, gid_t gid);
/* The same for metadata layers in an empty directory of the store, which its owner empties again. */
int probe_metadata(const char *directory);
/* The line of a capability that somebody else found to be missing: need is "needed" or "optional". */
struct refusal {
    const char *name, *need, *type, *object, *more;
};
int print_refusal(const struct refusal *refusal);

#endif
