#include "early.h"
#include "enforcement.h"
#include "kernel.h"
#include "launch.h"
#include "story.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel kills this process, and with it everything inside, when the supervisor dies. */
static void die_with_supervisor(int control) {
    unsigned char go = 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        fail_errno("see velo doctor", "cannot tie the sandbox to its supervisor");
    }
    /* Had it died before the call above, nobody would send that signal; its end of the socket would be
     * closed. */
    if (recv(control, &go, 1, MSG_DONTWAIT | MSG_PEEK) == 0) {
        _exit(EXIT_LAUNCH);
    }
}

static void wait_for_maps(int control) {
    unsigned char go = 0;
    if (recv(control, &go, 1, 0) != 1 || go != TELL_GO) {
        _exit(EXIT_LAUNCH); /* the supervisor has died or has said why it gave up */
    }
}

static void keep_only(int control) {
    /* Inherited locks must end with the supervisor, so no copy of them may live on in here. */
    if (!close_all_but(control)) {
        fail_errno("use Linux 5.9 or newer", "cannot close inherited descriptors");
    }
}

static void forward(int control, pid_t payload) {
    unsigned char number;
    ssize_t got = recv(control, &number, 1, 0);
    if (got <= 0) {
        _exit(EXIT_LAUNCH); /* the supervisor has gone */
    }
    if (number == TELL_END_ALL) {
        kill(-1, SIGKILL);
        return;
    }
    if (kill(-payload, number) != 0 && errno == ESRCH) {
        kill(payload, number); /* it has not made its session yet */
    }
}

/* Reaps everything that is orphaned to pid 1; true when the payload itself has ended. */
static bool reap(pid_t payload, int *status) {
    for (;;) {
        int ended;
        pid_t pid = waitpid(-1, &ended, WNOHANG);
        if (pid == payload) {
            *status = ended;
            return true;
        }
        if (pid == 0 || (pid < 0 && errno != EINTR)) {
            return false;
        }
    }
}

/*
 * What the payload left in the background ends with it, and is waited for. What the kernel kills when pid 1
 * ends is counted nowhere; and once this process has reported, nobody writes to the sandbox's files any more,
 * so that they can be removed while the kernel takes the namespaces apart. Not for ever: the kernel will do
 * what is left.
 */
static void settle(int signals) {
    enum { ROUNDS = 50, ROUND_MS = 10 };
    struct pollfd wait = {.fd = signals, .events = POLLIN};
    kill(-1, SIGKILL);
    for (int round = 0; round < ROUNDS;) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        if (ended < 0 && errno == ECHILD) {
            return;
        }
        if (ended == 0) {
            struct signalfd_siginfo info;
            round += poll(&wait, 1, ROUND_MS) > 0 && read(signals, &info, sizeof info) > 0 ? 0 : 1;
        }
    }
}

static void __attribute__((noreturn)) serve(int control, int signals, pid_t payload, bool wants_record) {
    struct pollfd wait[2] = {{.fd = control, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int status = 0;
    while (!reap(payload, &status)) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            _exit(EXIT_LAUNCH);
        }
        if (wait[1].revents != 0) {
            struct signalfd_siginfo info;
            if (read(signals, &info, sizeof info) < 0 && errno != EINTR) {
                _exit(EXIT_LAUNCH);
            }
        }
        if (wait[0].revents != 0) {
            forward(control, payload);
        }
    }
    settle(signals);
    if (wants_record) {
        look_at_spaces();
    }
    if (send(control, &status, sizeof status, MSG_NOSIGNAL) < 0) {
        _exit(EXIT_LAUNCH);
    }
    _exit(0);
}

static bool uses_keys(const struct plan *plan) {
    return is_allowed_by_plan(plan, SYS_keyctl) || is_allowed_by_plan(plan, SYS_add_key) ||
           is_allowed_by_plan(plan, SYS_request_key);
}

/* Else the payload could use, and change, the keys of the caller's login session (session-keyring(7)). */
static void leave_keyring(const struct plan *plan) {
    enum { JOIN_SESSION_KEYRING = 1 };
    if (syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS) {
        return;
    }
    if (uses_keys(plan)) {
        fail_errno("raise kernel.keys.maxkeys, or use a profile that allows no system call for keys",
                   "cannot give the sandbox a keyring of its own");
    }
    if (errno != EPERM) {
        /* The filter has no system call for keys, so nothing inside can use the caller's. */
        message("warning: the sandbox has no keyring of its own: %s; raise kernel.keys.maxkeys",
                strerror(errno));
    }
}

/* What needs no plan. */
struct beginning {
    int proc; /* the host's */
    struct companion companion;
    bool mounted; /* it has its identity, and what is alike in all sandboxes is mounted already */
};

static struct beginning begin(enum network network, int control) {
    struct beginning beginning = {.proc = open_host_proc()};
    beginning.companion = begin_companion(network, control, beginning.proc);
    return beginning;
}

static void __attribute__((noreturn))
complete(const struct plan *plan, const struct limits *limits, int control, const struct terminal *caller,
         const struct beginning *beginning) {
    const int proc = beginning->proc;
    /* What needs no identity is done while the supervisor maps it. */
    name_host(plan);
    prepare_filter(plan);
    take_sources(plan, control);
    wait_for_maps(control);
    /* While it is still the caller: the keyrings of all sandboxes of a root would count for the one user that
     * they run as. */
    leave_keyring(plan);
    if (!beginning->mounted) {
        become_mapped(plan);
        keep_mounts_private();
    }
    /* Not before it was in its group: the root that it sees is the one of this moment. */
    if (groups_exist(&limits->groups) && unshare(CLONE_NEWCGROUP) != 0) {
        fail_errno("see velo doctor", "cannot hide the sandbox's control group");
    }
    /* After the change of identity, which clears it: prctl(2), PR_SET_PDEATHSIG. */
    die_with_supervisor(control);
    enter_phase(PHASE_ROOT);
    int memory = enter_root(plan);
    if (memory >= 0 && plan->finish.count > 0) {
        send_descriptor(control, DESCRIPTOR_UPPER, memory);
    }
    enter_phase(PHASE_CONFINE);
    join_companion(&beginning->companion, proc);
    own_nothing(plan, proc);
    die_with_supervisor(control);
    keep_only(control);
    int terminal = caller == NULL ? -1 : make_terminal(caller, control);
    /* Nobody inside may look into this process or change it: not its memory, not its program, not its
     * descriptors. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        fail_errno("see velo doctor", "cannot protect the sandbox's init");
    }
    /* Payload and init: neither needs a right from here on. */
    drop_capabilities();
    /* A signal that is blocked is kept until it is taken, and counts for the user. All others have their
     * default action, and those the kernel never gives to pid 1 (pid_namespaces(7)). */
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, NULL);
    int signals = signalfd(-1, &child, SFD_CLOEXEC);
    enter_phase(PHASE_PAYLOAD);
    /* It needs no memory of its own until it executes the program, and copying this would take longer than
     * all that it does. */
    pid_t payload = vfork();
    if (signals < 0 || payload < 0) {
        fail_errno("let this user have more processes (ulimit -u), or try again",
                   "cannot start the payload's process");
    }
    if (payload == 0) {
        run_payload(plan, limits, terminal);
    }
    serve(control, signals, payload, plan->result != NULL);
}

void run_init(const struct plan *plan, const struct limits *limits, int control,
              const struct terminal *caller) {
    at_failure = NULL;
    const struct beginning beginning = begin(plan->network, control);
    complete(plan, limits, control, caller, &beginning);
}

void run_init_without_plan(int control) {
    const struct limits *limits;
    die_with_supervisor(control);
    struct beginning beginning = begin(NETWORK_NONE, control);
    map_own_ids(&early_identity, beginning.proc);
    become_mapped(&early_identity);
    keep_mounts_private();
    prepare_mounts();
    beginning.mounted = true;
    const struct plan *plan = early_plan(control, &limits);
    complete(plan, limits, control, NULL, &beginning);
}
