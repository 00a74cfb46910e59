#include "client.h"
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void step_aside(const char *remedy, const char *format, ...) {
    char reason[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    message("warning: cannot use the resident process: %s; %s", reason, remedy);
}

static bool is_ours(const struct stat *status) {
    return S_ISDIR(status->st_mode) && status->st_uid == geteuid() && (status->st_mode & 077) == 0;
}

/* A descriptor of a directory that is ours alone. Whoever has put something in its place gets nothing from
 * us: it is looked at after it was opened, and all that follows goes through the descriptor. */
static int open_private(int parent, const char *name, const char *shown) {
    static const char remedy[] = "remove it, or set XDG_RUNTIME_DIR to a directory of yours with mode 0700";
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int directory = openat(parent, name, flags);
    if (directory < 0 && errno == ENOENT && (mkdirat(parent, name, 0700) == 0 || errno == EEXIST)) {
        directory = openat(parent, name, flags);
    }
    if (directory < 0) {
        step_aside(remedy, "cannot open %s: %s", shown, strerror(errno));
        return -1;
    }
    struct stat status;
    if (fstat(directory, &status) != 0 || !is_ours(&status)) {
        step_aside(remedy, "%s is not a directory of uid %u that nobody else may enter", shown,
                   (unsigned)geteuid());
        close(directory);
        return -1;
    }
    return directory;
}

static int runtime_directory(const struct caller *caller, char path[PATH_MAX]) {
    const char *named = variable(caller, "XDG_RUNTIME_DIR");
    struct stat status;
    int length = named == NULL || named[0] != '/' ? -1 : snprintf(path, PATH_MAX, "%s/velo", named);
    if (length > 0 && length < PATH_MAX) {
        int parent = open(named, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (parent >= 0 && fstat(parent, &status) == 0 && is_ours(&status)) {
            int directory = open_private(parent, "velo", path);
            close(parent);
            return directory;
        }
        if (parent >= 0) {
            close(parent);
        }
    }
    snprintf(path, PATH_MAX, "/tmp/velo-%u", (unsigned)geteuid());
    return open_private(AT_FDCWD, path, path);
}

bool find_place(struct place *place, const struct caller *caller, uint64_t number) {
    snprintf(place->name, sizeof place->name, "%016llx", (unsigned long long)number);
    place->directory = runtime_directory(caller, place->path);
    return place->directory >= 0;
}

void suffixed(char text[NAME_ROOM], const struct place *place, const char *suffix) {
    snprintf(text, NAME_ROOM, "%.16s.%s", place->name, suffix);
}

static bool is_own(int connection) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == geteuid();
}

int call_resident(const struct place *place) {
    enum { FULL_MS = 1000, AGAIN_MS = 5 };
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[NAME_ROOM];
    suffixed(name, place, "sock");
    /* A path of any length fits so. */
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", place->directory, name);
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection < 0) {
        step_aside("see ulimit -n", "cannot make a socket: %s", strerror(errno));
        return UNUSABLE;
    }
    int waited = 0;
    while (connect(connection, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (errno == EAGAIN && waited < FULL_MS) {
            waited += AGAIN_MS; /* more connections than it has taken yet */
            poll(NULL, 0, AGAIN_MS);
        } else if (errno != EINTR) {
            bool nobody = errno == ENOENT || errno == ECONNREFUSED;
            if (!nobody) {
                step_aside("velo works without it", "cannot connect to %s/%s: %s", place->path, name,
                           strerror(errno));
            }
            close(connection);
            return nobody ? NOBODY : UNUSABLE;
        }
    }
    if (!is_own(connection)) {
        step_aside("remove it", "%s/%s is somebody else's", place->path, name);
        close(connection);
        return UNUSABLE;
    }
    return connection;
}
