#include "../velo-shim/copy_up.h"
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STACK = 1 << 18, HEX = 64 };

/* What follows a directory in a path, or NULL. */
static const char *behind(const char *path, const char *directory) {
    const size_t length = strlen(directory);
    return path_is_at_or_below(path, directory, length) ? path + length : NULL;
}

static int open_of_session(const struct run *run, const char *path, const char *name, uint64_t *covered) {
    static const char *const DIRECTORIES[] = {"files", "dirs", "exec"};
    *covered = strlen(path);
    if (*name == '\0') {
        return openat(run->directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    name++;
    for (size_t i = 0; i < sizeof DIRECTORIES / sizeof *DIRECTORIES; i++) {
        const char *rest = behind(name, DIRECTORIES[i]);
        if (rest != NULL) {
            *covered = (uint64_t)(rest - path);
            return openat(run->directory, DIRECTORIES[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
    }
    if (strcmp(name, "world") == 0) {
        return openat(run->directory, name, O_RDONLY | O_CLOEXEC);
    }
    if (strcmp(name, "session") == 0) {
        return openat(run->directory, name, O_RDWR | O_CLOEXEC);
    }
    if (strcmp(name, "supervisor") == 0 || strcmp(name, "supervised") == 0) {
        return openat(run->directory, name, O_PATH | O_CLOEXEC);
    }
    errno = EACCES;
    return -1;
}

static bool is_hexadecimal(const char *text, size_t length) {
    return strspn(text, "0123456789abcdef") >= length;
}

/* A blob or its twin: what the tree's own permissions say of it is in the shared memory, which whoever asks
 * has. */
static int open_of_store(const char *path, const char *name) {
    static const char *const CLASSES[] = {"/cas/sha256/", "/exec/sha256/"};
    for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++) {
        const size_t length = strlen(CLASSES[i]);
        const char *digest = name + length;
        if (strncmp(name, CLASSES[i], length) == 0 && strlen(digest) == HEX + 1 &&
            is_hexadecimal(digest, 2) && digest[2] == '/' && is_hexadecimal(digest + 3, HEX - 2)) {
            return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        }
    }
    errno = EACCES;
    return -1;
}

static bool has_world(struct door_thread *door) {
    if (!door->mapped && session_world(door->run, &door->world)) {
        door->world.lends_nothing = true;
        door->mapped = true;
    }
    return door->mapped;
}

static int open_behind(struct door_thread *door, const char *path, uint64_t *covered) {
    const char *name = behind(path, door->run->plan->directory);
    *covered = strlen(path);
    if (strcmp(path, door->run->plan->manifest) == 0) {
        return open(path, O_RDONLY | O_CLOEXEC);
    }
    if (name != NULL) {
        return open_of_session(door->run, path, name, covered);
    }
    name = has_world(door) ? behind(path, door->world.store) : NULL;
    if (name != NULL) {
        return open_of_store(path, name);
    }
    errno = EACCES;
    return -1;
}

/* ---- Questions. ---- */

union rights {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* It fits into the empty socket, and who has gone hears nothing. */
static void answer(int peer, long result, uint64_t covered, int given) {
    struct door_answer said = {.result = result, .covered = covered};
    union rights rights = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {&said, sizeof said};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (given >= 0) {
        message.msg_control = &rights;
        message.msg_controllen = sizeof rights;
        rights.header.cmsg_len = CMSG_LEN(sizeof given);
        memcpy(CMSG_DATA(&rights.header), &given, sizeof given);
    }
    if (sendmsg(peer, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        errno = 0;
    }
    close(peer);
}

/* A file that the peer has just made, and nobody else has. */
static long give_group(const struct door_thread *door, int peer, const struct door_question *question) {
    char name[32];
    struct stat status;
    struct ucred who;
    socklen_t length = sizeof who;
    snprintf(name, sizeof name, "files/%08x", question->node);
    const int file = openat(door->run->directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    long result = -EPERM;
    if (file >= 0 && fstat(file, &status) == 0 && status.st_nlink == 1 && status.st_size == 0 &&
        getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 && who.uid == status.st_uid) {
        result = fchownat(file, "", (uid_t)-1, (gid_t)question->number, AT_EMPTY_PATH) == 0 ? 0 : -errno;
    }
    if (file >= 0) {
        close(file);
    }
    return result;
}

struct copying {
    struct door_thread *door;
    int peer;
    node_id node;
};

/* All of it, whatever the peer needs: what it may take away from the file the kernel says to itself. */
static void *copy(void *with) {
    struct copying *what = with;
    answer(what->peer, copy_up(&what->door->world, what->node, UINT64_MAX), 0, -1);
    free(what);
    return NULL;
}

/* Content may be large: others do not wait for it. */
static void copy_aside(struct door_thread *door, int peer, const struct door_question *question) {
    struct copying *what = has_world(door) ? malloc(sizeof *what) : NULL;
    pthread_attr_t attributes;
    pthread_t thread;
    if (what == NULL) {
        answer(peer, -ENOMEM, 0, -1);
        return;
    }
    *what = (struct copying){door, peer, question->node};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, copy, what) != 0) {
        copy(what);
    }
    pthread_attr_destroy(&attributes);
}

bool door_serve(struct door_thread *door, int peer) {
    struct {
        struct door_question question;
        char path[DOOR_PATH + 1];
    } asked;
    uint64_t covered = 0;
    const ssize_t got = recv(peer, &asked, sizeof asked - 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got < (ssize_t)sizeof asked.question) {
        close(peer);
        return true;
    }
    ((char *)&asked)[got] = '\0';
    if (asked.question.kind == DOOR_OPEN) {
        const char *path = (const char *)&asked + offsetof(__typeof__(asked), path);
        const int file = open_behind(door, path, &covered);
        answer(peer, file < 0 ? -errno : 0, covered, file);
        if (file >= 0) {
            close(file);
        }
    } else if (asked.question.kind == DOOR_COPY_UP) {
        copy_aside(door, peer, &asked.question);
    } else {
        answer(peer, asked.question.kind == DOOR_GROUP ? give_group(door, peer, &asked.question) : -EINVAL, 0,
               -1);
    }
    return true;
}
