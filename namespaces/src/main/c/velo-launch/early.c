#include "early.h"
#include "kernel.h"
#include "launch.h"
#include "mount_api.h"
#include "run.h"
#include "story.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { ROOM = 256 << 10, LOWEST_DESCRIPTOR = 10 };

/* Whether it is said what goes wrong is decided by who comes first: the failure, or the supervisor that
 * counts on this sandbox from then on. */
enum state { STATE_OFFERED, STATE_FAILED, STATE_TAKEN };

/* Between supervisor and init. A plan is written before init is told of it, and init makes its own copy. */
struct early {
    _Atomic int state;
    struct limits limits;
    uint64_t device, inode; /* of the base */
    size_t length;
    unsigned char plan[ROOM];
};

static struct early *early;
static pid_t process;
struct plan early_identity;
static int supervisor_end = -1;

/* struct sched_attr of Linux 3.14; its runtime is the slice of a task without a deadline since Linux 6.12. */
struct slice {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};
static struct slice usual;

/* Whoever plans this run, and the supervisor when it has the plan, shall not wait for what may be for
 * nothing: who wakes up with a shorter slice is let through. */
static void let_others_first(void) {
    enum { LONG_NS = 100000000 };
    if (syscall(SYS_sched_getattr, 0, &usual, sizeof usual, 0) != 0 || usual.policy != SCHED_OTHER) {
        usual.size = 0;
        return;
    }
    struct slice attributes = usual;
    attributes.runtime = LONG_NS;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

/* The rest may have been changed meanwhile, and what was taken away is not given back. */
static void be_usual(void) {
    struct slice attributes;
    if (usual.size != 0 && syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0) {
        attributes.runtime = usual.runtime;
        syscall(SYS_sched_setattr, 0, &attributes, 0);
    }
}

static bool is_silent(void) {
    int state = STATE_OFFERED;
    if (atomic_compare_exchange_strong(&early->state, &state, STATE_FAILED) || state == STATE_FAILED) {
        return true;
    }
    story_join();
    return false;
}

static void __attribute__((noreturn)) run_early_init(int control, early_cleaner *clean, void *with) {
    sigset_t ignored;
    at_failure = NULL;
    is_hushed = is_silent;
    process = 0;
    supervisor_end = -1;
    let_others_first();
    block_signals(&ignored);
    if (!close_all_but(control)) {
        _exit(EXIT_LAUNCH);
    }
    clean(with);
    umask(022);
    limit_kernel_memory();
    run_init_without_plan(control);
}

static bool make_room(void) {
    void *shared = mmap(NULL, sizeof *early, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    early = shared == MAP_FAILED ? NULL : shared;
    return early != NULL && story_reserve();
}

/* Not among the numbers that a plan may give to what it keeps. */
static bool make_channel(int pair[2]) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    supervisor_end = fcntl(pair[0], F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR);
    close(pair[0]);
    if (supervisor_end < 0) {
        close(pair[1]);
    }
    return supervisor_end >= 0;
}

/* Else the kernel reaps it by itself, and its number may be another process's when it is killed. */
static bool reaps_children(void) {
    struct sigaction child;
    return sigaction(SIGCHLD, NULL, &child) == 0 && child.sa_handler == SIG_DFL &&
           (child.sa_flags & SA_NOCLDWAIT) == 0;
}

void early_begin(early_cleaner *clean, void *with) {
    struct kernel_memory_limits before;
    int pair[2];
    if (supervisor_end >= 0 || !reaps_children() || (early == NULL && !make_room()) || !make_channel(pair)) {
        return;
    }
    atomic_store(&early->state, STATE_OFFERED);
    early->length = 0;
    early_identity = (struct plan){.outside_uid = geteuid(), .outside_gid = getegid()};
    bool born;
    process = narrow_kernel_memory(&before) ? clone_into(namespace_flags(), -1, &born) : -1;
    if (process == 0) {
        run_early_init(pair[1], clean, with);
    }
    widen_kernel_memory(&before);
    close(pair[1]);
    if (process < 0) {
        early_discard();
    }
}

void early_offer(const unsigned char *plan, size_t length) {
    if (supervisor_end >= 0 && length <= sizeof early->plan) {
        memcpy(early->plan, plan, length);
        early->length = length;
    }
}

void early_discard(void) {
    if (supervisor_end < 0) {
        return;
    }
    close(supervisor_end);
    supervisor_end = -1;
    if (process > 0) {
        kill(process, SIGKILL);
        while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    process = 0;
}

int early_descriptor(void) {
    return supervisor_end;
}

/* What init would have taken over from a supervisor that knew the plan when it made it. */
static bool fits(const struct run *run) {
    const struct plan *plan = run->plan;
    const bool itself = plan->inside_uid == 0 && plan->inside_gid == 0 && plan->outside_uid == geteuid() &&
                        plan->outside_gid == getegid();
    size_t procs = 0;
    size_t devs = 0;
    for (size_t i = 0; i < plan->mount_count; i++) {
        procs += plan->mounts[i].kind == MOUNT_PROC ? 1 : 0;
        devs += plan->mounts[i].kind == MOUNT_DEV ? 1 : 0;
    }
    return early->length > 0 && itself && procs == 1 && devs == 1 && plan->network == NETWORK_NONE &&
           !plan->terminal && run->output == NULL && !groups_exist(&run->limits.groups);
}

enum { READY_MS = 1000 };

/* It has come as far as it can without a plan, which it says last. */
static bool is_ready(void) {
    unsigned char told = 0;
    struct pollfd end = {.fd = supervisor_end, .events = POLLIN};
    /* Signals are blocked and no time runs yet: whatever keeps init, the run does not wait for it. */
    return poll(&end, 1, READY_MS) == 1 && recv(supervisor_end, &told, 1, 0) == 1 && told == TELL_READY;
}

bool early_take(struct run *run) {
    struct stat base;
    int state = STATE_OFFERED;
    if (supervisor_end < 0) {
        return false;
    }
    early->limits = run->limits;
    if (!fits(run) || !is_ready() || fstat(run->base, &base) != 0 ||
        !atomic_compare_exchange_strong(&early->state, &state, STATE_TAKEN)) {
        early_discard();
        return false;
    }
    early->device = base.st_dev;
    early->inode = base.st_ino;
    run->init = process;
    run->control = supervisor_end;
    process = 0;
    supervisor_end = -1;
    tell_init(run, TELL_PLAN);
    return true;
}

/* The supervisor is there already; but a descriptor leads out of this mount namespace, where nothing can be
 * mounted, so init goes there by the name. */
static void enter_base(const struct plan *plan) {
    struct stat base;
    if (chdir(plan->base) != 0 || stat(".", &base) != 0) {
        fail_errno("start it through velo run", "cannot enter the store %s", plan->base);
    }
    if (base.st_dev != early->device || base.st_ino != early->inode) {
        fail(EXIT_LAUNCH, "run it again", "cannot enter the store %s: it was replaced", plan->base);
    }
}

const struct plan *early_plan(int control, const struct limits **limits) {
    unsigned char told = TELL_READY;
    const char *fault = NULL;
    if (uses_older_mounts() || send(control, &told, 1, MSG_NOSIGNAL) != 1 ||
        recv(control, &told, 1, 0) != 1 || told != TELL_PLAN) {
        _exit(EXIT_LAUNCH); /* it is not wanted, or the supervisor has died */
    }
    be_usual();
    is_hushed = NULL;
    story_join();
    const struct plan *plan = plan_decode(early->plan, early->length, &fault);
    if (plan == NULL) {
        fail(EXIT_LAUNCH, "use bin/velo and velo-launch of one distribution",
             "cannot use the launch plan: %s", fault);
    }
    enter_base(plan);
    *limits = &early->limits;
    return plan;
}
