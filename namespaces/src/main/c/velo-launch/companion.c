#include "kernel.h"
#include "launch.h"
#include "reasons.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void raise_loopback(void) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
        /* Less network than promised is no hole; some hosts' security modules forbid it. */
        message("warning: the sandbox's loopback interface stays down: %s", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Why there is no network namespace is told by the supervisor: in here the ceilings of the host do not show.
 */
static void __attribute__((noreturn)) have_explained(int control) {
    const unsigned char report[2] = {'n', (unsigned char)errno};
    unsigned char byte;
    if (!stay_silent() && send(control, report, sizeof report, MSG_NOSIGNAL) == sizeof report) {
        while (recv(control, &byte, 1, 0) > 0) {
        }
    }
    _exit(EXIT_LAUNCH);
}

static void make_network(int control, int proc, int place) {
    if (unshare(CLONE_NEWNET) != 0) {
        have_explained(control);
    }
    raise_loopback();
    int made = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
    if (made < 0 || dup3(made, place, O_CLOEXEC) < 0) {
        fail_errno("see velo doctor", "cannot hand on the sandbox's network");
    }
    close(made);
}

struct companion begin_companion(enum network network, int control, int proc) {
    struct companion companion = {.network = -1};
    if (network == NETWORK_NONE) {
        companion.network = fcntl(proc, F_DUPFD_CLOEXEC, 0);
    }
    companion.process = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0UL, 0UL, 0UL, 0UL);
    if (companion.process < 0) {
        fail_errno("let this user have more processes (ulimit -u), or try again",
                   "cannot start the process that makes the sandbox's network");
    }
    if (companion.process > 0) {
        return companion;
    }
    if (network == NETWORK_NONE) {
        make_network(control, proc, companion.network);
    }
    lower_ceilings(proc, false);
    _exit(0);
}

void join_companion(const struct companion *companion, int proc) {
    int status = 0;
    while (waitpid(companion->process, &status, 0) < 0) {
        if (errno != EINTR) {
            fail_errno("try again", "cannot wait for the process that makes the sandbox's network");
        }
    }
    if (WIFSIGNALED(status)) {
        fail(EXIT_LAUNCH, "free some memory and try again",
             "cannot make the sandbox's network: signal %d ended the process that makes it",
             WTERMSIG(status));
    }
    if (status != 0) {
        _exit(EXIT_LAUNCH); /* it has said why */
    }
    if (companion->network >= 0) {
        if (setns(companion->network, CLONE_NEWNET) != 0) {
            const struct finding finding = diagnose_call(&this_host, errno, "self", "setns");
            fail_because(&finding, "see velo doctor", "cannot enter the sandbox's network");
        }
        close(companion->network);
    }
    /* The payload is the process after init, where the kernel lets that be said. */
    put_text(proc, "sys/kernel/ns_last_pid", "1");
}
