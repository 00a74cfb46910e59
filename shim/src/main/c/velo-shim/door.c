#include "door.h"

#include "numbers.h"
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

size_t door_name(const char *session, char out[DOOR_NAME]) {
    static const char word[] = "velo-session-";
    uint8_t digest[32];
    size_t at = sizeof word;
    sha256(session, strlen(session), digest);
    out[0] = 0;
    memcpy(out + 1, word, sizeof word - 1);
    for (unsigned i = 0; i < sizeof digest; i++) {
        out[at++] = "0123456789abcdef"[digest[i] >> 4];
        out[at++] = "0123456789abcdef"[digest[i] & 15];
    }
    return at;
}

/* Only root, who can be anybody anyway, is believed: the name is free again when a session has ended. */
static long connect_to(const struct kernel *kernel, const char *session, int fd) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct ucred who = {.uid = UINT32_MAX};
    socklen_t length = sizeof who;
    const size_t size = offsetof(struct sockaddr_un, sun_path) + door_name(session, name.sun_path);
    long result;
    do {
        result = KERNEL3(kernel, SYS_connect, fd, &name, size);
    } while (result == -EINTR);
    if (result == 0) {
        result = KERNEL5(kernel, SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &who, &length);
    }
    return result == 0 && who.uid != 0 ? -ECONNREFUSED : result;
}

union rights {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static long send_question(const struct kernel *kernel, int fd, const struct door_question *question,
                          const char *path) {
    struct iovec parts[] = {{(void *)(uintptr_t)question, sizeof *question},
                            {(void *)(uintptr_t)path, path == NULL ? 0 : strnlen(path, DOOR_PATH)}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    long sent;
    do {
        sent = KERNEL3(kernel, SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
    } while (sent == -EINTR);
    return sent < 0 ? sent : 0;
}

/* What is not of this form is nobody's: -ECONNREFUSED. */
static long take_answer(const struct kernel *kernel, int fd, struct door_answer *answer, int *given) {
    union rights rights;
    struct iovec part = {answer, sizeof *answer};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights};
    long got;
    do {
        got = KERNEL3(kernel, SYS_recvmsg, fd, &message, MSG_CMSG_CLOEXEC);
    } while (got == -EINTR);
    if (got != (long)sizeof *answer) {
        return got < 0 ? got : -ECONNREFUSED;
    }
    if (message.msg_controllen >= CMSG_LEN(sizeof *given) && rights.header.cmsg_type == SCM_RIGHTS) {
        memcpy(given, CMSG_DATA(&rights.header), sizeof *given);
    }
    /* There was no number left for the descriptor. */
    return answer->result == 0 && (message.msg_flags & MSG_CTRUNC) != 0 ? -EMFILE : answer->result;
}

static long ask_door(const struct kernel *kernel, const char *session, const struct door_question *question,
                     const char *path, struct door_answer *answer, int *given) {
    *given = -1;
    const long fd = KERNEL3(kernel, SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fd;
    }
    long result = connect_to(kernel, session, (int)fd);
    if (result == 0) {
        result = send_question(kernel, (int)fd, question, path);
    }
    if (result == 0) {
        result = take_answer(kernel, (int)fd, answer, given);
    }
    (void)KERNEL1(kernel, SYS_close, fd);
    return result;
}

long door_open(const struct kernel *kernel, const char *session, const char *path, size_t *covered) {
    const struct door_question question = {.kind = DOOR_OPEN};
    struct door_answer answer;
    int fd;
    long result = ask_door(kernel, session, &question, path, &answer, &fd);
    if (result == 0 && (fd < 0 || answer.covered > strlen(path))) {
        result = -ECONNREFUSED;
    }
    if (result < 0) {
        if (fd >= 0) {
            (void)KERNEL1(kernel, SYS_close, fd);
        }
        return result;
    }
    *covered = (size_t)answer.covered;
    return fd;
}

static long ask_about(const struct world *world, enum door_kind kind, node_id id, uint64_t number) {
    const struct door_question question = {.kind = kind, .node = id, .number = number};
    struct door_answer answer;
    int none;
    return ask_door(world->kernel, world->session, &question, NULL, &answer, &none);
}

static long copy_up(const struct world *world, node_id id, uint64_t most) {
    (void)most;
    return ask_about(world, DOOR_COPY_UP, id, 0);
}

static long give_group(const struct world *world, node_id id, uint32_t gid) {
    return ask_about(world, DOOR_GROUP, id, gid);
}

const struct door door_of_session = {copy_up, give_group};

long door_text(int fd, const char *rest, char *out, size_t room) {
    static const char place[] = DOOR_PLACE;
    char digits[12];
    size_t count = 0, at = sizeof place - 1, left = strlen(rest) + 1;
    do {
        digits[count++] = (char)('0' + fd % 10);
    } while ((fd /= 10) > 0);
    if (at + count + left > room) {
        return -ENAMETOOLONG;
    }
    memcpy(out, place, at);
    while (count > 0) {
        out[at++] = digits[--count];
    }
    memcpy(out + at, rest, left);
    return 0;
}

size_t door_place(const char *path) {
    static const char process[] = "/proc/self/fd/";
    const bool of_thread = strncmp(path, DOOR_PLACE, sizeof DOOR_PLACE - 1) == 0;
    return of_thread                                         ? sizeof DOOR_PLACE - 1
           : strncmp(path, process, sizeof process - 1) == 0 ? sizeof process - 1
                                                             : 0;
}

/* stat(2) asks for nothing but the way. */
static bool is_closed(const struct kernel *kernel, const char *path) {
    struct stat status;
    return KERNEL4(kernel, SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == -EACCES;
}

long door_way(const struct world *world, const struct kernel *kernel, const char *path,
              struct door_way *out) {
    size_t covered;
    out->fd = -1;
    if ((!path_is_at_or_below(path, world->session, world->session_length) &&
         !path_is_at_or_below(path, world->store, world->store_length)) ||
        !is_closed(kernel, path)) {
        return -EACCES;
    }
    long fd = door_open(kernel, world->session, path, &covered);
    if (fd < 0) {
        return fd == -EMFILE || fd == -ENFILE || fd == -ENOENT ? fd : -EACCES;
    }
    out->fd = (int)fd;
    const long result = door_text((int)fd, path + covered, out->text, sizeof out->text);
    if (result < 0) {
        door_close(kernel, out);
    }
    return result;
}

void door_close(const struct kernel *kernel, struct door_way *way) {
    if (way->fd >= 0) {
        (void)KERNEL1(kernel, SYS_close, way->fd);
    }
    way->fd = -1;
}

unsigned door_paths(long number) {
    switch (number) {
    case SYS_openat:
    case SYS_newfstatat:
    case SYS_statx:
    case SYS_mkdirat:
    case SYS_mknodat:
    case SYS_unlinkat:
    case SYS_fchownat:
    case SYS_fchmodat:
    case SYS_utimensat:
    case SYS_faccessat:
    case SYS_faccessat2:
    case SYS_readlinkat:
    case SYS_inotify_add_watch:
    case SYS_execveat:
        return 1u << 1;
    case SYS_symlinkat:
        return 1u << 2;
    case SYS_renameat2:
#ifdef SYS_renameat
    case SYS_renameat:
#endif
    case SYS_linkat:
        return 1u << 1 | 1u << 3;
    case SYS_fanotify_mark:
        return 1u << 4;
    case SYS_truncate:
    case SYS_statfs:
    case SYS_chdir:
    case SYS_execve:
    case SYS_getxattr:
    case SYS_lgetxattr:
    case SYS_setxattr:
    case SYS_lsetxattr:
    case SYS_listxattr:
    case SYS_llistxattr:
    case SYS_removexattr:
    case SYS_lremovexattr:
        return 1u << 0;
    default:
        return 0;
    }
}

/* A file has no name behind the door: the link of /proc itself must be followed to it. */
static void follow(long number, const struct door_way *way, long arguments[6]) {
    if (strchr(way->text + sizeof DOOR_PLACE - 1, '/') == NULL) {
        if (number == SYS_newfstatat) {
            arguments[3] &= ~(long)AT_SYMLINK_NOFOLLOW;
        } else if (number == SYS_statx) {
            arguments[2] &= ~(long)AT_SYMLINK_NOFOLLOW;
        }
    }
}

static long call_by(const struct world *world, const struct kernel *kernel, long number, long arguments[6],
                    unsigned paths) {
    struct door_way way;
    unsigned place = 0;
    long result = -EACCES;
    while ((paths & 1u << place) == 0) {
        place++;
    }
    paths &= paths - 1;
    const long before = arguments[place];
    const long found = before == 0 ? -EACCES : door_way(world, kernel, (const char *)before, &way);
    if (found == 0) {
        arguments[place] = (long)way.text;
        follow(number, &way, arguments);
    }
    if (found < 0 && found != -EACCES) {
        return found;
    }
    if (paths != 0) {
        result = call_by(world, kernel, number, arguments, paths);
    }
    if (result == -EACCES && found == 0) {
        result = KERNEL6(kernel, number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                         arguments[5]);
    }
    if (found == 0) {
        door_close(kernel, &way);
    }
    return result;
}

long door_call(const struct world *world, const struct kernel *kernel, long number, const long arguments[6]) {
    long copy[6];
    const unsigned paths = door_paths(number);
    if (paths == 0 || world->session_length == 0) {
        return -EACCES;
    }
    memcpy(copy, arguments, sizeof copy);
    return call_by(world, kernel, number, copy, paths);
}
