/*
 * Why this host cannot do something: one closed set of types (reasons.table), which the messages of a launch
 * and the answers of a probe are made of. Nobody else decides what a failure means.
 */
#ifndef VELO_REASONS_H
#define VELO_REASONS_H

#include "host.h"

#include <stdbool.h>
#include <sys/types.h>

enum reason {
    REASON_NONE,
#define REASON(symbol, type, text, fix) REASON_##symbol,
#include "reasons.inc"
#undef REASON
    REASON_COUNT
};

struct finding {
    enum reason reason;
    char object[256]; /* {} in the table */
    char more[256];   /* {+} in the table */
};

struct finding found(enum reason reason, const char *object, const char *more);
/* The text of errno: for what no type explains. */
struct finding unexplained(int errnum);
/* The same, 0 being no failure at all. */
struct finding errno_finding(int errnum);
const char *reason_type(enum reason reason);
/* REASON_NONE for a type that does not exist. */
enum reason reason_of_type(const char *type);
void reason_text(const struct finding *finding, char *text, size_t size);
void reason_fix(const struct finding *finding, char *text, size_t size);

/* "velo: cannot <attempt>: <reason> (<type>); <fix>", and exit 125. A failure that no type explains keeps the
 * remedy of its place. */
void fail_because(const struct finding *finding, const char *remedy, const char *attempt)
    __attribute__((noreturn));

/* diagnosis.c: what an errno means. */
struct finding diagnose_clone(const struct host *host, int errnum, int flags);
/* In a user namespace that was made: sethostname, mount, unshare. process is its number, or "self". */
struct finding diagnose_call(const struct host *host, int errnum, const char *process, const char *call);
struct finding diagnose_map(const struct host *host, int errnum, pid_t init, const char *file,
                            unsigned outside);
/* Of a new file system, after mount was possible, and by mount(2) where the new mount API is refused. */
struct finding diagnose_overlay(int errnum);
struct finding diagnose_proc(const struct host *host, int errnum);

/* namespaces.c: gives init its ids; REASON_NONE where that went well. */
struct plan;
struct finding map_ids(pid_t init, const struct plan *plan);

/* One answer of a probe: a capability, whether a run needs it, why it is not there, and what it has. */
void answer(const char *name, bool needed, const struct finding *finding, const char *detail);

/* probe_mounts.c: in new namespaces; REASON_NONE: all calls of the new mount API are there. */
struct finding try_mount_api(void);

/* probe_cgroups.c, probe_ids.c, probe_landlock.c: what a run can do without. */
struct roots;
/* The control groups that a controller can be used in, as an answer's detail. */
struct finding find_controller(const struct roots *roots, const char *controller, char *detail, size_t size);
void probe_cgroups(void);

struct id_files {
    const char *subuid, *subgid;
    const char *directories; /* as in PATH */
};
struct finding find_ranges(const struct id_files *files, uid_t uid, const char *user, char *detail,
                           size_t size);
void probe_ids(void);

void probe_landlock(void);

#endif
