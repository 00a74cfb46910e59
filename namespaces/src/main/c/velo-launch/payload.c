#include "enforcement.h"
#include "kernel.h"
#include "launch.h"
#include "story.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fail_errno("see velo doctor", "cannot give up new privileges");
    }
    /* Locked for good: being root gives nothing, neither by exec nor by a change of identity
     * (capabilities(7)). */
    enum { SECURE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 };
    if (prctl(PR_SET_SECUREBITS, SECURE, 0, 0, 0) != 0) {
        fail_errno("see velo doctor", "cannot lock the rights of root");
    }
    /* The bounding set first: dropping from it needs a capability. Empty, it keeps an exec as uid 0 from
     * gaining any. The kernel refuses the number behind its last one. */
    int capability = 0;
    while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) {
        capability++;
    }
    if (errno != EINVAL || capability == 0) {
        fail_errno("see velo doctor", "cannot drop capability %d", capability);
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        syscall(SYS_capset, &header, none) != 0) {
        fail_errno("see velo doctor", "cannot drop capabilities");
    }
}

static void set_limits(const struct plan *plan) {
    struct rlimit files;
    if (plan->descriptor_limit != 0 && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = plan->descriptor_limit < files.rlim_max ? plan->descriptor_limit : files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
            fail_errno("see ulimit -n", "cannot set the limit of open files");
        }
    }
}

static const char *search_path(const struct plan *plan) {
    for (size_t i = 0; i < plan->environment.count; i++) {
        if (strncmp(plan->environment.items[i], "PATH=", 5) == 0) {
            return plan->environment.items[i] + 5;
        }
    }
    return "/usr/local/bin:/usr/bin:/bin";
}

static void try_execute(const struct plan *plan, const char *path, int *worst) {
    static char *no_environment[] = {NULL};
    char **environment = plan->environment.count > 0 ? plan->environment.items : no_environment;
    execve(path, plan->arguments.items, environment);
    struct stat status;
    int errnum = errno;
    if (errnum == ENOENT && stat(path, &status) == 0) {
        fail(EXIT_NOT_FOUND,
             "add its interpreter (the dynamic linker, or what its first line names) to a manifest",
             "cannot run %s: it exists, but the program that must load it does not", path);
    }
    if (errnum != ENOENT && errnum != ENOTDIR) {
        *worst = errnum;
    }
}

static void __attribute__((noreturn)) execute(const struct plan *plan) {
    const char *command = plan->arguments.items[0];
    int worst = 0;
    if (strchr(command, '/') != NULL) {
        try_execute(plan, command, &worst);
    } else if (command[0] != '\0') {
        const char *part = search_path(plan);
        while (part != NULL) {
            size_t length = strcspn(part, ":");
            char path[4096];
            int written = length == 0 ? snprintf(path, sizeof path, "./%s", command)
                                      : snprintf(path, sizeof path, "%.*s/%s", (int)length, part, command);
            if (written > 0 && (size_t)written < sizeof path) {
                try_execute(plan, path, &worst);
            }
            part = part[length] == ':' ? part + length + 1 : NULL;
        }
    }
    if (worst != 0) {
        fail(EXIT_NOT_EXECUTABLE, "name a program that can be executed", "cannot run %s: %s", command,
             strerror(worst));
    }
    fail(EXIT_NOT_FOUND, "check the name, PATH and what the manifests hold (velo inspect)",
         "cannot run %s: no such command in the sandbox", command);
}

void run_payload(const struct plan *plan, const struct limits *limits, int terminal) {
    /* Away from the caller's terminal session: no TIOCSTI into it, and its job control stays the
     * supervisor's. */
    if (setsid() < 0) {
        fail_errno("try again", "cannot make a session for the payload");
    }
    if (terminal >= 0) {
        take_terminal(terminal);
    }
    if (plan->stdin_null) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0) {
            fail_errno("see velo doctor", "cannot open /dev/null");
        }
    }
    if (chdir(plan->workdir) != 0) {
        fail_errno("name a directory that the manifests have with --workdir", "cannot enter %s",
                   plan->workdir);
    }
    umask(022);
    set_limits(plan);
    limits_apply(limits, plan);
    /* What is for messages closes when the program begins. */
    if (!close_all_but(message_descriptor)) {
        fail_errno("use Linux 5.9 or newer", "cannot close descriptors");
    }
    /* Every signal has its default action already: the supervisor saw to that. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    enter_domain(plan);
    filter_calls();
    enter_phase(PHASE_RUN);
    execute(plan);
}
