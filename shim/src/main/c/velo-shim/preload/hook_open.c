#include "quick.h"

#include <stdarg.h>

/* Only calls that make a file have a third argument. O_TMPFILE is one bit and O_DIRECTORY. */
#define MAKES(flags) (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE)

static unsigned mode_of(int flags, va_list arguments) {
    return MAKES(flags) ? va_arg(arguments, unsigned) : 0;
}

HOT HOOK(int, open, (const char *path, int flags, ...)) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = mode_of(flags, arguments);
    va_end(arguments);
    return (int)told(quick_openat(AT_FDCWD, path, flags, mode));
}

HOT HOOK(int, openat, (int at, const char *path, int flags, ...)) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = mode_of(flags, arguments);
    va_end(arguments);
    return (int)told(quick_openat(at, path, flags, mode));
}

/* What _FORTIFY_SOURCE makes of a call whose flags it does not know. */
static void need_no_mode(int flags) {
    if (MAKES(flags)) {
        __builtin_trap();
    }
}

HOOK(int, open_2, (const char *path, int flags)) {
    need_no_mode(flags);
    return (int)told(sys_openat(AT_FDCWD, path, flags, 0));
}

HOOK(int, openat_2, (int at, const char *path, int flags)) {
    need_no_mode(flags);
    return (int)told(sys_openat(at, path, flags, 0));
}

HOOK(int, creat, (const char *path, unsigned mode)) {
    return (int)told(sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode));
}

HOOK(int, openat2, (int at, const char *path, const void *how, size_t size)) {
    return (int)told(sys_openat2(at, path, how, size));
}
