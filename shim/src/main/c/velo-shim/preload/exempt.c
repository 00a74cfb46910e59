#include "exempt.h"
#include "raw.h"

#include "../supervise/filter.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* raw.S */
extern const char raw_begin[] __attribute__((visibility("hidden")));
extern const char raw_end[] __attribute__((visibility("hidden")));
extern uintptr_t raw_there __attribute__((visibility("hidden")));

/* The library that ld.so asks has put the same there before. */
static bool is_there(size_t length) {
    return RAW4(SYS_rt_sigprocmask, -1, EXEMPT_PAGE, 0, 8) != -EFAULT &&
           memcmp((const void *)EXEMPT_PAGE, raw_begin, length) == 0;
}

static bool put(size_t length) {
    long page = RAW6(SYS_mmap, EXEMPT_PAGE, EXEMPT_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == -EEXIST) {
        return is_there(length);
    }
    if (page < 0 && page >= -4095) {
        return false;
    }
    memcpy((void *)page, raw_begin, length);
    __builtin___clear_cache((char *)page, (char *)page + length);
    /* Kernels before 4.17 take the address for a wish. */
    if (page != (long)EXEMPT_PAGE || RAW3(SYS_mprotect, page, EXEMPT_SIZE, PROT_READ | PROT_EXEC) != 0) {
        RAW2(SYS_munmap, page, EXEMPT_SIZE);
        return false;
    }
    return true;
}

bool exempt_start(void) {
    if (RAW2(SYS_prctl, PR_GET_SECCOMP, FILTER_QUESTION) != -FILTER_ERRNO) {
        return false;
    }
    if (put((size_t)(raw_end - raw_begin))) {
        raw_there = EXEMPT_PAGE;
    }
    return true;
}
