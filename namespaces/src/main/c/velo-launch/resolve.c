#include "resolve.h"
#include "kernel.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static bool missing;

bool openat2_is_missing(void) {
    return missing;
}

static int fail_with(int fd, int errnum) {
    close(fd);
    errno = errnum;
    return -1;
}

/* One name; a link is opened as itself, and refused. Takes over the directory. */
static int step(int directory, const char *name) {
    struct stat status;
    if (strcmp(name, "..") == 0) {
        return fail_with(directory, EXDEV);
    }
    int next = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int errnum = errno;
    close(directory);
    if (next < 0 || fstatat(next, "", &status, AT_EMPTY_PATH) != 0) {
        errno = next < 0 ? errnum : errno;
        return next < 0 ? -1 : fail_with(next, errno);
    }
    return S_ISLNK(status.st_mode) ? fail_with(next, ELOOP) : next;
}

/*
 * What openat2 does, name by name. The kernel does it as one act; here somebody may rename what was passed,
 * which leads nowhere that the descriptors at hand do not lead: no name means more than an entry of the
 * directory before it.
 */
static int walk(int at, const char *path) {
    while (at >= 0 && *path != '\0') {
        char name[NAME_MAX + 1];
        size_t length = strcspn(path, "/");
        if (length > NAME_MAX) {
            return fail_with(at, ENAMETOOLONG);
        }
        memcpy(name, path, length);
        name[length] = '\0';
        path += length;
        path += strspn(path, "/");
        if (length > 0) {
            at = step(at, name);
        }
    }
    return at;
}

static int resolve_by(int directory, const char *path, uint64_t rule) {
    const struct k_open_how how = {.flags = O_PATH | O_CLOEXEC,
                                   .resolve = rule | K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_MAGICLINKS};
    if (!missing) {
        int fd = k_openat2(directory, path, &how);
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return fd;
        }
    }
    const bool refused = !missing;
    if (rule == K_RESOLVE_BENEATH && path[0] == '/') {
        errno = EXDEV;
        return -1;
    }
    int start = directory == AT_FDCWD ? open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC)
                                      : fcntl(directory, F_DUPFD_CLOEXEC, 0);
    int fd = walk(start, path);
    missing = missing || (refused && fd >= 0);
    return fd;
}

int resolve(const char *path) {
    return resolve_by(AT_FDCWD, path, 0);
}

int resolve_inside(int directory, const char *path) {
    return resolve_by(directory, path, K_RESOLVE_IN_ROOT);
}

int resolve_below(int directory, const char *path) {
    return resolve_by(directory, path, K_RESOLVE_BENEATH);
}
