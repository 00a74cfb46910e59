#ifndef VELO_KERNEL_H
#define VELO_KERNEL_H

#include <stdint.h>

/*
 * The system calls of the core. It makes no others and calls nothing of libc but mem* and str* functions
 * without allocation, so that it may run before libc is ready, in a signal handler and in a child of
 * vfork(2). Results are the kernel's: -errno where it failed. The number is the machine's own (SYS_*).
 */
struct kernel {
    long (*call)(long number, long a, long b, long c, long d, long e, long f);
};

#define KERNEL6(k, nr, a, b, c, d, e, f)                                                                     \
    ((k)->call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))
#define KERNEL5(k, nr, a, b, c, d, e) KERNEL6(k, nr, a, b, c, d, e, 0)
#define KERNEL4(k, nr, a, b, c, d) KERNEL6(k, nr, a, b, c, d, 0, 0)
#define KERNEL3(k, nr, a, b, c) KERNEL6(k, nr, a, b, c, 0, 0, 0)
#define KERNEL2(k, nr, a, b) KERNEL6(k, nr, a, b, 0, 0, 0, 0)
#define KERNEL1(k, nr, a) KERNEL6(k, nr, a, 0, 0, 0, 0, 0)
#define KERNEL0(k, nr) KERNEL6(k, nr, 0, 0, 0, 0, 0, 0)

#endif
