#include "supervised.h"
#include "execution.h"
#include "reach.h"

#include <string.h>
#include <sys/syscall.h>

#define FEW 256
#define WORDS 6 /* before the program's own, velo-supervised/supervised.c */

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

bool supervised_path(char *out, size_t room) {
    static const char name[] = "/supervised";
    size_t length = shim.world.session_length;
    if (length + sizeof name > room) {
        return false;
    }
    memcpy(out, shim.world.session, length);
    memcpy(out + length, name, sizeof name);
    return true;
}

/* Before Linux 6.14 nobody answers for the whole of it. */
static long look_at(const struct execution *what) {
    struct stat file;
    long result = REACH4(SYS_newfstatat, what->at, what->path, &file,
                         what->flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
    if (result < 0 || !S_ISREG(file.st_mode)) {
        return result < 0 ? result : S_ISLNK(file.st_mode) ? -ELOOP : -EACCES;
    }
    result = REACH4(SYS_faccessat2, what->at, what->path, 1, AT_EACCESS | (what->flags & AT_EMPTY_PATH));
    return result == -ENOSYS ? 0 : result;
}

static long check(const struct execution *what, char *const argv[], char *const envp[]) {
    long result = REACH5(SYS_execveat, what->at, what->path, argv, envp, what->flags | AT_EXECVE_CHECK);
    return result == -EINVAL ? look_at(what) : result;
}

static char *put_number(char *out, long number) {
    char digits[24];
    int count = 0;
    unsigned long rest = number < 0 ? 0ul - (unsigned long)number : (unsigned long)number;
    if (number < 0) {
        *out++ = '-';
    }
    do {
        digits[count++] = (char)('0' + rest % 10);
    } while ((rest /= 10) > 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    *out = 0;
    return out;
}

/*
 * The program may be named by a descriptor that ends with this process's program: then it is another one with
 * a "c" behind, which ends with the next one's. *made: to be closed where it comes to nothing.
 */
static long put_place(const struct execution *what, char *out, long *made) {
    *made = -1;
    if (what->at == AT_FDCWD || what->path[0] == '/') {
        put_number(out, AT_FDCWD);
        return 0;
    }
    long flags = RAW2(SYS_fcntl, what->at, F_GETFD);
    if (flags < 0) {
        return flags;
    }
    if ((flags & FD_CLOEXEC) == 0) {
        put_number(out, what->at);
        return 0;
    }
    *made = RAW3(SYS_fcntl, what->at, F_DUPFD, 3);
    if (*made < 0) {
        return *made;
    }
    memcpy(put_number(out, *made), "c", 2);
    return 0;
}

/*
 * velo-supervised has no capabilities that this process may have kept, and no library that knows the door:
 * for another user than the session's owner a real path becomes a descriptor. Else -1.
 */
static long hold(const struct execution *what, struct execution *held) {
    *held = *what;
    if ((uint32_t)RAW0(SYS_geteuid) == shim.world.tree.owner_uid || what->at != AT_FDCWD ||
        (!path_is_below(what->path, shim.world.session, shim.world.session_length) &&
         !path_is_below(what->path, shim.world.store, shim.world.store_length))) {
        return -1;
    }
    const long fd = REACH4(SYS_openat, AT_FDCWD, what->path, O_PATH | O_CLOEXEC, 0);
    if (fd >= 0) {
        held->at = (int)fd;
        held->path = "";
        held->flags |= AT_EMPTY_PATH;
    }
    return fd < 0 ? -1 : fd;
}

static long execute_by(const struct execution *what, char *const argv[], char *const envp[]) {
    static char name[] = "velo-supervised", is_static[] = "static", is_set_id[] = "set-id";
    char path[sizeof shim.world.session + 16], place[32], flags[32], *few[FEW];
    long made = -1, count = pointer_count(argv), result = count < 0 ? count : check(what, argv, envp);
    if (result == 0) {
        result = put_place(what, place, &made);
    }
    if (result < 0) {
        return result;
    }
    size_t room = (size_t)count + WORDS + 1;
    char **list = pointer_room(few, FEW, room);
    if (list && supervised_path(path, sizeof path)) {
        put_number(flags, what->flags);
        memcpy(list,
               (char *[WORDS]){name, shim.world.session, what->blind == BLIND_SET_ID ? is_set_id : is_static,
                               place, flags, (char *)(uintptr_t)what->path},
               WORDS * sizeof *list);
        memcpy(list + WORDS, argv, (size_t)count * sizeof *list);
        list[WORDS + count] = NULL;
        result = REACH3(SYS_execve, path, list, envp);
    } else {
        result = -ENOMEM;
    }
    if (made >= 0) {
        RAW1(SYS_close, made);
    }
    pointer_free(list, few, room);
    return result;
}

long supervised_execute(const struct execution *what, char *const argv[], char *const envp[]) {
    struct execution held;
    const long fd = hold(what, &held);
    const long result = execute_by(&held, argv, envp);
    if (fd >= 0) {
        RAW1(SYS_close, fd);
    }
    return result;
}
