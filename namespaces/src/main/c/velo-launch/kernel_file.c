#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <string.h>

bool put_text(int directory, const char *name, const char *text) {
    int file = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t length = (ssize_t)strlen(text);
    bool done = file >= 0 && write(file, text, (size_t)length) == length;
    int errnum = errno;
    if (file >= 0) {
        close(file);
    }
    errno = errnum;
    return done;
}

ssize_t get_text(int directory, const char *name, char *text, size_t size) {
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, size - 1);
    if (file >= 0) {
        close(file);
    }
    text[got > 0 ? got : 0] = '\0';
    return got;
}
