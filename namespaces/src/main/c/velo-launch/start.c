#include "early.h"
#include "kernel.h"
#include "launch.h"
#include "run.h"
#include "story.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

void close_others(const struct plan *plan) {
    int *wanted = calloc(plan->keep_count + 2, sizeof *wanted);
    size_t count = 0;
    if (wanted == NULL) {
        fail(EXIT_LAUNCH, "free some memory", "cannot close descriptors: out of memory");
    }
    for (size_t i = 0; i < plan->keep_count; i++) {
        wanted[count++] = plan->keep[i];
    }
    if (plan->lifeline >= 0) {
        wanted[count++] = plan->lifeline;
    }
    if (early_descriptor() >= 0) {
        wanted[count++] = early_descriptor();
    }
    close_except(wanted, count);
    free(wanted);
}

void block_signals(sigset_t *ignored) {
    sigset_t all;
    sigfillset(&all);
    /* The caller was a JVM: nothing of its handlers survives exec, but what it ignored or blocked does. */
    sigemptyset(ignored);
    for (int number = 1; number < NSIG; number++) {
        if (signal(number, SIG_DFL) == SIG_IGN) {
            sigaddset(ignored, number);
        }
    }
    sigprocmask(SIG_SETMASK, &all, NULL);
}

int wait_signals(sigset_t *ignored) {
    sigset_t all;
    sigfillset(&all);
    block_signals(ignored);
    int fd = signalfd(-1, &all, SFD_CLOEXEC);
    if (fd < 0) {
        fail_errno("try again", "cannot wait for signals");
    }
    return fd;
}

/* Upper and work are fresh: volatile overlays refuse a work directory that was used before. */
static void prepare_run_directory(struct run *run) {
    const struct plan *plan = run->plan;
    int directory = openat(run->base, plan->run_directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        fail_errno("start it through velo run", "cannot open the run directory %s", plan->run_directory);
    }
    static const char *const names[] = {"upper", "work", "root"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mkdirat(directory, names[i], 0755) != 0 ||
            (geteuid() == 0 &&
             fchownat(directory, names[i], plan->outside_uid, plan->outside_gid, AT_SYMLINK_NOFOLLOW) != 0)) {
            fail_errno("free some space in the store", "cannot make directory %s of the run", names[i]);
        }
    }
    /* A merged directory shows the attributes of its topmost layer: give the upper root those of the first
     * tree. */
    struct stat tree;
    const char *first = plan->layers.items[plan->layers.count > 1 ? 1 : 0];
    if (fstatat(run->base, first, &tree, AT_SYMLINK_NOFOLLOW) == 0) {
        const struct timespec times[2] = {tree.st_mtim, tree.st_mtim};
        if (fchmodat(directory, "upper", tree.st_mode & 07777, 0) != 0 ||
            utimensat(directory, "upper", times, AT_SYMLINK_NOFOLLOW) != 0) {
            fail_errno("check the store with velo verify", "cannot prepare the upper layer");
        }
    }
    close(directory);
}

static void make_init(struct run *run) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        fail_errno("try again", "cannot make a socket pair");
    }
    const bool grouped = groups_exist(&run->limits.groups);
    const int flags = namespace_flags();
    bool born;
    run->init =
        clone_into(grouped ? flags & ~CLONE_NEWCGROUP : flags, groups_birthplace(&run->limits.groups), &born);
    if (run->init < 0) {
        explain_clone_failure(flags);
    }
    if (run->init == 0) {
        close(pair[0]);
        run_init(run->plan, &run->limits, pair[1], run->terminal);
    }
    close(pair[1]);
    run->control = pair[0];
    if (grouped) {
        groups_enter(&run->limits.groups, run->init, born);
    }
}

void start_init(struct run *run) {
    enter_phase(PHASE_NAMESPACES);
    if (early_take(run)) {
        prepare_run_directory(run);
    } else {
        make_init(run);
        output_started(run->output);
        write_id_maps(run->init, run->plan);
        send_sources(run->plan, run->init, run->control);
        /* While init does what it can without an identity. */
        prepare_run_directory(run);
    }
    tell_init(run, TELL_GO);
}
