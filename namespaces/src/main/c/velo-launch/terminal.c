#include "enforcement.h"
#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>

/*
 * Between the caller's streams and the payload's terminal, of which the supervisor holds the master. The
 * caller's terminal is raw meanwhile: every key goes to the line discipline of the payload's.
 */

enum { MASTER, INPUT, OUTPUT };
enum { SPACE = 64 << 10 };

/* Bytes on their way. No more are read before all of them have gone on, so a slow reader stops the writer. */
struct channel {
    char bytes[SPACE];
    size_t start, end;
};

/* A stream of the caller's. Others have it, too: where it must not block, it is opened once more. */
struct stream {
    int fd;    /* -1: at its end */
    int flags; /* of the caller's own descriptor, where that had to be changed; else -1 */
};

struct terminal {
    int seen;             /* a descriptor of the caller's terminal; -1: it has none */
    struct winsize size;  /* of that, and */
    struct termios modes; /* those that it gets back */
    bool keyboard;        /* standard input is a terminal */
    bool raw;
    bool in_line; /* the last byte of the input was not the end of a line */
    int master;   /* -1: hung up */
    int output_error;
    struct output *counter;
    struct stream input;
    struct stream output;
    struct channel in;
    struct channel out;
};

struct terminal *terminal_look(const struct plan *plan, struct output *output) {
    static struct terminal terminal = {.seen = -1, .master = -1, .input = {-1, -1}, .output = {-1, -1}};
    struct terminal *t = &terminal;
    if (!plan->terminal) {
        return NULL;
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && t->seen < 0; fd++) {
        if (tcgetattr(fd, &t->modes) == 0 && ioctl(fd, TIOCGWINSZ, &t->size) == 0) {
            t->seen = fd;
        }
    }
    t->counter = output;
    t->keyboard = t->seen == STDIN_FILENO && !plan->stdin_null;
    t->input.fd = plan->stdin_null ? -1 : STDIN_FILENO;
    t->output.fd = STDOUT_FILENO;
    return t;
}

void terminal_copy(const struct terminal *t, int slave) {
    if (t->seen >= 0 &&
        (tcsetattr(slave, TCSANOW, &t->modes) != 0 || ioctl(slave, TIOCSWINSZ, &t->size) != 0)) {
        fail_errno("leave --tty out", "cannot make the program's terminal like the caller's");
    }
}

/*
 * Without this a reader that stops reading would stop the supervisor, and with it the time limit. Whatever is
 * set on the caller's own descriptor is set for everybody who has it, so only where there is no other way (a
 * terminal of another user, a socket), and not for longer than the run.
 */
static void never_block(struct stream *s, int mode) {
    struct stat status;
    if (s->fd < 0 || fstat(s->fd, &status) != 0) {
        s->fd = -1;
        return;
    }
    if (!isatty(s->fd) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
        return;
    }
    int own = open_again(s->fd, mode);
    if (own >= 0) {
        s->fd = own;
    } else {
        s->flags = fcntl(s->fd, F_GETFL);
    }
}

/* Both at once: they are often one and the same. */
static void set_shared(const struct terminal *t, int more) {
    if (t->input.flags >= 0) {
        fcntl(STDIN_FILENO, F_SETFL, t->input.flags | more);
    }
    if (t->output.flags >= 0) {
        fcntl(STDOUT_FILENO, F_SETFL, t->output.flags | more);
    }
}

/* Where the caller's terminal is another session's, or nobody's, its modes are anybody's who has it open. */
static bool in_foreground(void) {
    pid_t group = tcgetpgrp(STDIN_FILENO);
    return group <= 0 || group == getpgrp();
}

/* In the background the modes are those of the caller's shell. */
static void enter_raw(struct terminal *t) {
    struct termios raw;
    if (t->raw || !t->keyboard || !in_foreground() || tcgetattr(STDIN_FILENO, &t->modes) != 0) {
        return;
    }
    raw = t->modes;
    cfmakeraw(&raw);
    t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void leave_raw(struct terminal *t) {
    if (t->raw) {
        /* Not waiting for what is still to be written: that may be for ever. */
        tcsetattr(STDIN_FILENO, TCSANOW, &t->modes);
        t->raw = false;
    }
}

bool terminal_resize(struct terminal *t) {
    if (t == NULL) {
        return false;
    }
    if (t->seen >= 0 && t->master >= 0 && ioctl(t->seen, TIOCGWINSZ, &t->size) == 0) {
        ioctl(t->master, TIOCSWINSZ, &t->size);
    }
    return true;
}

void terminal_begin(struct terminal *t, int master) {
    sigset_t input;
    if (t == NULL) {
        close(master);
        return;
    }
    t->master = master;
    fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    never_block(&t->input, O_RDONLY);
    never_block(&t->output, O_WRONLY);
    set_shared(t, O_NONBLOCK);
    /* Reading from the terminal in the background then stops this process, and fg has it go on. */
    sigemptyset(&input);
    sigaddset(&input, SIGTTIN);
    sigprocmask(SIG_UNBLOCK, &input, NULL);
    enter_raw(t);
    terminal_resize(t);
}

void terminal_suspend(struct terminal *t) {
    if (t != NULL) {
        set_shared(t, 0);
        leave_raw(t);
    }
}

void terminal_resume(struct terminal *t) {
    if (t == NULL || t->master < 0) {
        return;
    }
    if (t->raw && in_foreground()) {
        /* After a SIGSTOP, which nobody can prepare for, the caller's shell has set modes of its own. */
        t->raw = false;
        struct termios own = t->modes;
        enter_raw(t);
        t->modes = own;
    }
    enter_raw(t);
    set_shared(t, O_NONBLOCK);
    terminal_resize(t);
}

/* The kernel then tells the payload's session, as when a line is cut. */
static void hang_up(struct terminal *t) {
    if (t->master >= 0) {
        close(t->master);
    }
    t->master = -1;
    t->input.fd = -1;
    t->out.start = t->out.end = 0;
    leave_raw(t); /* what goes on without a terminal can be interrupted from the caller's */
}

/* What a user would type. A first one behind part of a line ends only that. */
static void end_input(struct terminal *t) {
    struct termios modes;
    char end = 4;
    if (t->master >= 0 && tcgetattr(t->master, &modes) == 0 && modes.c_cc[VEOF] != _POSIX_VDISABLE) {
        end = (char)modes.c_cc[VEOF];
    }
    t->input.fd = -1;
    t->in.start = 0;
    t->in.end = 0;
    for (int times = t->in_line ? 2 : 1; times > 0; times--) {
        t->in.bytes[t->in.end++] = end;
    }
}

static bool later(ssize_t moved) {
    return moved < 0 && (errno == EAGAIN || errno == EINTR);
}

static void take_input(struct terminal *t) {
    /* A shell that moves a running job to the foreground says nothing. */
    enter_raw(t);
    ssize_t got = read(t->input.fd, t->in.bytes, sizeof t->in.bytes);
    if (later(got)) {
        return;
    }
    if (got > 0) {
        t->in.start = 0;
        t->in.end = (size_t)got;
        t->in_line = t->in.bytes[got - 1] != '\n';
    } else if (t->keyboard && in_foreground()) {
        hang_up(t);
    } else {
        end_input(t);
    }
}

static void give_input(struct terminal *t) {
    if (t->in.start == t->in.end || t->master < 0) {
        return;
    }
    ssize_t put = write(t->master, t->in.bytes + t->in.start, t->in.end - t->in.start);
    if (put > 0) {
        t->in.start += (size_t)put;
    } else if (!later(put)) {
        t->in.start = t->in.end; /* nobody is left to read it */
        t->input.fd = -1;
    }
}

/* Every byte that the payload prints goes through here, in order; fewer may be taken than are given. */
static ssize_t put_out(const struct terminal *t, const char *bytes, size_t count) {
    return output_write(t->counter, t->output.fd, bytes, count);
}

static void give_output(struct terminal *t) {
    while (t->out.start < t->out.end) {
        ssize_t put = put_out(t, t->out.bytes + t->out.start, t->out.end - t->out.start);
        if (put < 0) {
            if (!later(put)) {
                t->output_error = errno;
                hang_up(t);
            }
            return;
        }
        t->out.start += (size_t)put;
    }
}

static void take_output(struct terminal *t) {
    ssize_t got = read(t->master, t->out.bytes, sizeof t->out.bytes);
    if (got > 0) {
        t->out.start = 0;
        t->out.end = (size_t)got;
        give_output(t);
    } else if (!later(got)) {
        close(t->master); /* EIO: init had it open, too, so all that could write to it are gone */
        t->master = -1;
    }
}

void terminal_wait(const struct terminal *t, struct pollfd *wait) {
    for (int i = 0; i < TERMINAL_WAITS; i++) {
        wait[i] = (struct pollfd){.fd = -1};
    }
    if (t == NULL) {
        return;
    }
    bool typed = t->in.start < t->in.end;
    bool printed = t->out.start < t->out.end;
    /* What is asked nothing is left out: a terminal that was hung up would be reported for ever. */
    if (typed || !printed) {
        wait[MASTER].fd = t->master;
        wait[MASTER].events = (short)((typed ? POLLOUT : 0) | (printed ? 0 : POLLIN));
    }
    if (!typed && t->master >= 0) {
        wait[INPUT] = (struct pollfd){.fd = t->input.fd, .events = POLLIN};
    }
    if (printed) {
        wait[OUTPUT] = (struct pollfd){.fd = t->output.fd, .events = POLLOUT};
    }
}

void terminal_relay(struct terminal *t, const struct pollfd *wait) {
    if (t == NULL) {
        return;
    }
    if (wait[OUTPUT].revents != 0) {
        give_output(t);
    }
    if (wait[MASTER].revents != 0 && t->master >= 0 && (wait[MASTER].events & POLLIN) != 0) {
        take_output(t);
    }
    if (wait[INPUT].revents != 0 && t->input.fd >= 0) {
        take_input(t);
    }
    if (t->in.start < t->in.end && (wait[INPUT].revents != 0 || wait[MASTER].revents != 0)) {
        give_input(t);
    }
}

/* With the payload gone, the keys that end a program are for this one: its reader may have stopped reading.
 */
static void allow_interrupt(const struct terminal *t) {
    struct termios modes;
    if (t->raw && tcgetattr(STDIN_FILENO, &modes) == 0) {
        modes.c_lflag |= ISIG;
        tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    }
}

/* False where the user wants no more of it. */
static bool go_on(struct terminal *t, int signals) {
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info) {
        return true;
    }
    switch (info.ssi_signo) {
    case SIGTSTP:
        terminal_suspend(t);
        raise(SIGSTOP);
        return true;
    case SIGCONT:
        terminal_resume(t);
        return true;
    case SIGHUP:
    case SIGINT:
    case SIGQUIT:
    case SIGTERM:
        return false;
    default:
        return true;
    }
}

bool terminal_end(struct terminal *t, int signals, int timer, int lifeline) {
    enum { SIGNALS = TERMINAL_WAITS, TIMER, LIFELINE, COUNT };
    bool in_time = true;
    bool wanted = true;
    if (t == NULL) {
        return true;
    }
    t->input.fd = -1;
    t->in.start = t->in.end = 0;
    allow_interrupt(t);
    while (wanted && in_time && (t->master >= 0 || t->out.start < t->out.end)) {
        struct pollfd wait[COUNT] = {[SIGNALS] = {.fd = signals, .events = POLLIN},
                                     [TIMER] = {.fd = timer, .events = POLLIN},
                                     [LIFELINE] = {.fd = lifeline, .events = POLLIN}};
        terminal_wait(t, wait);
        if (poll(wait, COUNT, -1) < 0) {
            continue;
        }
        terminal_relay(t, wait);
        wanted = wait[LIFELINE].revents == 0 && (wait[SIGNALS].revents == 0 || go_on(t, signals));
        in_time = wait[TIMER].revents == 0;
    }
    terminal_suspend(t);
    if (t->output_error != 0 && t->output_error != EPIPE && t->output_error != EIO) {
        message("warning: cannot write the program's output: %s", strerror(t->output_error));
    }
    return in_time;
}
