#include "battery.h"

#include <stdarg.h>

/* One line at a time, written at once: children print in between. */
static char line[32768];
static size_t used;

static void append(const char *format, va_list arguments) {
    int length = vsnprintf(line + used, sizeof line - used, format, arguments);
    used += length < 0 ? 0 : (size_t)length;
    if (used >= sizeof line) {
        used = sizeof line - 1;
    }
}

void begin(const char *format, ...) {
    used = 0;
    va_list arguments;
    va_start(arguments, format);
    append(format, arguments);
    va_end(arguments);
    fact("%s", "");
    line[used - 1] = ':';
}

const char *error_name(int number) {
    const char *name = number == 0 ? "0" : strerrorname_np(number);
    return name ? name : "unknown";
}

void result(long value) {
    int error = errno;
    fact("%ld %s", value, value == -1 ? error_name(error) : "0");
    errno = error;
}

void fact(const char *format, ...) {
    int error = errno;
    if (used < sizeof line - 1) {
        line[used++] = ' ';
    }
    va_list arguments;
    va_start(arguments, format);
    append(format, arguments);
    va_end(arguments);
    errno = error;
}

void end(void) {
    if (used == sizeof line) {
        used--;
    }
    line[used++] = '\n';
    for (size_t done = 0; done < used;) {
        ssize_t written = write(STDOUT_FILENO, line + done, used - done);
        if (written < 0) {
            _exit(3);
        }
        done += (size_t)written;
    }
    used = 0;
}

long ok(long value) {
    return value < 0 ? -1 : 0;
}

long got(const void *pointer) {
    return pointer ? 0 : -1;
}

void need(bool went_well, const char *call) {
    if (!went_well) {
        int error = errno;
        if (used) {
            end();
        }
        fprintf(stderr, "cannot go on: %s: %s\n", call, error_name(error));
        exit(3);
    }
}
