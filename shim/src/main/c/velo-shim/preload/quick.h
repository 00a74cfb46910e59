#ifndef VELO_QUICK_H
#define VELO_QUICK_H

#include "host_path.h"
#include "sys.h"

#include <sys/syscall.h>

/*
 * The calls that programs make most, for the hooks that are nothing else: what is plainly the host's is asked
 * of the kernel from within the hook itself. The same as those of sys.h otherwise.
 */

/* Whatever is not plainly the host's (sys_file.c). */
long answer_openat(int at, const char *path, int flags, unsigned mode);
long answer_fstatat(int at, const char *path, struct stat *out, int flags);
long answer_faccessat(int at, const char *path, int mode, int flags);

static inline __attribute__((always_inline)) long quick_openat(int at, const char *path, int flags,
                                                               unsigned mode) {
    ANSWER_HOST(path, HERE4(SYS_openat, at, path, flags, mode));
    return answer_openat(at, path, flags, mode);
}

static inline __attribute__((always_inline)) long quick_fstatat(int at, const char *path, struct stat *out,
                                                                int flags) {
    ANSWER_HOST(path, HERE4(SYS_newfstatat, at, path, out, flags));
    return answer_fstatat(at, path, out, flags);
}

/* Without flags: kernels before 5.8 have no call with them. */
static inline __attribute__((always_inline)) long quick_faccessat(int at, const char *path, int mode) {
    ANSWER_HOST(path, HERE4(SYS_faccessat, at, path, mode, 0));
    return answer_faccessat(at, path, mode, 0);
}

#endif
