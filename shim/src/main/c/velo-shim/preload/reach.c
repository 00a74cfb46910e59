#include "reach.h"

#include "../numbers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static long plain_call(long number, long a, long b, long c, long d, long e, long f) {
    return raw_call(number, a, b, c, d, e, f);
}

static const struct kernel plain_kernel = {plain_call};

static __attribute__((noinline)) long by_door(long number, long a, long b, long c, long d, long e, long f) {
    const long arguments[6] = {a, b, c, d, e, f};
    return door_call(&shim.world, &plain_kernel, number, arguments);
}

static long own_call(long number, long a, long b, long c, long d, long e, long f) {
    const long result = raw_call(number, a, b, c, d, e, f);
    return __builtin_expect(result == -EACCES, 0) ? by_door(number, a, b, c, d, e, f) : result;
}

const struct kernel reach_kernel = {own_call};

long reach_open(const char *session, const char *path, int flags) {
    size_t covered;
    const long fd = RAW4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
    if (fd != -EACCES) {
        return fd;
    }
    const long by = door_open(&plain_kernel, session, path, &covered);
    return by < 0 ? fd : by;
}

long reach_way(const char *path, struct door_way *out) {
    return door_way(&shim.world, &plain_kernel, path, out);
}

void reach_end(struct door_way *way) {
    door_close(&plain_kernel, way);
}

static void tell(const char *program) {
    const char *words[] = {"velo: cannot execute ",
                           program,
                           ": user ",
                           NULL,
                           " cannot read ",
                           NULL,
                           "; install velo where everybody may read it\n"};
    struct iovec parts[7];
    char number[12] = "";
    size_t at = sizeof number - 1;
    uint32_t user = (uint32_t)RAW0(SYS_geteuid);
    do {
        number[--at] = (char)('0' + user % 10);
    } while ((user /= 10) != 0);
    words[3] = number + at;
    words[5] = shim.library;
    for (unsigned i = 0; i < 7; i++) {
        parts[i] = (struct iovec){(void *)(uintptr_t)words[i], strlen(words[i])};
    }
    RAW3(SYS_writev, 2, parts, 7);
}

bool reach_loads_library(int at, const char *program, int flags) {
    if ((uint32_t)RAW0(SYS_geteuid) == shim.world.tree.owner_uid || shim.library[0] != '/') {
        return true;
    }
    /* By the real user and without the capabilities that he may still have: executing takes them. */
    const long result = RAW3(SYS_faccessat, AT_FDCWD, shim.library, 4);
    const int how = AT_EACCESS | (flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
    if (result != -EACCES || KERNEL4(&reach_kernel, SYS_faccessat2, at, program, 1, how) < 0) {
        return true;
    }
    tell(*program ? program : "what the descriptor is of");
    return false;
}
