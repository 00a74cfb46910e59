/* What can be reached: sockets by name or address, and a pair of names that change places. */
#include "modes.h"

#include "act.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t local(struct sockaddr_un *address, const char *name, int abstract) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path + abstract, sizeof address->sun_path - 1, "%s", name);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
}

/* For datagrams that only asks for a route: nothing is sent. */
static int connects(const char *target) {
    struct sockaddr_un named;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(53)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    const char *rest = strchr(target, ':') + 1;
    if (strncmp(target, "abstract:", 9) == 0 || strncmp(target, "path:", 5) == 0) {
        socklen_t length = local(&named, rest, target[0] == 'a');
        return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&named, length);
    }
    int type = strncmp(target, "tcp", 3) == 0 ? SOCK_STREAM : SOCK_DGRAM;
    if (inet_pton(AF_INET, rest, &four.sin_addr) == 1) {
        return connect(socket(AF_INET, type, 0), (struct sockaddr *)&four, sizeof four);
    }
    if (inet_pton(AF_INET6, rest, &six.sin6_addr) == 1) {
        return connect(socket(AF_INET6, type, 0), (struct sockaddr *)&six, sizeof six);
    }
    errno = EINVAL;
    return -1;
}

int reach(char **targets) {
    for (; *targets != NULL; targets++) {
        int result = connects(*targets);
        printf("%s %s\n", *targets, result == 0 ? "works" : strerrorname_np(errno));
    }
    return 0;
}

static int input_has_ended(int milliseconds) {
    char byte;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    return poll(&input, 1, milliseconds) == 1 && read(0, &byte, 1) <= 0;
}

int listen_abstract(const char *name) {
    struct sockaddr_un named;
    socklen_t length = local(&named, name, 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&named, length) != 0 || listen(fd, 8) != 0) {
        perror(name);
        return 1;
    }
    puts("listens");
    fflush(stdout);
    while (!input_has_ended(-1)) {
    }
    return 0;
}

int flip(const char *one, const char *other) {
    long times = 0;
    while (!input_has_ended(0)) {
        if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) != 0) {
            perror(one);
            return 1;
        }
        times++;
        usleep(200);
    }
    printf("%ld\n", times);
    return 0;
}

int with_directory(const char *path, char **command) {
    int directory = open(path, O_PATH | O_DIRECTORY);
    if (directory < 0 || dup2(directory, 0) < 0) {
        perror(path);
        return 1;
    }
    execvp(command[0], command);
    perror(command[0]);
    return 1;
}
