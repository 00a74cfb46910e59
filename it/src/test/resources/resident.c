/*
 * A resident process that plays a part: resident DIRECTORY SOCKET PART ARGUMENT...
 *
 * frames FILE            answers each request with the bytes of FILE, and closes
 * alive N FILE           the same after N frames of ALIVE, half a second apart
 * later MS PART ...      plays that part so much later
 * drip FILE              the same a byte at a time, a fifth of a second apart
 * silent                 takes requests and answers none
 * deaf                   takes no connection
 * replaced FIRST FILE    the same with FIRST, once; then gives its place away, answers with FILE and ends
 * plan FILE LOCK [FIRST] locks LOCK and sends the launch plan in FILE, which is made to name that descriptor,
 *                        after the bytes of FIRST
 *
 * What it was sent last is in DIRECTORY/request. RESIDENT_UID: the user that it is. RESIDENT_SECONDS: after
 * which it ends (60). RESIDENT_ALONE: it answers by itself, one after the other, which is quicker. Knows the
 * protocol by itself (docs/formats/client-protocol.md), so that a client that is wrong about it is found out.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    HEADER = 16,
    ALIVE = 16,
    PLAN = 20,
    KEEP_DESCRIPTOR = 10,
    LOCK_DESCRIPTOR = 3,
    LEASE_DESCRIPTOR = 3,
    MOST = 32 << 20
};

static void __attribute__((noreturn)) give_up(const char *what) {
    fprintf(stderr, "resident: cannot %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint32_t get32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put32(unsigned char *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> 8 * i);
    }
}

static void read_all(int from, unsigned char *to, size_t length) {
    while (length > 0) {
        ssize_t got = read(from, to, length);
        if (got <= 0) {
            give_up("read a request");
        }
        to += got;
        length -= (size_t)got;
    }
}

static void write_all(int to, const unsigned char *at, size_t length) {
    while (length > 0) {
        ssize_t written = write(to, at, length);
        if (written <= 0) {
            give_up("answer");
        }
        at += written;
        length -= (size_t)written;
    }
}

static unsigned char *file(const char *name, size_t *length) {
    struct stat status;
    int from = open(name, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &status) != 0) {
        give_up("open a file");
    }
    unsigned char *content = malloc((size_t)status.st_size + HEADER);
    *length = (size_t)status.st_size;
    read_all(from, content, *length);
    close(from);
    return content;
}

static void header(unsigned char *at, uint32_t type, uint32_t length) {
    memcpy(at, "VELO", 4);
    put32(at + 4, 1);
    put32(at + 8, type);
    put32(at + 12, length);
}

static void take_request(int connection) {
    char name[32];
    snprintf(name, sizeof name, "request.%d", (int)getpid());
    int to = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unsigned char *body = malloc(MOST);
    for (int frame = 0; frame < 2; frame++) {
        unsigned char head[HEADER];
        read_all(connection, head, HEADER);
        uint32_t length = get32(head + 12);
        if (memcmp(head, "VELO", 4) != 0 || get32(head + 4) != 1 || get32(head + 8) != (uint32_t)frame + 1 ||
            length > MOST) {
            give_up("understand a request");
        }
        read_all(connection, body, length);
        write_all(to, head, HEADER);
        write_all(to, body, length);
    }
    free(body);
    close(to);
    if (rename(name, "request") != 0) {
        give_up("keep a request");
    }
}

/* The one that a cold run made names the descriptor that the lock had there. */
static void name_descriptor(unsigned char *plan, size_t length) {
    for (size_t at = 16; at + 8 <= length - 4; at += 8 + get32(plan + at + 4)) {
        if (get32(plan + at) == KEEP_DESCRIPTOR) {
            put32(plan + at + 8, LEASE_DESCRIPTOR);
        }
    }
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < length - 4; i++) {
        crc ^= plan[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
        }
    }
    put32(plan + length - 4, ~crc);
}

static void send_plan(int connection, const char *name, const char *lock_name) {
    size_t length;
    unsigned char *plan = file(name, &length);
    unsigned char head[HEADER];
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } control;
    memset(&control, 0, sizeof control);
    int lock = open(lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_SH) != 0) {
        give_up("lock");
    }
    name_descriptor(plan, length);
    header(head, PLAN, (uint32_t)length);
    struct iovec parts[2] = {{.iov_base = head, .iov_len = HEADER}, {.iov_base = plan, .iov_len = length}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    control.head.cmsg_len = CMSG_LEN(sizeof lock);
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.head), &lock, sizeof lock);
    if (sendmsg(connection, &message, 0) != (ssize_t)(HEADER + length)) {
        give_up("send the plan");
    }
    free(plan);
    close(lock);
}

static char frames[] = "frames";

static void answer(int connection, char **part) {
    size_t length;
    if (strcmp(part[0], "plan") == 0) {
        if (part[3] != NULL) {
            answer(connection, (char *[]){frames, part[3], NULL});
        }
        send_plan(connection, part[1], part[2]);
    } else if (strcmp(part[0], "later") == 0) {
        usleep((useconds_t)atoi(part[1]) * 1000);
        answer(connection, part + 2);
    } else if (strcmp(part[0], "replaced") == 0) {
        answer(connection, (char *[]){frames, part[1], NULL});
    } else if (strcmp(part[0], "frames") == 0 || strcmp(part[0], "alive") == 0) {
        unsigned char alive[HEADER];
        int count = part[2] == NULL ? 0 : atoi(part[1]);
        unsigned char *bytes = file(part[2] == NULL ? part[1] : part[2], &length);
        header(alive, ALIVE, 0);
        for (int i = 0; i < count; i++) {
            write_all(connection, alive, HEADER);
            usleep(500000);
        }
        write_all(connection, bytes, length);
        free(bytes);
    } else if (strcmp(part[0], "drip") == 0) {
        unsigned char *bytes = file(part[1], &length);
        for (size_t i = 0; i < length; i++) {
            write_all(connection, bytes + i, 1);
            usleep(200000);
        }
        free(bytes);
    } else {
        pause();
    }
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *user = getenv("RESIDENT_UID");
    const char *alone = getenv("RESIDENT_ALONE");
    const char *seconds = getenv("RESIDENT_SECONDS");
    if (argc < 4 || chdir(argv[1]) != 0) {
        give_up("enter the directory");
    }
    signal(SIGCHLD, SIG_IGN);
    umask(0177);
    alarm(seconds == NULL ? 60 : (unsigned)atoi(seconds));
    snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[2]);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || bind(server, (const struct sockaddr *)&address, sizeof address) != 0) {
        give_up("bind");
    }
    /* A connection shows who it was that listened. */
    if (user != NULL && setuid((uid_t)atoi(user)) != 0) {
        give_up("become another user");
    }
    if (listen(server, strcmp(argv[3], "deaf") == 0 ? 0 : 100) != 0) {
        give_up("listen");
    }
    int served = 0;
    for (;;) {
        int connection = strcmp(argv[3], "deaf") == 0 ? pause() : accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) {
            continue;
        }
        if (strcmp(argv[3], "replaced") == 0 && ++served > 1) {
            unlink(argv[2]);
            close(LOCK_DESCRIPTOR);
            take_request(connection);
            answer(connection, (char *[]){frames, argv[5], NULL});
            return 0;
        }
        pid_t child = alone == NULL ? fork() : 0;
        if (child == 0) {
            if (alone == NULL) {
                alarm(60);
                /* Neither socket nor lock is left to this one when the first process ends. */
                close(server);
                close(LOCK_DESCRIPTOR);
            }
            take_request(connection);
            answer(connection, argv + 3);
            if (alone == NULL) {
                _exit(0);
            }
        }
        close(connection);
    }
}
