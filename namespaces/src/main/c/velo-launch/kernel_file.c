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

void unescape_path(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
            from[3] >= '0' && from[3] <= '7') {
            *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}
