#include "answers.h"

#include "../numbers.h"
#include "descriptors.h"
#include "inject.h"
#include "namespaces.h"

#include <errno.h>
#include <linux/openat2.h>
#include <string.h>

struct opening {
    int at;
    char path[PATH_MAX];
    struct open_how how;
    bool plain; /* openat(2), not openat2(2) */
};

/* The descriptor that is opened here is never for a program that velo-session may start meanwhile. */
static long open_host(const struct opening *opening, const char *host) {
    struct open_how how = opening->how;
    how.flags |= O_CLOEXEC | ((how.flags & O_PATH) != 0 ? 0 : O_NOCTTY);
    return opening->plain ? KERNEL4(&supervising_kernel, SYS_openat, AT_FDCWD, host, how.flags, how.mode)
                          : KERNEL4(&supervising_kernel, SYS_openat2, AT_FDCWD, host, &how, sizeof how);
}

/* The modes of what is made on the host are the process's: its umask is applied there. */
static long open_elsewhere(struct opening *opening, char *elsewhere) {
    const char *host = host_path(elsewhere);
    if ((opening->how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) != 0) {
        opening->how.mode &= ~(uint64_t)served->caller.umask(&served->caller);
    }
    act_as_process();
    long fd = open_host(opening, host);
    act_as_self();
    return fd;
}

static long open_here(struct opening *opening) {
    char elsewhere[PATH_MAX];
    const int flags = (int)opening->how.flags | O_CLOEXEC;
    struct open_how how = opening->how;
    how.flags |= O_CLOEXEC;
    elsewhere[0] = 0;
    /* An absolute path may start at the directory, too. */
    const bool rooted = (opening->how.resolve & RESOLVE_IN_ROOT) != 0;
    int at = call_directory(opening->at, rooted ? "" : opening->path);
    long fd = opening->plain
                  ? call_open(&served->caller, at, opening->path, flags, (unsigned)how.mode, elsewhere)
                  : call_open2(&served->caller, at, opening->path, &how, elsewhere);
    return fd == PASS && elsewhere[0] != 0 ? open_elsewhere(opening, elsewhere) : fd;
}

/* A descriptor that only names a file cannot be given to another process: it opens that itself, by the name
 * that the file has there. Where it may not go that way it receives a message. */
static long give_name(int fd, int flags) {
    char link[32], path[PATH_MAX];
    if (is_other_user()) {
        const long answered = inject_named(fd, (flags & O_CLOEXEC) != 0);
        close(fd);
        return answered;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    struct stat state;
    long result = length < 0 || fstat(fd, &state) != 0 ? -errno : 0;
    close(fd);
    if (result < 0) {
        return result;
    }
    path[length] = 0;
    int kept = flags & (O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    return inject_open(path, kept | (S_ISLNK(state.st_mode) ? O_NOFOLLOW : 0));
}

static long answer_opening(void *with) {
    struct opening *opening = with;
    const bool close_on_exec = (opening->how.flags & O_CLOEXEC) != 0;
    long fd = open_here(opening);
    if (served->waits || fd < 0) {
        return fd;
    }
    if ((opening->how.flags & O_PATH) != 0) {
        return give_name((int)fd, (int)opening->how.flags);
    }
    long error = call_reply_descriptor((int)fd, close_on_exec);
    return error < 0 ? error : ANSWERED;
}

/* The kernel takes a number before it does anything; here one is taken last. */
static bool is_in_vain(const struct opening *opening) {
    const uint64_t flags = opening->how.flags;
    if ((flags & O_PATH) != 0 || (flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))) == 0) {
        return false;
    }
    (void)call_process();
    return descriptors_full((pid_t)served->notif.pid, served->table);
}

static long serve(struct opening *opening) {
    namespace_opened(opening->path);
    if (is_in_vain(opening)) {
        return -EMFILE;
    }
    long result = answer_opening(opening);
    return served->waits ? answer_waiting(answer_opening, opening) : result;
}

long sys_openat(int at, remote path, int flags, unsigned mode) {
    struct opening opening = {.at = at, .how = {.flags = (uint32_t)flags, .mode = mode}, .plain = true};
    PATH_IN(opening.path, path);
    return serve(&opening);
}

/* Fields that are not known here must be zero, as for a kernel that does not know them. */
static long copy_how(remote how, size_t size, struct open_how *out) {
    uint8_t bytes[4096];
    if (size < sizeof *out) {
        return -EINVAL;
    }
    if (size > sizeof bytes) {
        return -E2BIG;
    }
    if (copy_in(bytes, how, size) != 0) {
        return -EFAULT;
    }
    for (size_t i = sizeof *out; i < size; i++) {
        if (bytes[i] != 0) {
            return -E2BIG;
        }
    }
    memcpy(out, bytes, sizeof *out);
    return 0;
}

long sys_openat2(int at, remote path, remote how, size_t size) {
    struct opening opening = {.at = at};
    long result = copy_how(how, size, &opening.how);
    if (result < 0) {
        return result;
    }
    PATH_IN(opening.path, path);
    return serve(&opening);
}
