#ifndef VELO_RAW_H
#define VELO_RAW_H

/*
 * The library's own system calls. All of them are made by one piece of code, of which a process below the
 * supervisor's filter has a copy where that filter lets them pass (exempt.h).
 */
long raw_call(long number, long a, long b, long c, long d, long e, long f);
/* The same of four arguments at most, which stand where the kernel takes them: for what must be quick. */
long raw_call4(long a, long b, long c, long d, long number);

/* clone(2) with a stack of its own, on which the child calls body(with), which must not return. */
long raw_spawn(unsigned long flags, void *stack_end, int *pidfd, void (*body)(void *), void *with);

#define RAW6(nr, a, b, c, d, e, f)                                                                           \
    raw_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW5(nr, a, b, c, d, e) RAW6(nr, a, b, c, d, e, 0)
#define RAW4(nr, a, b, c, d) RAW6(nr, a, b, c, d, 0, 0)
#define RAW3(nr, a, b, c) RAW6(nr, a, b, c, 0, 0, 0)
#define RAW2(nr, a, b) RAW6(nr, a, b, 0, 0, 0, 0)
#define RAW1(nr, a) RAW6(nr, a, 0, 0, 0, 0, 0)
#define RAW0(nr) RAW6(nr, 0, 0, 0, 0, 0, 0)

#define QUICK4(nr, a, b, c, d) raw_call4((long)(a), (long)(b), (long)(c), (long)(d), (nr))

#endif
