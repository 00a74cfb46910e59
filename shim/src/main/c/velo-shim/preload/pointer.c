#include "pointer.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>

/*
 * The kernel answers EFAULT where a program's pointer leads nowhere. The library would die of it, so it asks
 * the kernel about each page before it looks at it for the first time, and again after anything that may have
 * taken memory away. What takes memory away unseen, by a system call of the program's own code, or by cutting
 * short a file that is mapped, leads to the signal that any function of libc without a system call would get.
 */
uint64_t known_readable[KNOWN];
uint64_t known_writable[KNOWN];
uint64_t memory_age;
static bool watched; /* by valgrind */

/* The memory's age before the kernel was asked: what has changed since makes the answer worthless. */
static void remember(uint64_t *known, uintptr_t page, uint64_t age) {
    if (watched) {
        return; /* what is known is read in words, beyond the end of a path */
    }
    __atomic_store_n(&known[page % KNOWN], known_page(page, age), __ATOMIC_RELAXED);
}

/* After the change, not before: an answer that was true in between is forgotten too. */
long memory_changed(long result) {
    uint64_t age = __atomic_add_fetch(&memory_age, 1, __ATOMIC_ACQ_REL);
    if ((age & AGE_MASK) == 0) {
        for (unsigned i = 0; i < KNOWN; i++) {
            __atomic_store_n(&known_readable[i], 0, __ATOMIC_RELAXED);
            __atomic_store_n(&known_writable[i], 0, __ATOMIC_RELAXED);
        }
    }
    return result;
}

/* Addresses that no program has: the first page, and those that are not canonical. aarch64 does not look at
 * the highest byte, where memory tagging has its tags: whether they may be there the kernel knows. */
static bool impossible(uintptr_t address) {
#if defined(__aarch64__)
    return address < PAGE;
#else
    return address < PAGE || address >> 56 != 0;
#endif
}

/*
 * From Linux 5.14 on the kernel can be asked for a page as it is. That is the only question that valgrind
 * does not take for a use of what is there, and which it would complain of; it takes three times as long, and
 * what it refuses may be good all the same. Valgrind has libraries of its own in LD_PRELOAD.
 */
enum { POPULATE_READ = 22, POPULATE_WRITE = 23 };
enum had { HAD, HAD_NOT, NOT_TOLD };

extern char **environ __attribute__((weak));

void pointer_start(void) {
    const char *preload = &environ && environ ? environment_value(environ, "LD_PRELOAD") : NULL;
    if (preload && strstr(preload, "/vgpreload_")) {
        watched = true;
    }
}

static enum had page_had(uintptr_t page, int how) {
    const long result = watched ? RAW3(SYS_madvise, page * PAGE, PAGE, how) : -EINVAL;
    return result == 0 ? HAD : result == -ENOMEM ? HAD_NOT : NOT_TOLD;
}

/* The kernel reads the set before it looks at what to do with it, and "what" is nothing that there is. */
static bool is_read(uintptr_t page) {
    const enum had had = page_had(page, POPULATE_READ);
    return had == NOT_TOLD ? RAW4(SYS_rt_sigprocmask, -1, page * PAGE, 0, 8) != -EFAULT : had == HAD;
}

/* The kernel adds nothing to a word of it, in one step: another thread may be writing there. */
static bool is_written(uintptr_t page) {
    const enum had had = page_had(page, POPULATE_WRITE);
    return had == NOT_TOLD ? RAW6(SYS_futex, page * PAGE, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0,
                                  page * PAGE, FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 0)) != -EFAULT
                           : had == HAD;
}

static bool page_readable(uintptr_t page) {
    uint64_t age = __atomic_load_n(&memory_age, __ATOMIC_ACQUIRE);
    if (is_known(known_readable, page, age)) {
        return true;
    }
    if (!is_read(page)) {
        return false;
    }
    remember(known_readable, page, age);
    return true;
}

static bool page_writable(uintptr_t page) {
    uint64_t age = __atomic_load_n(&memory_age, __ATOMIC_ACQUIRE);
    if (is_known(known_writable, page, age)) {
        return true;
    }
    if (!is_written(page)) {
        return false;
    }
    remember(known_writable, page, age);
    return true;
}

bool memory_readable(const void *start, size_t length) {
    uintptr_t first = (uintptr_t)start, last = first + (length == 0 ? 0 : length - 1);
    if (impossible(first) || impossible(last) || last < first) {
        return false;
    }
    for (uintptr_t page = first / PAGE; page <= last / PAGE; page++) {
        if (!page_readable(page)) {
            return false;
        }
    }
    return true;
}

bool memory_writable(void *start, size_t length) {
    uintptr_t first = (uintptr_t)start, last = first + (length == 0 ? 0 : length - 1);
    if (impossible(first) || impossible(last) || last < first) {
        return false;
    }
    for (uintptr_t page = first / PAGE; page <= last / PAGE; page++) {
        if (!page_writable(page)) {
            return false;
        }
    }
    return true;
}

long path_length(const char *path) {
    uintptr_t at = (uintptr_t)path;
    if (impossible(at)) {
        return -EFAULT;
    }
    size_t length = 0;
    while (length < PATH_MAX) {
        if (!page_readable((at + length) / PAGE)) {
            return -EFAULT;
        }
        size_t rest = PAGE - (at + length) % PAGE;
        const char *end = memchr(path + length, 0, rest);
        if (end) {
            return end - path < PATH_MAX ? end - path : -ENAMETOOLONG;
        }
        length += rest;
    }
    return -ENAMETOOLONG;
}
