#ifndef VELO_ANSWER_H
#define VELO_ANSWER_H

#include "sys.h"

#include <sys/syscall.h>

/* The kernel's arguments: of the path itself, or of another, absolute one that the core has named. */
#define AT(at) (elsewhere[0] ? AT_FDCWD : (at))
#define PATH(path) (elsewhere[0] ? elsewhere : (path))
#define TO_AT(at) (to_elsewhere[0] ? AT_FDCWD : (at))
#define TO_PATH(path) (to_elsewhere[0] ? to_elsewhere : (path))

/* An O_PATH descriptor is none to calls that take a descriptor alone: -EBADF. */
static inline long descriptor_check(int fd) {
    long flags = RAW2(SYS_fcntl, fd, F_GETFL);
    return flags < 0 ? flags : flags & O_PATH ? -EBADF : 0;
}

/*
 * Returns what the core answers, or else the kernel. Where the kernel knows nothing of the path, the core
 * looks once more, for symbolic links of the host that lead into the tree (struct caller's again).
 */
#define ANSWER(CORE, KERNEL)                                                                                 \
    do {                                                                                                     \
        struct caller *caller = &shim.caller, once_more;                                                     \
        for (;;) {                                                                                           \
            elsewhere[0] = 0;                                                                                \
            long answered = (CORE);                                                                          \
            if (answered != PASS)                                                                            \
                return answered;                                                                             \
            answered = (KERNEL);                                                                             \
            if (answered != -ENOENT || caller == &once_more || !world_expects_host_links(&shim.world))       \
                return answered;                                                                             \
            once_more = shim.caller;                                                                         \
            once_more.again = true;                                                                          \
            caller = &once_more;                                                                             \
        }                                                                                                    \
    } while (0)

#endif
