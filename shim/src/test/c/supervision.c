#include "supervision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call(long number, long a, long b, long c, long d, long e, long f) {
    long result = syscall(number, a, b, c, d, e, f);
    return result == -1 ? -errno : result;
}

static const struct kernel kernel = {call};

void need(bool good, const char *what) {
    if (!good) {
        perror(what);
        exit(125);
    }
}

static int open_in(const char *directory, const char *name, int flags) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, flags | O_CLOEXEC);
    need(fd >= 0, path);
    return fd;
}

static void map_lower(const char *path, struct manifest *lower) {
    struct stat state;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    need(fd >= 0 && fstat(fd, &state) == 0, path);
    uint8_t *bytes = mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_SHARED, fd, 0);
    need(bytes != MAP_FAILED && manifest_open(lower, bytes, (size_t)state.st_size), path);
    close(fd);
}

void read_world(const char *session, struct world *world) {
    char bytes[WORLD_FILE_MOST];
    const char *manifest;
    int fd = open_in(session, "world", O_RDONLY);
    ssize_t length = read(fd, bytes, sizeof bytes);
    need(length > 0, "world");
    close(fd);
    need(world_file_read(bytes, (size_t)length, world, &manifest) == WORLD_FILE_WHOLE, "world");
    struct manifest lower;
    map_lower(manifest, &lower);
    world->kernel = &kernel;
    snprintf(world->session, sizeof world->session, "%s", session);
    fd = open_in(session, "session", O_RDWR);
    need(tree_map(&world->tree, &kernel, fd, &lower) == 0, "session");
    close(fd);
    world_begin(world);
}

void send_descriptor(int to, int fd) {
    char room[CMSG_SPACE(sizeof fd)] = {0}, byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    need(sendmsg(to, &message, 0) == 1, "sendmsg");
}

int receive_descriptor(int from) {
    char room[CMSG_SPACE(sizeof(int))], byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    int fd = -1;
    need(recvmsg(from, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message), "recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}
