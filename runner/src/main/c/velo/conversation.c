#include "client.h"
#include "launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const struct patience usual_patience = {.first_ms = 2000, .next_ms = 10000};

/* The descriptor that the lock of a run has in the plan: the first behind the standard ones. */
enum { LEASE_DESCRIPTOR = 3 };

struct conversation {
    int connection;
    const struct caller *caller;
    const char *fault;        /* what was wrong with the answer, NULL: nothing */
    bool bad_plan;            /* fault is of its plan */
    int64_t deadline;         /* for the frame that is read, or the request */
    int received;             /* a descriptor that came with bytes, -1: none */
    bool begun;               /* something was printed */
    bool results;             /* on standard output, too */
    void (*broken_pipe)(int); /* what SIGPIPE did before */
    int output_error;         /* errno of standard output */
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool await(struct conversation *c, short events) {
    for (;;) {
        struct pollfd wait = {.fd = c->connection, .events = events};
        int64_t left = c->deadline - now_ms();
        int ready = left <= 0 ? 0 : poll(&wait, 1, (int)left);
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            c->fault = "it does not answer";
            return false;
        }
    }
}

/* False where the other side reads no more; it may have said why. */
static bool send_all(struct conversation *c, const struct bytes *request) {
    for (size_t sent = 0; sent < request->length;) {
        ssize_t got = send(c->connection, request->at + sent, request->length - sent, MSG_NOSIGNAL);
        if (got >= 0) {
            sent += (size_t)got;
        } else if (errno == EAGAIN) {
            if (!await(c, POLLOUT)) {
                return false;
            }
        } else if (errno != EINTR) {
            return true;
        }
    }
    return true;
}

static void take_descriptors(struct conversation *c, struct msghdr *got) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(got); part != NULL; part = CMSG_NXTHDR(got, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(part) + at, sizeof descriptor);
            if (c->received < 0) {
                c->received = descriptor;
            } else {
                close(descriptor);
                c->fault = "it sent too many descriptors";
            }
        }
    }
    if ((got->msg_flags & MSG_CTRUNC) != 0) {
        c->fault = "it sent too many descriptors";
    }
}

/* The number of bytes before the end; length where there is no fault. */
static size_t receive_all(struct conversation *c, void *to, size_t length) {
    size_t have = 0;
    while (have < length && c->fault == NULL) {
        char control[CMSG_SPACE(2 * sizeof(int))];
        struct iovec part = {.iov_base = (char *)to + have, .iov_len = length - have};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t got = recvmsg(c->connection, &message, MSG_CMSG_CLOEXEC);
        if (got > 0) {
            have += (size_t)got;
            take_descriptors(c, &message);
        } else if (got == 0 || errno == ECONNRESET) {
            break;
        } else if (errno == EAGAIN) {
            await(c, POLLIN);
        } else if (errno != EINTR) {
            c->fault = "it cannot be read from";
        }
    }
    return have;
}

/* The caller may have made its end one that does not wait. */
static bool write_all(int descriptor, const unsigned char *at, size_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, at, length);
        if (written >= 0) {
            at += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void print(struct conversation *c, const struct frame *frame) {
    static unsigned char text[MOST_OUTPUT];
    if (receive_all(c, text, frame->length) != frame->length) {
        c->fault = c->fault == NULL ? "it ended in the middle of a frame" : c->fault;
        return;
    }
    if (!c->begun) {
        /* How a command ends whose reader has gone is told by its status. */
        c->broken_pipe = signal(SIGPIPE, SIG_IGN);
    }
    c->begun = true;
    c->results = c->results || frame->type == FRAME_OUT;
    const int descriptor = frame->type == FRAME_OUT ? STDOUT_FILENO : STDERR_FILENO;
    if (!write_all(descriptor, text, frame->length) && descriptor == STDOUT_FILENO && c->output_error == 0) {
        c->output_error = errno;
    }
}

/* Whoever has closed a pipe knows that not all was printed. */
static int status_of(const struct conversation *c, uint32_t status) {
    if (c->output_error == 0 || status != 0) {
        return (int)status;
    }
    if (c->output_error != EPIPE) {
        message("cannot write to standard output: %s; free some space where it goes",
                strerror(c->output_error));
    }
    return 1;
}

static bool is_for_us(const struct plan *plan) {
    return plan->keep_count == 1 && plan->keep[0] == LEASE_DESCRIPTOR && plan->lifeline < 0;
}

static bool take_plan(struct conversation *c, uint32_t length, struct answer *answer) {
    struct bytes plan = {.at = malloc(length), .length = length, .capacity = length};
    if (c->received < 0) {
        c->fault = "it sent a plan without a lock";
    } else if (plan.at == NULL) {
        c->fault = "there is no memory for its plan";
    } else if (receive_all(c, plan.at, length) != length && c->fault == NULL) {
        c->fault = "it ended in the middle of a frame";
    }
    const bool session = c->fault == NULL && is_session_plan(plan.at, length);
    if (session && wants_sandbox(c->caller)) {
        c->fault = "its plan has no sandbox";
    } else if (c->fault == NULL && !session) {
        answer->plan = plan_decode(plan.at, length, &c->fault);
        c->bad_plan = c->fault != NULL;
        if (c->fault == NULL && !is_for_us(answer->plan)) {
            c->fault = "its plan keeps other descriptors";
        }
    }
    if (c->fault != NULL) {
        forget(&plan);
    }
    answer->sent = plan;
    answer->lease = c->received;
    return c->fault == NULL;
}

/* Why it will not is of use only to who wants to know. */
static void tell(struct conversation *c, const struct frame *frame) {
    char text[MOST_TEXT + 1];
    size_t length = receive_all(c, text, frame->length);
    text[length] = '\0';
    const char *debug = variable(c->caller, "VRIFT_DEBUG");
    if (debug != NULL && strcmp(debug, "1") == 0) {
        message("not by the resident process: %s", frame->length > 0              ? text
                                                   : frame->type == FRAME_DECLINE ? "it declines"
                                                                                  : "it is of another build");
    }
}

/* True: the conversation goes on. */
static bool take_frame(struct conversation *c, const struct frame *frame, enum verdict *verdict,
                       struct answer *answer) {
    unsigned char status[4];
    if (frame->type != FRAME_PLAN && c->received >= 0) {
        c->fault = "it sent a descriptor without a plan";
        return false;
    }
    /* Planning may warn of something. What a run prints is the program's. */
    if (frame->type > FRAME_EXIT && c->begun && (frame->type != FRAME_PLAN || c->results)) {
        c->fault = "it did not say how the command ended";
        return false;
    }
    switch (frame->type) {
    case FRAME_ALIVE:
        return true;
    case FRAME_OUT:
    case FRAME_ERR:
        print(c, frame);
        return c->fault == NULL;
    case FRAME_EXIT:
        if (receive_all(c, status, sizeof status) != sizeof status || get_u32(status) > 255) {
            c->fault = c->fault == NULL ? "it sent no exit status" : c->fault;
        } else {
            answer->status = status_of(c, get_u32(status));
            *verdict = VERDICT_EXIT;
        }
        return false;
    case FRAME_PLAN:
        if (!is_run(c->caller)) {
            c->fault = "it sent a plan for a command that is no run";
        } else if (take_plan(c, frame->length, answer)) {
            if (c->begun) {
                signal(SIGPIPE, c->broken_pipe); /* the program inherits it */
            }
            *verdict = VERDICT_PLAN;
        }
        return false;
    default:
        tell(c, frame);
        *verdict = frame->type == FRAME_OTHER ? VERDICT_OTHER : VERDICT_COLD;
        return false;
    }
}

static void listen_to_it(struct conversation *c, const struct patience *patience, enum verdict *verdict,
                         struct answer *answer) {
    struct frame frame;
    do {
        unsigned char header[FRAME_HEADER];
        size_t have = receive_all(c, header, sizeof header);
        if (have == 0 && c->fault == NULL && !c->begun) {
            return; /* it has ended, or was killed: that is nothing to be told */
        }
        if (have != sizeof header) {
            c->fault = c->fault == NULL ? "it ended before the command" : c->fault;
            return;
        }
        c->fault = c->fault == NULL ? answer_fault(header, &frame) : c->fault;
        if (c->fault != NULL || !take_frame(c, &frame, verdict, answer)) {
            return;
        }
        c->deadline = now_ms() + patience->next_ms;
    } while (true);
}

enum verdict converse(int connection, const struct bytes *request, const struct caller *caller,
                      const struct patience *patience, struct answer *answer) {
    struct conversation c = {.connection = connection,
                             .caller = caller,
                             .deadline = now_ms() + patience->first_ms,
                             .received = -1};
    enum verdict verdict = VERDICT_COLD;
    *answer = (struct answer){.lease = -1};
    if (send_all(&c, request)) {
        listen_to_it(&c, patience, &verdict, answer);
    }
    if (verdict != VERDICT_PLAN && c.received >= 0) {
        close(c.received);
        answer->lease = -1;
    }
    if (c.fault == NULL) {
        return verdict;
    }
    if (c.begun) {
        /* What was printed cannot be taken back, so this cannot begin again. */
        message("cannot finish the command: the resident process cannot be used: %s; run it again, or with "
                "--no-daemon",
                c.fault);
        answer->status = is_run(caller) ? EXIT_LAUNCH : 1;
        return VERDICT_EXIT;
    }
    step_aside("velo works without it; end it with velo daemon stop", "%s%s",
               c.bad_plan ? "it sent a bad plan: " : "", c.fault);
    return VERDICT_COLD;
}
