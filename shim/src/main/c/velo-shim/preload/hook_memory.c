#include "pointer.h"
#include "sys.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* What takes memory away from a program: the library must ask again before it looks there (pointer.c). */

static void *told_place(long result) {
    return (void *)told(result);
}

HOOK(void *, mmap, (void *at, size_t length, int protection, int flags, int fd, off_t offset)) {
    long result = RAW6(SYS_mmap, at, length, protection, flags, fd, offset);
    return told_place(flags & MAP_FIXED ? memory_changed(result) : result);
}

HOOK(int, munmap, (void *at, size_t length)) {
    return (int)told(memory_changed(RAW2(SYS_munmap, at, length)));
}

HOOK(int, mprotect, (void *at, size_t length, int protection)) {
    return (int)told(memory_changed(RAW3(SYS_mprotect, at, length, protection)));
}

HOOK(int, pkey_mprotect, (void *at, size_t length, int protection, int key)) {
    return (int)told(memory_changed(key == -1 ? RAW3(SYS_mprotect, at, length, protection)
                                              : RAW4(SYS_pkey_mprotect, at, length, protection, key)));
}

HOOK(void *, mremap, (void *at, size_t length, size_t wanted, int flags, ...)) {
    va_list arguments;
    va_start(arguments, flags);
    void *place = va_arg(arguments, void *);
    va_end(arguments);
    return told_place(memory_changed(RAW5(SYS_mremap, at, length, wanted, flags, place)));
}

HOOK(void *, shmat, (int id, const void *at, int flags)) {
    return told_place(memory_changed(RAW3(SYS_shmat, id, at, flags)));
}

HOOK(int, shmdt, (const void *at)) {
    return (int)told(memory_changed(RAW1(SYS_shmdt, at)));
}
