#ifndef VELO_FILTER_H
#define VELO_FILTER_H

#include <stdbool.h>

/*
 * The seccomp filter of a supervised process: what hooks.table answers goes to the supervisor, everything
 * else to the kernel as before. Children inherit it, and nothing takes it away.
 */

/*
 * Calls that are made from these pages are not caught: from the first one the preload library makes its own,
 * from the second one the supervisor lets a process make some. They are where
 * neither sanitizers nor Go nor the JVM keep anything, and below 39 bits where a machine may have no more.
 */
#if defined(__x86_64__)
#define EXEMPT_PAGE 0x7e9000000000ul
#else
#define EXEMPT_PAGE 0x0e90000000ul
#endif
#define EXEMPT_SIZE 4096ul
#define SUPERVISED_PAGE (EXEMPT_PAGE + EXEMPT_SIZE)

/* prctl(PR_GET_SECCOMP) with this second argument: the filter answers it with this errno. */
#define FILTER_QUESTION 0x7e10
#define FILTER_ERRNO 2017

/*
 * For this thread and its children from now on. A descriptor of the listener, close-on-exec, which is to be
 * given to supervise(), or -errno: -EBUSY where a filter with a listener is there already, -EINVAL where the
 * kernel is older than 5.19. Sets no_new_privs only where the kernel demands it.
 */
long filter_install(void);

/* This process is under the filter already. */
bool filter_here(void);

#endif
