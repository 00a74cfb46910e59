#ifndef VELO_RAW_H
#define VELO_RAW_H

#include <stdint.h>

/*
 * The library's own system calls. They are made by one piece of code, of which a process below the
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

/* Where that copy is, or 0. */
extern uintptr_t raw_there __attribute__((visibility("hidden")));

/*
 * The same in the caller's own code, where there is no filter. Behind a system call the processor has
 * forgotten where returns go, so each that is spared there is some 5 ns.
 */
static inline __attribute__((always_inline)) long raw_here4(long a, long b, long c, long d, long number) {
    if (__builtin_expect(raw_there != 0, 0)) {
        return raw_call4(a, b, c, d, number);
    }
#if defined(__x86_64__)
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long which __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(first) : "r"(which), "r"(second), "r"(third), "r"(fourth) : "memory");
    return first;
#endif
}

#define HERE4(nr, a, b, c, d) raw_here4((long)(a), (long)(b), (long)(c), (long)(d), (nr))

#endif
