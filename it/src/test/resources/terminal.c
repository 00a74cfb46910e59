/*
 * Both ends of a terminal. "terminal drive ACTION... -- COMMAND..." runs a command on a new one, does what a
 * user and his terminal do, prints all that comes to standard output, and what it finds out to standard
 * error. "terminal attack" is run on a terminal and tries to reach beyond it: "<act> <outcome>" a line, where
 * the outcome is "works" or the name of an errno. "terminal many" opens as many as it gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int master;
static int slave;
static pid_t child;
static struct termios before;
static char *heard;
static size_t length;
static size_t matched;
static size_t room;

static void give_up(const char *what) {
    fprintf(stderr, "terminal: %s: %s\n", what, strerror(errno));
    fwrite(heard, 1, length, stdout);
    fflush(stdout);
    kill(child, SIGKILL);
    exit(99);
}

/* Reads for so many milliseconds at most; 0 when nothing came. */
static int hear(int milliseconds) {
    struct pollfd wait = {.fd = master, .events = POLLIN};
    if (poll(&wait, 1, milliseconds) <= 0) {
        return 0;
    }
    if (room - length < 65536) {
        room = 2 * room + 65536;
        heard = realloc(heard, room + 1);
    }
    ssize_t got = read(master, heard + length, room - length);
    if (got <= 0) {
        return 0;
    }
    length += (size_t)got;
    return 1;
}

static void expect(const char *text) {
    time_t end = time(NULL) + 60;
    for (;;) {
        char *found = length == 0 ? NULL : memmem(heard + matched, length - matched, text, strlen(text));
        if (found != NULL) {
            matched = (size_t)(found - heard) + strlen(text);
            return;
        }
        if (time(NULL) > end) {
            fprintf(stderr, "terminal: no '%s'\n", text);
            give_up("what was expected did not come");
        }
        hear(100);
    }
}

static void say(const char *text) {
    size_t count = strlen(text);
    if (write(master, text, count) != (ssize_t)count) {
        give_up("cannot write");
    }
}

static void await(int options, const char *what) {
    time_t end = time(NULL) + 100;
    for (;;) {
        int status;
        pid_t changed = waitpid(child, &status, options | WNOHANG);
        if (changed == child && WIFSTOPPED(status)) {
            fprintf(stderr, "stopped\n");
            return;
        }
        if (changed == child) {
            while (hear(0)) {
            }
            fprintf(stderr, "exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            return;
        }
        if (time(NULL) > end) {
            give_up(what);
        }
        if (master >= 0) {
            hear(20);
        } else {
            poll(NULL, 0, 20);
        }
    }
}

/* They change a moment after what made them change: waits for that a little. */
static void modes(const char *wanted) {
    struct termios now;
    for (int i = 0; i < 2400; i++) {
        tcgetattr(slave, &now);
        int same = now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag &&
                   now.c_lflag == before.c_lflag && now.c_cflag == before.c_cflag &&
                   memcmp(now.c_cc, before.c_cc, sizeof now.c_cc) == 0;
        int raw = (now.c_lflag & (ICANON | ECHO | ISIG)) == 0 && (now.c_oflag & OPOST) == 0;
        int interruptible = (now.c_lflag & (ICANON | ISIG)) == ISIG;
        if (strcmp(wanted, "before") == 0 ? same : strcmp(wanted, "raw") == 0 ? raw : interruptible) {
            fprintf(stderr, "modes %s\n", wanted);
            return;
        }
        hear(25);
    }
    fprintf(stderr, "modes not %s\n", wanted);
}

/* What a shell would read next. */
static void input(void) {
    char bytes[256];
    struct termios raw = before;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 0;
    tcsetpgrp(slave, getpgrp());
    tcsetattr(slave, TCSANOW, &raw);
    ssize_t got = read(slave, bytes, sizeof bytes);
    tcsetattr(slave, TCSANOW, &before);
    fprintf(stderr, "input %zd\n", got);
}

static void memory(void) {
    char path[64];
    char line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            fprintf(stderr, "memory %d\n", atoi(line + 6));
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void act(char *action) {
    char *value = strchr(action, ':');
    struct winsize size = {0};
    if (value != NULL) {
        *value++ = '\0';
    }
    if (strcmp(action, "expect") == 0) {
        expect(value);
    } else if (strcmp(action, "send") == 0) {
        say(value);
    } else if (strcmp(action, "size") == 0) {
        size.ws_row = (unsigned short)strtoul(value, &value, 10);
        size.ws_col = (unsigned short)strtoul(value + 1, NULL, 10);
        ioctl(master, TIOCSWINSZ, &size);
    } else if (strcmp(action, "signal") == 0) {
        kill(child, atoi(value));
    } else if (strcmp(action, "stopped") == 0) {
        await(WUNTRACED, "it did not stop");
    } else if (strcmp(action, "exit") == 0) {
        await(0, "it did not end");
    } else if (strcmp(action, "modes") == 0) {
        modes(value);
    } else if (strcmp(action, "group") == 0) {
        fprintf(stderr, "group %s\n", tcgetpgrp(master) == child ? "same" : "other");
    } else if (strcmp(action, "background") == 0) {
        tcsetpgrp(slave, getpgrp());
    } else if (strcmp(action, "foreground") == 0) {
        tcsetpgrp(slave, child);
        kill(-child, SIGCONT);
    } else if (strcmp(action, "input") == 0) {
        input();
    } else if (strcmp(action, "memory") == 0) {
        memory();
    } else if (strcmp(action, "exclusive") == 0) {
        ioctl(slave, TIOCEXCL);
    } else if (strcmp(action, "flags") == 0) {
        fprintf(stderr, "flags %s\n", (fcntl(slave, F_GETFL) & O_NONBLOCK) != 0 ? "changed" : "same");
    } else if (strcmp(action, "pause") == 0) {
        poll(NULL, 0, atoi(value));
    } else if (strcmp(action, "hangup") == 0) {
        close(slave);
        close(master);
        master = -1;
    } else {
        errno = EINVAL;
        give_up(action);
    }
}

static int drive(char **arguments) {
    char **command = arguments;
    struct winsize size = {.ws_row = 31, .ws_col = 77};
    while (strcmp(*command, "--") != 0) {
        command++;
    }
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        (slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
        give_up("cannot make a terminal");
    }
    ioctl(master, TIOCSWINSZ, &size);
    tcgetattr(slave, &before);
    /* As a shell is: the leader of the session, with a job in the foreground. */
    signal(SIGTTOU, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) != 0) {
        give_up("cannot make a session");
    }
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        tcsetpgrp(slave, getpid());
        signal(SIGTTOU, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        dup2(slave, 0);
        dup2(slave, 1);
        dup2(slave, 2);
        execvp(command[1], command + 1);
        _exit(127);
    }
    setpgid(child, child);
    for (char **action = arguments; action < command; action++) {
        act(*action);
    }
    fwrite(heard, 1, length, stdout);
    return 0;
}

static void outcome(const char *name, int fd, long result) {
    printf("%s%d %s\n", name, fd, result >= 0 ? "works" : strerrorname_np(errno));
}

static void attack(int fd, int shown) {
    char byte = '\n';
    char paste[8] = {3};
    outcome("type", shown, syscall(SYS_ioctl, fd, TIOCSTI, &byte));
    outcome("type-high", shown, syscall(SYS_ioctl, fd, TIOCSTI | 1UL << 32, &byte));
    outcome("paste", shown, syscall(SYS_ioctl, fd, TIOCLINUX, paste));
    outcome("discipline", shown, syscall(SYS_ioctl, fd, TIOCSETD, &(int){0}));
}

/* Descriptor 9 is the controlling terminal. */
static int attacks(void) {
    signal(SIGTTOU, SIG_IGN);
    for (int fd = 0; fd < 3; fd++) {
        attack(fd, fd);
    }
    int own = open("/dev/tty", O_RDWR | O_NOCTTY);
    outcome("open-tty", 9, own);
    if (own >= 0) {
        attack(own, 9);
    }
    outcome("steal", 0, ioctl(0, TIOCSCTTY, 1));
    outcome("foreground", 0, tcsetpgrp(0, getpgrp()));
    return 0;
}

static int many(void) {
    int count = 0;
    while (posix_openpt(O_RDWR | O_NOCTTY) >= 0 && count < 1000) {
        count++;
    }
    printf("%d %s\n", count, strerrorname_np(errno));
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 3 && strcmp(argv[1], "drive") == 0) {
        int status = 0;
        pid_t driver = fork();
        if (driver == 0) {
            exit(drive(argv + 2));
        }
        waitpid(driver, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
    }
    return argc > 1 && strcmp(argv[1], "many") == 0 ? many() : attacks();
}
