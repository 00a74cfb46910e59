#include "answers.h"

#include "../numbers.h"

#include <errno.h>
#include <sys/mman.h>

/* The expressions of hooks.table are the preload library's, too; there pointers are followed. */
#define P(x) ((remote)(x))
#define V(x) ((remote)(x))
#define I(x) ((int)(x))
#define U(x) ((unsigned)(x))
/* NULL is a path that leads nowhere; to sys_* it would mean a descriptor. */
#define SUBJECT(x) ((x) ? P(x) : P(1))

/* The filter lets these go by. */
#define sys_fchdir(fd) CONTINUE
#define sys_umask(mask) CONTINUE
#define memory_changed(result) (result)
#define RAW2(number, a, b) CONTINUE
#define RAW3(number, a, b, c) CONTINUE
#define RAW5(number, a, b, c, d, e) CONTINUE
#define RAW6(number, a, b, c, d, e, f) CONTINUE

#define refused(at, path, ...) (refused)(at, path)
#define refused_either(path, other, ...) (refused_either)(path, other)
#define refused_mount(source, target, type, flags, data) (refused_mount)(source, target, flags)
#define refused_at(at, path, ...) (refused_at)(at, path)
#define told_raw(result) (result)
#define hook_connect sys_connect
#define hook_getsockname sys_getsockname
#define hook_getpeername sys_getpeername
#define hook_sendto sys_sendto
#define hook_sendmsg(...) CONTINUE
#define hook_sendmmsg(...) CONTINUE

static long refused_move(long a, long b, long c, long d, long e) {
    (void)e;
    long result = (refused_at)(I(a), P(b));
    return result == CONTINUE ? (refused_at)(I(c), P(d)) : result;
}

long answer_call(void) {
    const struct seccomp_data *data = &served->notif.data;
    const long number = data->nr;
    const long a = (long)data->args[0], b = (long)data->args[1], c = (long)data->args[2],
               d = (long)data->args[3], e = (long)data->args[4], f = (long)data->args[5];
    switch (number) {
#define SYSTEM_CALL(name, answer)                                                                            \
    case SYS_##name:                                                                                         \
        return answer;
#include "syscalls.inc"
#undef SYSTEM_CALL
    default:
        return CONTINUE;
    }
}
