#include "kernel.h"
#include "launch.h"
#include "mount_api.h"
#include "resolve.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Set before init is made, so it knows, too. */
static bool sources_are_sent;

static uint64_t attributes_of(const struct mount *m) {
    return K_ATTR_NOSUID | K_ATTR_NODEV | ((m->flags & MOUNT_READ_ONLY) != 0 ? K_ATTR_RDONLY : 0);
}

/*
 * A path of the host, which the planner gave as it is without links: whoever puts one in its way since then
 * must not choose what is shown, and the planner has checked that it is not the store.
 */
static int open_source(const struct mount *m) {
    return resolve(m->sources[0]);
}

/* Here, in the host's namespace, nothing may be mounted: what cannot be cut loose is left to init. */
void prepare_binds(const struct plan *plan) {
    for (size_t i = 0; geteuid() == 0 && i < plan->mount_count; i++) {
        struct mount *m = &plan->mounts[i];
        if (m->kind != MOUNT_BIND) {
            continue;
        }
        int source = open_source(m);
        if (source < 0) {
            continue;
        }
        m->prepared = copy_mount_detached(source, "", K_AT_RECURSIVE, attributes_of(m));
        sources_are_sent = sources_are_sent || (m->prepared < 0 && is_refused(errno));
        close(source);
    }
}

static bool is_sent(const struct mount *m) {
    return m->kind == MOUNT_BIND && m->prepared <= 0;
}

static void __attribute__((noreturn)) send_all(const struct plan *plan, pid_t init, int control) {
    enum { WITHOUT = 'w', WITH = 's' };
    char path[48];
    at_failure = NULL;
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)init);
    int space = open(path, O_RDONLY | O_CLOEXEC);
    bool entered = space >= 0 && setns(space, CLONE_NEWNS) == 0;
    for (size_t i = 0; i < plan->mount_count; i++) {
        if (!is_sent(&plan->mounts[i])) {
            continue;
        }
        int source = entered ? open_source(&plan->mounts[i]) : -1;
        if (source >= 0) {
            send_descriptor(control, WITH, source);
            close(source);
        } else {
            const char byte = WITHOUT;
            if (send(control, &byte, 1, MSG_NOSIGNAL) != 1) {
                _exit(EXIT_LAUNCH);
            }
        }
    }
    _exit(0);
}

/* mount(2) takes nothing from another namespace: so a child goes into init's, and opens there what root may.
 */
void send_sources(const struct plan *plan, pid_t init, int control) {
    int status = 0;
    if (!sources_are_sent) {
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        send_all(plan, init, control);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0 || status != 0) {
        fail(EXIT_LAUNCH, "try again", "cannot hand on what is bound");
    }
}

void take_sources(const struct plan *plan, int control) {
    for (size_t i = 0; sources_are_sent && i < plan->mount_count; i++) {
        char byte;
        if (is_sent(&plan->mounts[i]) && receive(control, &byte, 1, &plan->mounts[i].source) != 1) {
            _exit(EXIT_LAUNCH); /* the supervisor has died or has said why it gave up */
        }
    }
}

/* The part of a mount point's path that is missing on an earlier mount: a bind on /tmp/x, or below another
 * bind. */
static void make_target(int root, const char *target, bool file) {
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s", target) >= sizeof path) {
        fail(EXIT_LAUNCH, "bind it at a shorter path", "cannot make mount point %s: its path is too long",
             target);
    }
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    char *rest = NULL;
    for (char *name = strtok_r(path, "/", &rest); name != NULL;) {
        char *following = strtok_r(NULL, "/", &rest);
        int next = resolve_below(at, name);
        if (next < 0 && errno == ENOENT) {
            int made = file && following == NULL
                           ? openat(at, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444)
                           : mkdirat(at, name, 0755);
            if (made < 0) {
                fail_errno("bind it where there is a mount point, or below a writable directory",
                           "cannot make mount point %s", target);
            }
            if (made > 0) {
                close(made);
            }
            next = resolve_below(at, name);
        }
        if (next < 0) {
            fail_errno("remove what is in that place", "cannot open mount point %s", target);
        }
        close(at);
        at = next;
        name = following;
    }
    close(at);
}

/* A copy of the host's mount, private: what is mounted on either would else appear on the other, in here and
 * out there (mount_namespaces(7)). It is never visible with more rights than it shall have. */
static int copy_source(const struct mount *m) {
    int source = m->source > 0 ? m->source : open_source(m);
    if (source < 0) {
        fail_errno(errno == ELOOP ? "leave its path as it is while a run begins"
                                  : "name something that the sandbox's identity may reach",
                   "cannot bind %s", m->sources[0]);
    }
    int mounted = copy_mount(source, "", K_AT_RECURSIVE, attributes_of(m));
    if (mounted < 0 && errno == EBUSY) {
        fail(EXIT_LAUNCH, "bind what is below it one by one, or use Linux 5.12 or newer",
             "cannot bind %s: a mount below it is hidden by another one or out of reach, and mount(2) cannot "
             "protect such a one",
             m->sources[0]);
    }
    if (mounted < 0) {
        fail_errno("see velo doctor for what this host can do", "cannot bind %s", m->sources[0]);
    }
    close(source);
    return mounted;
}

void mount_bind(int root, const struct mount *m) {
    int mounted = m->prepared > 0 ? m->prepared : copy_source(m);
    make_target(root, m->target, (m->flags & MOUNT_FILE) != 0);
    attach_inside(mounted, root, m->target);
    close(mounted);
}
