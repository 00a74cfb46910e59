#include "launch.h"
#include "story.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int message_descriptor = STDERR_FILENO;

bool (*is_hushed)(void);

bool stay_silent(void) {
    return is_hushed != NULL && is_hushed();
}

/* One write(2) a line, so that lines of several processes do not mix; no stdio buffer that a fork could
 * double. */
static void emit(const char *text, int errnum, const char *remedy) {
    char line[2048];
    int length;
    if (errnum != 0) {
        length = snprintf(line, sizeof line, "velo: %s: %s; %s\n", text, strerror(errnum), remedy);
    } else if (remedy != NULL) {
        length = snprintf(line, sizeof line, "velo: %s; %s\n", text, remedy);
    } else {
        length = snprintf(line, sizeof line, "velo: %s\n", text);
    }
    if (length >= (int)sizeof line) {
        length = sizeof line - 1;
        line[length - 1] = '\n';
    }
    /* What comes from names may hold control characters, which must not reach a terminal. */
    for (int i = 0; i < length - 1; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    if (write(message_descriptor, line, (size_t)length) < 0) {
        return; /* nobody listens: the exit status has to do */
    }
}

void (*at_failure)(int status);

/* What stands behind the first ": " of a text without an errno is the reason. */
static void __attribute__((noreturn)) give_up(int status, char *text, int errnum, const char *remedy) {
    if (stay_silent()) {
        _exit(status);
    }
    emit(text, errnum, remedy);
    char *reason = errnum == 0 ? strstr(text, ": ") : NULL;
    if (reason != NULL) {
        *reason = '\0';
    }
    note_failure(text, errnum != 0 ? strerror(errnum) : reason == NULL ? "" : reason + 2, errnum, remedy);
    if (at_failure != NULL) {
        void (*hook)(int) = at_failure;
        at_failure = NULL;
        hook(status);
    }
    _exit(status);
}

void message(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!stay_silent()) {
        emit(text, 0, NULL);
    }
}

void fail(int status, const char *remedy, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    give_up(status, text, 0, remedy);
}

/* Whatever failed: descriptors are what there is too little of. */
static const char *better(const char *remedy, int errnum) {
    return errnum == EMFILE   ? "let this user open more files (ulimit -n)"
           : errnum == ENFILE ? "let the host open more files (fs.file-max)"
                              : remedy;
}

void fail_errno(const char *remedy, const char *format, ...) {
    int errnum = errno;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    give_up(EXIT_LAUNCH, text, errnum, better(remedy, errnum));
}
