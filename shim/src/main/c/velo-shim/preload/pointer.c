#include "shim.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/*
 * The kernel answers EFAULT where a program's pointer leads nowhere. The library would die of it, so it asks
 * the kernel about each page before it looks at it for the first time. A page that was good once is taken for
 * good: who unmaps memory and then passes a pointer into it dies, as he would of any function of libc that
 * makes no system call.
 */
#define PAGE 4096ul
#define KNOWN 512

static uintptr_t known_readable[KNOWN], known_writable[KNOWN];

static bool is_known(uintptr_t *known, uintptr_t page) {
    return __atomic_load_n(&known[page % KNOWN], __ATOMIC_RELAXED) == page;
}

static void remember(uintptr_t *known, uintptr_t page) {
    __atomic_store_n(&known[page % KNOWN], page, __ATOMIC_RELAXED);
}

/* Addresses that no program has: the first page, and those that are not canonical. */
static bool impossible(uintptr_t address) {
    return address < PAGE || address >> 56 != 0;
}

/* The kernel reads the set before it looks at what to do with it, and "what" is nothing that there is. */
static bool page_readable(uintptr_t page) {
    if (is_known(known_readable, page))
        return true;
    if (RAW4(SYS_rt_sigprocmask, -1, page * PAGE, 0, 8) == -EFAULT)
        return false;
    remember(known_readable, page);
    return true;
}

/*
 * The kernel writes the mask of signals to these 8 bytes, and what was there is put back. They are the
 * buffer's own: nobody else writes there meanwhile.
 */
static bool page_writable(uintptr_t address) {
    uint64_t before;
    if (is_known(known_writable, address / PAGE))
        return true;
    if (!page_readable(address / PAGE) || !page_readable((address + 7) / PAGE))
        return false;
    memcpy(&before, (const void *)address, sizeof before);
    if (RAW4(SYS_rt_sigprocmask, SIG_BLOCK, 0, address, 8) == -EFAULT)
        return false;
    memcpy((void *)address, &before, sizeof before);
    remember(known_writable, address / PAGE);
    return true;
}

bool memory_readable(const void *start, size_t length) {
    uintptr_t first = (uintptr_t)start, last = first + (length == 0 ? 0 : length - 1);
    if (impossible(first) || impossible(last) || last < first)
        return false;
    for (uintptr_t page = first / PAGE; page <= last / PAGE; page++)
        if (!page_readable(page))
            return false;
    return true;
}

bool memory_writable(void *start, size_t length) {
    uintptr_t first = (uintptr_t)start, last = first + (length == 0 ? 0 : length - 1);
    if (length < sizeof(uint64_t))
        return memory_readable(start, length);
    if (impossible(first) || impossible(last) || last < first || !page_writable(first))
        return false;
    for (uintptr_t page = first / PAGE + 1; page <= last / PAGE; page++)
        if (!page_readable(page) || !page_writable(page * PAGE + 7 <= last ? page * PAGE : last - 7))
            return false;
    return true;
}

long path_length(const char *path) {
    uintptr_t at = (uintptr_t)path;
    if (impossible(at))
        return -EFAULT;
    size_t length = 0;
    while (length < PATH_MAX) {
        if (!page_readable((at + length) / PAGE))
            return -EFAULT;
        size_t rest = PAGE - (at + length) % PAGE;
        const char *end = memchr(path + length, 0, rest);
        if (end)
            return end - path < PATH_MAX ? end - path : -ENAMETOOLONG;
        length += rest;
    }
    return -ENAMETOOLONG;
}
