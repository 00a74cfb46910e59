#include "sys.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* Flags of open(2) that a mode of fopen(3) means; -1: it is none. */
static int flags_of(const char *mode) {
    int flags;
    switch (*mode) {
    case 'r':
        flags = O_RDONLY;
        break;
    case 'w':
        flags = O_WRONLY | O_CREAT | O_TRUNC;
        break;
    case 'a':
        flags = O_WRONLY | O_CREAT | O_APPEND;
        break;
    default:
        return -1;
    }
    for (mode++; *mode && *mode != ','; mode++) {
        if (*mode == '+') {
            flags = (flags & ~O_ACCMODE) | O_RDWR;
        } else if (*mode == 'x') {
            flags |= O_EXCL;
        } else if (*mode == 'e') {
            flags |= O_CLOEXEC;
        }
    }
    return flags;
}

HOOK(FILE *, fopen, (const char *path, const char *mode)) {
    int flags = flags_of(mode);
    if (flags < 0) {
        errno = EINVAL;
        return NULL;
    }
    long fd = told(sys_openat(AT_FDCWD, path, flags, 0666));
    if (fd < 0) {
        return NULL;
    }
    FILE *stream = fdopen((int)fd, mode);
    if (!stream) {
        RAW1(SYS_close, fd);
    }
    return stream;
}

/* Two digits and more, as /proc names descriptors. */
static void name_descriptor(char *out, long fd) {
    char digits[12];
    int count = 0;
    memcpy(out, "/proc/self/fd/", 14);
    out += 14;
    do {
        digits[count++] = (char)('0' + fd % 10);
    } while ((fd /= 10) > 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    *out = 0;
}

/* The mode without what is done by now: to make the file, alone, and to empty it. */
static void reopening_mode(const char *mode, char *out, size_t room) {
    size_t length = 0;
    for (; *mode && length + 1 < room; mode++) {
        if (*mode != 'x') {
            out[length++] = *mode;
        }
    }
    out[length] = 0;
}

/* The stream is libc's, so libc reopens it, by the descriptor of the file that was opened here. */
HOOK(FILE *, freopen, (const char *path, const char *mode, FILE *stream)) {
    FILE *(*reopen)(const char *, const char *, FILE *) =
        (FILE * (*)(const char *, const char *, FILE *)) hidden_function(HIDDEN_freopen);
    char name[32], rest[64];
    if (!path || !shim_virtual() || !path_is_virtual(AT_FDCWD, path)) {
        return reopen(path, mode, stream);
    }
    int flags = flags_of(mode);
    long fd = flags < 0 ? -EINVAL : sys_openat(AT_FDCWD, path, flags | O_CLOEXEC, 0666);
    if (told(fd) < 0) {
        int error = errno;
        fclose(stream);
        errno = error;
        return NULL;
    }
    name_descriptor(name, fd);
    reopening_mode(mode, rest, sizeof rest);
    FILE *result = reopen(name, rest, stream);
    if (result) {
        opened_copied((int)fd, fileno(result));
    }
    RAW1(SYS_close, fd);
    return result;
}

HOOK(FILE *, setmntent, (const char *path, const char *mode)) {
    char with[64];
    size_t length = strnlen(mode, sizeof with - 2);
    memcpy(with, mode, length);
    memcpy(with + length, "e", 2);
    return hook_fopen(path, with);
}
