/* The client's codec beside golden frames, and its answers to a peer that sends what it must not. Built with
 * sanitizers. */
#include "client.h"
#include "launch.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures;
static int checks;
static int report = STDOUT_FILENO;

static void check(bool condition, const char *what) {
    checks++;
    if (!condition) {
        failures++;
        dprintf(report, "failed: %s\n", what);
    }
}

struct content {
    unsigned char *at;
    size_t length;
};

static struct content contents_of(const char *directory, const char *name) {
    char path[PATH_MAX];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(1);
    }
    struct content content = {malloc((size_t)status.st_size + 1), (size_t)status.st_size};
    if (content.at == NULL || read(file, content.at, content.length) != (ssize_t)content.length) {
        perror(path);
        exit(1);
    }
    close(file);
    return content;
}

static struct caller an_odd_caller(void) {
    static char run[] = "run";
    static char odd[] = "\xff\x01 odd\n";
    static char empty[] = "";
    static char *arguments[] = {run, odd, empty, NULL};
    static char home[] = "HOME=/home/user";
    static char data[] = "XDG_DATA_HOME=";
    static char raw[] = "R=\xc3\x28=\n";
    static char none[] = "=x";
    static char *environment[] = {home, data, raw, none, NULL};
    static uint32_t groups[] = {27, 1000};
    return (struct caller){.arguments = arguments,
                           .environment = environment,
                           .build = "0123456789abcdef0123456789abcdef",
                           .home = "/opt/velo",
                           .directory = "/home/\xfe",
                           .store = "/var/store",
                           .mask = 027,
                           .terminals = 5,
                           .rows = 50,
                           .columns = 132,
                           .descriptor_limit = 1024,
                           .namespaces = {4026531841U, 4026531837U},
                           .root = {65024, 2},
                           .capabilities = 0x1ffffffffffU,
                           .no_new_privileges = 1,
                           .filtered = 2,
                           .uid = 1000,
                           .gid = 100,
                           .groups = groups,
                           .group_count = 2};
}

static void equals(const struct bytes *own, struct content golden, const char *what) {
    check(!own->failed && own->length == golden.length && memcmp(own->at, golden.at, golden.length) == 0,
          what);
    free(golden.at);
}

static void check_golden_requests(const char *golden) {
    const struct caller caller = an_odd_caller();
    struct bytes identity = {0};
    struct bytes hello = {0};
    struct bytes request = {0};
    put_identity(&identity, &caller);
    put_hello(&hello, &caller, &identity);
    put_request(&request, &caller);
    equals(&hello, contents_of(golden, "client-hello.bin"), "the golden HELLO");
    equals(&request, contents_of(golden, "client-request.bin"), "the golden REQUEST");
    check(hash((const unsigned char *)"foobar", 6) == 0x85944171f73967e8U, "FNV-1a of foobar");
    forget(&identity);
    forget(&hello);
    forget(&request);
}

static void check_bounds(void) {
    struct caller caller = an_odd_caller();
    struct bytes request = {0};
    static char *arguments[9] = {NULL};
    char *large = malloc((1 << 20) + 1);
    memset(large, 'x', 1 << 20);
    large[1 << 20] = '\0';
    for (int i = 0; i < 7; i++) {
        arguments[i] = large;
    }
    caller.arguments = arguments;
    put_request(&request, &caller);
    check(!request.failed && request.length > 7 << 20, "7 MiB of arguments fit");
    forget(&request);
    arguments[7] = large;
    put_request(&request, &caller);
    check(request.failed, "8 MiB of arguments and more do not");
    forget(&request);
    free(large);
}

/* What converse() makes of these bytes, sent by a peer that then closes. A descriptor goes with the first. */
struct reply {
    const unsigned char *at;
    size_t length;
    int descriptor; /* -1: none */
    bool stays;     /* keeps the connection open until the client has given up */
};

static const struct patience little = {.first_ms = 50, .next_ms = 50};

static void reply_on(int connection, const struct reply *reply) {
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } control;
    memset(&control, 0, sizeof control);
    size_t sent = 0;
    if (reply->descriptor >= 0 && reply->length > 0) {
        char copy = (char)reply->at[0];
        struct iovec first = {.iov_base = &copy, .iov_len = 1};
        struct msghdr message = {.msg_iov = &first,
                                 .msg_iovlen = 1,
                                 .msg_control = control.room,
                                 .msg_controllen = sizeof control.room};
        control.head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.head), &reply->descriptor, sizeof(int));
        sent = sendmsg(connection, &message, 0) == 1 ? 1 : 0;
    }
    while (sent < reply->length) {
        ssize_t got = send(connection, reply->at + sent, reply->length - sent, MSG_NOSIGNAL);
        if (got <= 0) {
            break;
        }
        sent += (size_t)got;
    }
}

/* The replies are small, or this would wait for itself. */
static enum verdict answer_to(const struct reply *reply, const char *command, struct answer *answer) {
    static char word[32];
    static char *arguments[] = {word, NULL, NULL};
    static char *environment[] = {NULL};
    struct caller caller = {.arguments = arguments, .environment = environment, .build = ""};
    struct bytes request = {0};
    int pair[2];
    snprintf(word, sizeof word, "%s", command);
    arguments[1] = strchr(word, ' ');
    if (arguments[1] != NULL) {
        *arguments[1]++ = '\0';
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        perror("socketpair");
        exit(1);
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    put_request(&request, &caller);
    reply_on(pair[1], reply);
    if (!reply->stays) {
        shutdown(pair[1], SHUT_WR);
    }
    enum verdict verdict = converse(pair[0], &request, &caller, &little, answer);
    forget(&request);
    close(pair[0]);
    close(pair[1]);
    return verdict;
}

static struct bytes framed(enum frame_type type, const void *body, size_t length) {
    struct bytes frame = {0};
    size_t begin = begin_frame(&frame, type);
    put_bytes(&frame, body, length);
    end_frame(&frame, begin);
    return frame;
}

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
}

static void check_answer(const char *golden, const char *name, enum verdict expected, int status) {
    struct content content = contents_of(golden, name);
    struct answer answer;
    struct reply reply = {content.at, content.length, -1, false};
    enum verdict verdict = answer_to(&reply, "status", &answer);
    check(verdict == expected && (verdict != VERDICT_EXIT || answer.status == status), name);
    free(content.at);
}

static void check_golden_answers(const char *golden) {
    check_answer(golden, "client-output-and-exit.bin", VERDICT_EXIT, 3);
    check_answer(golden, "client-decline.bin", VERDICT_COLD, 0);
    check_answer(golden, "client-other.bin", VERDICT_OTHER, 0);
}

static void record(struct bytes *plan, uint32_t kind, const void *payload, uint32_t length) {
    put_u32(plan, kind);
    put_u32(plan, length);
    put_bytes(plan, payload, length);
}

/* The smallest plan that keeps descriptor 3, or another (docs/formats/launch-plan.md). */
static struct bytes a_plan(unsigned char kept) {
    enum {
        ARGUMENT = 1,
        WORKDIR = 3,
        HOSTNAME,
        IDENTITY,
        RUN_DIRECTORY,
        LAYER,
        NETWORK = 9,
        KEEP,
        BASE = 17
    };
    const unsigned char descriptor[4] = {kept};
    const unsigned char zeros[4] = {0};
    const unsigned char ids[16] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    struct bytes records = {0};
    struct bytes plan = {0};
    record(&records, ARGUMENT, "/bin/true", 10);
    record(&records, WORKDIR, "/", 2);
    record(&records, HOSTNAME, "h", 2);
    record(&records, IDENTITY, ids, 16);
    record(&records, RUN_DIRECTORY, "r", 2);
    record(&records, LAYER, "l", 2);
    record(&records, NETWORK, zeros, 4);
    record(&records, KEEP, descriptor, 4);
    record(&records, BASE, "/s", 3);
    put_bytes(&plan, "VELOPLAN", 8);
    put_u32(&plan, 1);
    put_u32(&plan, (uint32_t)records.length);
    put_bytes(&plan, records.at, records.length);
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < plan.length; i++) {
        crc ^= plan.at[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
        }
    }
    put_u32(&plan, ~crc);
    forget(&records);
    return plan;
}

static void check_plans(void) {
    struct answer answer;
    struct bytes plan = a_plan(3);
    struct bytes foreign = a_plan(4);
    int lock = open("/dev/null", O_RDONLY);
    struct bytes frame = framed(FRAME_PLAN, plan.at, plan.length);
    struct bytes other = framed(FRAME_PLAN, foreign.at, foreign.length);
    int before = descriptors();
    struct reply reply = {frame.at, frame.length, lock, false};
    check(answer_to(&reply, "run", &answer) == VERDICT_PLAN && answer.lease >= 0 &&
              strcmp(answer.plan->base, "/s") == 0,
          "a plan with its lock");
    check(close(answer.lease) == 0, "the lock is open");
    check(answer_to(&reply, "status", &answer) == VERDICT_COLD, "a plan is for a run only");
    reply.descriptor = -1;
    check(answer_to(&reply, "run", &answer) == VERDICT_COLD, "a plan without a lock is none");
    reply = (struct reply){other.at, other.length, lock, false};
    check(answer_to(&reply, "run", &answer) == VERDICT_COLD, "a plan that keeps another than the lock");
    reply = (struct reply){frame.at, frame.length - 10, lock, false};
    check(answer_to(&reply, "run", &answer) == VERDICT_COLD, "half a plan");
    frame.at[frame.length - 1] ^= 1;
    reply.length = frame.length;
    check(answer_to(&reply, "run", &answer) == VERDICT_COLD, "a plan that is damaged");
    struct bytes alive = framed(FRAME_ALIVE, NULL, 0);
    reply = (struct reply){alive.at, alive.length, lock, true};
    check(answer_to(&reply, "run", &answer) == VERDICT_COLD, "a descriptor without a plan");
    struct bytes session = framed(FRAME_PLAN, "VELOSESS and what follows", 25);
    reply = (struct reply){session.at, session.length, lock, false};
    check(answer_to(&reply, "run", &answer) == VERDICT_PLAN && answer.plan == NULL && answer.lease >= 0 &&
              answer.sent.length == 25,
          "a plan without a sandbox");
    forget(&answer.sent);
    check(close(answer.lease) == 0, "its lock is open");
    check(answer_to(&reply, "run --isolate", &answer) == VERDICT_COLD, "none for who wants a sandbox");
    check(answer_to(&reply, "status", &answer) == VERDICT_COLD, "nor for what is no run");
    check(descriptors() == before, "no descriptor is left");
    forget(&session);
    forget(&alive);
    forget(&frame);
    forget(&other);
    forget(&plan);
    forget(&foreign);
    close(lock);
}

static void check_faults(void) {
    struct answer answer;
    struct frame frame;
    static const unsigned char number[4] = {7};
    static const unsigned char large[4] = {0, 1};
    struct bytes good = framed(FRAME_EXIT, number, 4);
    check(answer_fault(good.at, &frame) == NULL && frame.type == FRAME_EXIT && frame.length == 4, "a header");
    good.at[0] ^= 1;
    check(answer_fault(good.at, &frame) != NULL, "another magic");
    good.at[0] ^= 1;
    good.at[4]++;
    check(answer_fault(good.at, &frame) == NULL && frame.type == FRAME_OTHER, "another version");
    good.at[4]--;
    good.at[12]++;
    check(answer_fault(good.at, &frame) != NULL, "an exit status of five bytes");
    forget(&good);

    struct reply nothing = {NULL, 0, -1, false};
    check(answer_to(&nothing, "run", &answer) == VERDICT_COLD, "an end before any answer");
    struct timespec begin;
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    nothing.stays = true;
    check(answer_to(&nothing, "run", &answer) == VERDICT_COLD, "silence");
    clock_gettime(CLOCK_MONOTONIC, &end);
    check((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 < 1000,
          "silence is not waited for longer than patience lasts");

    struct bytes status = framed(FRAME_EXIT, large, 4);
    struct reply reply = {status.at, status.length, -1, false};
    check(answer_to(&reply, "run", &answer) == VERDICT_COLD, "an exit status above 255");
    forget(&status);
    /* After output nothing may begin again. */
    struct bytes out = framed(FRAME_ERR, "\n", 1);
    reply = (struct reply){out.at, out.length, -1, false};
    check(answer_to(&reply, "status", &answer) == VERDICT_EXIT && answer.status == 1, "an end after output");
    check(answer_to(&reply, "run", &answer) == VERDICT_EXIT && answer.status == 125, "that of a run");
    forget(&out);
}

/* Numbers that are made up, most of them behind a header that is good as far as it goes. */
static void check_anything(unsigned rounds) {
    struct answer answer;
    unsigned char bytes[256];
    unsigned verdicts[4] = {0};
    srandom(20);
    const int before = descriptors();
    for (unsigned round = 0; round < rounds; round++) {
        size_t length = (size_t)random() % sizeof bytes;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (unsigned char)random();
        }
        for (size_t at = 0; at + FRAME_HEADER <= length && random() % 8 != 0;) {
            struct bytes header = framed((enum frame_type)(FRAME_ALIVE + random() % 8), NULL, 0);
            memcpy(bytes + at, header.at, FRAME_HEADER);
            bytes[at + 12] = (unsigned char)(random() % 6);
            at += FRAME_HEADER + bytes[at + 12];
            forget(&header);
        }
        struct reply reply = {bytes, length, random() % 4 == 0 ? STDIN_FILENO : -1, false};
        verdicts[answer_to(&reply, random() % 2 == 0 ? "run" : "status", &answer)]++;
    }
    check(verdicts[VERDICT_COLD] > 0 && verdicts[VERDICT_OTHER] > 0 && verdicts[VERDICT_EXIT] > 0 &&
              verdicts[VERDICT_PLAN] == 0,
          "of what is made up some is an answer, none a plan");
    check(descriptors() == before, "nothing that was made up leaves a descriptor");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: client_test GOLDEN\n");
        return 2;
    }
    check_golden_requests(argv[1]);
    check_bounds();
    /* What the client says about all this is not for who reads the result. */
    int errors = dup(STDERR_FILENO);
    int null = open("/dev/null", O_RDWR);
    report = dup(STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    dup2(null, STDOUT_FILENO);
    check_golden_answers(argv[1]);
    check_plans();
    check_faults();
    check_anything(20000);
    dup2(errors, STDERR_FILENO);
    if (failures == 0) {
        dprintf(report, "client_test: %d checks passed\n", checks);
    }
    return failures != 0;
}
