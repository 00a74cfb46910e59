#include "enforcement.h"
#include "kernel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/*
 * Payload and caller are tied by pipes of this process. Nothing here may wait for the caller: a signal or the
 * time limit must get through to the sandbox although nobody reads. The caller's descriptors cannot be made
 * non-blocking, because others have them, too; so to one that is no regular file only as much is written at
 * once as pipe(7) takes without waiting when poll(2) says that it is ready. A terminal takes less than that,
 * so it is opened again.
 */
enum { BUFFER = 65536, AT_ONCE = 4096 };

struct stream {
    int from;    /* -1: at its end */
    int caller;  /* where it goes */
    int to;      /* the same, or a description of this process's own */
    int started; /* the writing end, until the payload has it */
    int number;  /* of the standard descriptor */
    bool regular;
    bool socket;
    size_t begin, end; /* what is in the buffer */
    char buffer[BUFFER];
};

struct output {
    uint64_t most;
    uint64_t passed;
    bool exceeded;
    int error; /* of the place that it goes to; 0: none */
    bool lost; /* its reader has closed, and bytes were on their way */
    size_t count;
    struct stream streams[OUTPUT_POLLS];
};

static bool same(int a, int b) {
    struct stat one;
    struct stat other;
    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static int own_descriptor(int descriptor, const struct stat *status) {
    int own = isatty(descriptor) || S_ISFIFO(status->st_mode) ? open_again(descriptor, O_WRONLY) : -1;
    return own >= 0 ? own : descriptor;
}

/* A program may open /dev/stdout again, which asks for permission on the pipe itself. */
static void open_stream(struct stream *stream, int number, const struct plan *plan) {
    int ends[2];
    struct stat status;
    if (pipe2(ends, O_CLOEXEC) != 0 || (stream->caller = fcntl(number, F_DUPFD_CLOEXEC, 3)) < 0 ||
        (geteuid() == 0 && fchown(ends[1], plan->outside_uid, plan->outside_gid) != 0)) {
        fail_errno("free some descriptors", "cannot make a pipe for the output");
    }
    if (fstat(number, &status) != 0) {
        fail_errno("open the standard streams", "cannot look at standard descriptor %d", number);
    }
    stream->to = own_descriptor(stream->caller, &status);
    stream->from = ends[0];
    /* The payload may open this end, too, and take what poll has just announced. */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    stream->started = ends[1];
    stream->number = number;
    stream->regular = S_ISREG(status.st_mode);
    stream->socket = S_ISSOCK(status.st_mode);
}

struct output *output_prepare(const struct plan *plan) {
    if (plan->output_limit == 0) {
        return NULL;
    }
    struct output *output = calloc(1, sizeof *output);
    if (output == NULL) {
        fail_errno("free some memory", "cannot count the output");
    }
    output->most = plan->output_limit;
    if (plan->terminal) {
        return output; /* all goes through the supervisor as it is */
    }
    /* One pipe where both go to one place, or their lines would change their order. */
    output->count = same(STDOUT_FILENO, STDERR_FILENO) ? 1 : 2;
    for (size_t i = 0; i < output->count; i++) {
        open_stream(&output->streams[i], STDOUT_FILENO + (int)i, plan);
    }
    message_descriptor = output->streams[output->count - 1].caller;
    for (int number = STDOUT_FILENO; number <= STDERR_FILENO; number++) {
        const struct stream *stream = &output->streams[output->count == 1 ? 0 : number - STDOUT_FILENO];
        if (dup2(stream->started, number) < 0) {
            fail_errno("free some descriptors", "cannot make a pipe for the output");
        }
    }
    return output;
}

void output_started(struct output *output) {
    for (size_t i = 0; output != NULL && i < output->count; i++) {
        struct stream *stream = &output->streams[i];
        close(stream->started);
        dup2(stream->caller, stream->number);
    }
    if (output != NULL && output->count == 1) {
        dup2(output->streams[0].caller, STDERR_FILENO);
    }
    message_descriptor = STDERR_FILENO;
}

ssize_t output_write(struct output *output, int to, const char *bytes, size_t count) {
    if (output == NULL) {
        return write(to, bytes, count);
    }
    if (output->passed == output->most) {
        output->exceeded = true;
        errno = EPIPE;
        return -1;
    }
    ssize_t put = write(
        to, bytes, count < output->most - output->passed ? count : (size_t)(output->most - output->passed));
    output->passed += put > 0 ? (uint64_t)put : 0;
    return put;
}

void output_poll(const struct output *output, struct pollfd *wait) {
    for (size_t i = 0; i < OUTPUT_POLLS; i++) {
        wait[i] = (struct pollfd){.fd = -1};
        if (output != NULL && i < output->count && output->streams[i].from >= 0) {
            const struct stream *stream = &output->streams[i];
            bool full = stream->begin < stream->end;
            wait[i] =
                (struct pollfd){.fd = full ? stream->to : stream->from, .events = full ? POLLOUT : POLLIN};
        }
    }
}

/* The payload's next write gets EPIPE, as if it wrote to the caller itself. */
static void end(struct stream *stream) {
    close(stream->from);
    stream->from = -1;
    stream->begin = stream->end = 0;
}

static void fill(struct stream *stream) {
    ssize_t got = read(stream->from, stream->buffer, sizeof stream->buffer);
    if (got > 0) {
        stream->begin = 0;
        stream->end = (size_t)got;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        end(stream);
    }
}

static void empty(struct output *output, struct stream *stream) {
    size_t length = stream->end - stream->begin;
    size_t most = stream->regular || length < AT_ONCE ? length : AT_ONCE;
    if (most > output->most - output->passed) {
        most = (size_t)(output->most - output->passed);
    }
    const char *from = stream->buffer + stream->begin;
    ssize_t put = stream->socket ? send(stream->to, from, most, MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : write(stream->to, from, most);
    if (put > 0) {
        stream->begin += (size_t)put;
        output->passed += (uint64_t)put;
    } else if (put < 0 && errno != EINTR && errno != EAGAIN) {
        /* A reader that has closed is the payload's to notice; a full disk it cannot notice any more. */
        output->error = errno == EPIPE ? output->error : errno;
        output->lost = true;
        end(stream);
    }
}

bool output_move(struct output *output, const struct pollfd *wait) {
    for (size_t i = 0; output != NULL && i < output->count; i++) {
        struct stream *stream = &output->streams[i];
        if (stream->from < 0 || wait[i].revents == 0) {
            continue;
        }
        if (stream->begin == stream->end) {
            fill(stream);
        } else if (output->passed < output->most) {
            empty(output, stream);
        }
        if (stream->begin < stream->end && output->passed == output->most) {
            output->exceeded = true;
        }
    }
    return output == NULL || !output->exceeded;
}

bool output_lost(const struct output *output) {
    return output != NULL && output->lost;
}

bool output_exceeded(const struct output *output) {
    return output != NULL && output->exceeded;
}

bool output_open(const struct output *output) {
    for (size_t i = 0; output != NULL && i < output->count; i++) {
        if (output->streams[i].from >= 0) {
            return true;
        }
    }
    return false;
}

int output_error(const struct output *output) {
    return output == NULL ? 0 : output->error;
}

uint64_t output_bytes(const struct output *output) {
    return output->passed;
}
