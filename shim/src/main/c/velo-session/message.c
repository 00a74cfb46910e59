#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct failure failure;
const char *stage = "prepare";
void (*at_failure)(void);

/* One write(2) a line, so that lines of several processes do not mix. */
static void emit(const char *text, const char *reason, const char *remedy) {
    char line[2048];
    int length =
        snprintf(line, sizeof line, "velo: %s%s%s%s%s\n", text, reason == NULL ? "" : ": ",
                 reason == NULL ? "" : reason, remedy == NULL ? "" : "; ", remedy == NULL ? "" : remedy);
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
    if (write(STDERR_FILENO, line, (size_t)length) < 0) {
        return; /* nobody listens: the exit status has to do */
    }
}

void note_failure(const char *what, const char *reason, int errnum, const char *remedy) {
    if (failure.stage[0] != '\0') {
        return;
    }
    failure.errnum = errnum;
    snprintf(failure.stage, sizeof failure.stage, "%s", stage);
    snprintf(failure.what, sizeof failure.what, "%s", what);
    snprintf(failure.reason, sizeof failure.reason, "%s", reason);
    snprintf(failure.remedy, sizeof failure.remedy, "%s", remedy);
}

static void __attribute__((noreturn)) give_up(char *text, int errnum, const char *remedy) {
    emit(text, errnum == 0 ? NULL : strerror(errnum), remedy);
    /* What stands behind the first ": " of a text without an errno is the reason. */
    char *reason = errnum == 0 ? strstr(text, ": ") : NULL;
    if (reason != NULL) {
        *reason = '\0';
        reason += 2;
    }
    note_failure(text, errnum != 0 ? strerror(errnum) : reason == NULL ? "" : reason, errnum, remedy);
    if (at_failure != NULL) {
        void (*hook)(void) = at_failure;
        at_failure = NULL;
        hook();
    }
    _exit(EXIT_LAUNCH);
}

void message(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    emit(text, NULL, NULL);
}

void fail(const char *remedy, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    give_up(text, 0, remedy);
}

void fail_errno(const char *remedy, const char *format, ...) {
    int errnum = errno;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    give_up(text, errnum, remedy);
}
