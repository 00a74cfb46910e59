/*
 * Who may reach whom by abstract sockets and by signals. Each act prints "works", "damaged" where something
 * else arrived, or the name of an errno.
 *
 *   scopes listen NAME        a stream and a datagram socket of that abstract name, until a signal ends it;
 *                             where NAME begins with a slash, a stream socket of that path
 *   scopes connect NAME       to such a stream socket
 *   scopes send NAME          to such a datagram socket
 *   scopes own                both, between processes of its own
 *   scopes signals            between processes, sessions and threads of its own
 *   scopes signal PID         whether it may signal that one
 *   scopes confine            enters one more domain
 *   scopes version            of Landlock
 *   scopes without CALL NUMBER P…  runs a program for which that call, landlock_create_ruleset or keyctl,
 *                             fails with that errno
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, RESTRICT_SELF = 446 };

static socklen_t name(struct sockaddr_un *address, const char *text, char kind) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (text[0] == '/') {
        strcpy(address->sun_path, text);
        return (socklen_t)sizeof *address;
    }
    /* The first byte is 0: abstract. */
    int length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "%s-%c", text, kind);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static int bound(const char *text, char kind) {
    struct sockaddr_un address;
    socklen_t length = name(&address, text, kind);
    int fd = socket(AF_UNIX, kind == 's' ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || (kind == 's' && listen(fd, 9) != 0)) {
        return -1;
    }
    return fd;
}

static int connected(const char *text) {
    struct sockaddr_un address;
    socklen_t length = name(&address, text, 's');
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 || connect(fd, (struct sockaddr *)&address, length) != 0 ? -1 : fd;
}

static int sent(const char *text) {
    struct sockaddr_un address;
    socklen_t length = name(&address, text, 'd');
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    return fd < 0 || sendto(fd, "d", 1, 0, (struct sockaddr *)&address, length) != 1 ? -1 : fd;
}

static int say(int result) {
    if (result >= 0) {
        puts("works");
    } else {
        puts(errno == 0 ? "damaged" : strerrorname_np(errno));
    }
    return 0;
}

static int host(const char *text) {
    if (bound(text, 's') < 0 || (text[0] != '/' && bound(text, 'd') < 0)) {
        return say(-1);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        pause();
    }
}

static int own(void) {
    char text[64];
    char bytes[2] = "";
    int status = 0;
    snprintf(text, sizeof text, "own-%d", getpid());
    int stream = bound(text, 's');
    int datagram = bound(text, 'd');
    if (stream < 0 || datagram < 0) {
        return say(-1);
    }
    pid_t child = fork();
    if (child == 0) {
        setsid();
        int fd = connected(text);
        _exit(fd < 0 || write(fd, "s", 1) != 1 || sent(text) < 0 ? errno : 0);
    }
    waitpid(child, &status, 0);
    errno = WEXITSTATUS(status);
    if (status != 0) {
        return say(-1);
    }
    int fd = accept(stream, NULL, NULL);
    if (fd < 0 || read(fd, bytes, 1) != 1 || recv(datagram, bytes + 1, 1, 0) != 1) {
        return say(-1);
    }
    errno = 0;
    return say(memcmp(bytes, "sd", 2) == 0 ? 0 : -1);
}

static volatile sig_atomic_t caught;

static void catch (int number) {
    (void)number;
    caught++;
}

/* To the parent from a session of its own, to a thread, to the group, and what ends a child. */
static int signals(void) {
    int status = 0;
    signal(SIGUSR1, catch);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (kill(getppid(), SIGUSR1) != 0) {
            _exit(errno);
        }
        for (;;) {
            pause();
        }
    }
    for (int i = 0; i < 500 && caught == 0 && waitpid(child, &status, WNOHANG) == 0; i++) {
        usleep(10000);
    }
    if (caught != 1) {
        errno = WEXITSTATUS(status);
        return say(-1);
    }
    if (syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1) != 0 || kill(0, SIGUSR1) != 0 ||
        kill(child, SIGTERM) != 0 || waitpid(child, &status, 0) != child) {
        return say(-1);
    }
    errno = 0;
    return say(caught == 3 && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 0 : -1);
}

static int confine(void) {
    const uint64_t scopes[3] = {0, 0, 3};
    int ruleset = (int)syscall(CREATE_RULESET, scopes, sizeof scopes, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return say(ruleset < 0 ? -1 : (int)syscall(RESTRICT_SELF, ruleset, 0));
}

static int without(const char *call, unsigned errnum, char **command) {
    const unsigned number = strcmp(call, "keyctl") == 0 ? SYS_keyctl : CREATE_RULESET;
    struct sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
                                 {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number},
                                 {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | errnum},
                                 {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    const struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        return say(-1);
    }
    execv(command[0], command);
    return say(-1);
}

int main(int argc, char **argv) {
    const char *act = argc > 1 ? argv[1] : "";
    const char *what = argc > 2 ? argv[2] : "";
    if (strcmp(act, "listen") == 0) {
        return host(what);
    }
    if (strcmp(act, "connect") == 0) {
        return say(connected(what));
    }
    if (strcmp(act, "send") == 0) {
        return say(sent(what));
    }
    if (strcmp(act, "own") == 0) {
        return own();
    }
    if (strcmp(act, "signals") == 0) {
        return signals();
    }
    if (strcmp(act, "signal") == 0) {
        return say(kill(atoi(what), 0));
    }
    if (strcmp(act, "confine") == 0) {
        return confine();
    }
    if (strcmp(act, "version") == 0) {
        return printf("%ld\n", syscall(CREATE_RULESET, NULL, 0, 1)) < 0;
    }
    if (strcmp(act, "without") == 0 && argc > 4) {
        return without(what, (unsigned)atoi(argv[3]), argv + 4);
    }
    return 2;
}
