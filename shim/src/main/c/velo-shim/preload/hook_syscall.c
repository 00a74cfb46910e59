#include "ioctl.h"
#include "pointer.h"
#include "raw.h"
#include "refusal.h"

#include "../numbers.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

/* Which numbers syscall(3) brings here (raw.S). */
__attribute__((visibility("hidden"))) const unsigned char syscall_known[512] = {
#define SYSTEM_CALL(name, answer) [SYS_##name] = 1,
#include "syscalls.inc"
#undef SYSTEM_CALL
};

long syscall_failed(long result) __attribute__((visibility("hidden")));
long syscall_failed(long result) {
    return told(result);
}

#define P(x) ((const char *)(x))
#define I(x) ((int)(x))
#define U(x) ((unsigned)(x))
#define V(x) ((void *)(x))
/* NULL is a path that leads nowhere; to sys_* it would mean a descriptor. */
#define SUBJECT(x) ((x) ? P(x) : P(1))

static long refused_move(long a, long b, long c, long d, long e) {
    if (is_refused(I(a), P(b))) {
        return -EPERM;
    }
    return refused_at(I(c), P(d), SYS_move_mount, a, b, c, d, e);
}

struct msghdr;
struct mmsghdr;
int hook_connect(int fd, const void *name, unsigned length);
int hook_getsockname(int fd, void *name, unsigned *length);
int hook_getpeername(int fd, void *name, unsigned *length);
long hook_sendto(int fd, const void *data, size_t size, int flags, const void *name, unsigned length);
long hook_sendmsg(int fd, const struct msghdr *message, int flags);
int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

/* libc's answer as the kernel's. */
static long told_raw(long result) {
    return result == -1 ? -errno : result;
}

static long answer(long number, long a, long b, long c, long d, long e, long f) {
    switch (number) {
#define SYSTEM_CALL(name, answer)                                                                            \
    case SYS_##name:                                                                                         \
        return answer;
#include "syscalls.inc"
#undef SYSTEM_CALL
    default:
        return RAW6(number, a, b, c, d, e, f);
    }
}

HOOK(long, syscall, (long number, ...)) {
    va_list arguments;
    long of[6];
    va_start(arguments, number);
    for (int i = 0; i < 6; i++) {
        of[i] = va_arg(arguments, long);
    }
    va_end(arguments);
    return told(shim_virtual() ? answer(number, of[0], of[1], of[2], of[3], of[4], of[5])
                               : RAW6(number, of[0], of[1], of[2], of[3], of[4], of[5]));
}
