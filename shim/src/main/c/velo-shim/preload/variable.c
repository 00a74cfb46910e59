#include "shim.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

extern char **environ __attribute__((weak));

const char *environment_value(char *const *block, const char *name) {
    size_t length = strlen(name);
    for (; block && *block; block++) {
        if (strncmp(*block, name, length) == 0 && (*block)[length] == '=') {
            return *block + length + 1;
        }
    }
    return NULL;
}

/* Before libc has set environ up, the kernel's copy of the environment is what there is. */
static bool early_variable(const char *name, char *out, size_t room) {
    char chunk[1024];
    size_t matched = 0, filled = 0, length = strlen(name);
    enum { AT_NAME, SKIP, VALUE } state = AT_NAME;
    long fd = RAW4(SYS_openat, AT_FDCWD, "/proc/self/environ", O_RDONLY | O_CLOEXEC, 0), got;
    if (fd < 0) {
        return false;
    }
    bool found = false;
    while (!found && (got = RAW3(SYS_read, fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < got && !found; i++) {
            char c = chunk[i];
            if (state == VALUE) {
                out[filled++] = c;
                found = c == 0 || filled == room;
            } else if (c == 0) {
                state = AT_NAME;
                matched = 0;
            } else if (state == AT_NAME && matched == length && c == '=') {
                state = VALUE;
            } else if (state == AT_NAME && matched < length && c == name[matched]) {
                matched++;
            } else {
                state = SKIP;
            }
        }
    }
    RAW1(SYS_close, fd);
    if (found) {
        out[room - 1] = 0;
    }
    return found;
}

bool environment_find(const char *name, char *out, size_t room) {
    if (!&environ || !environ) {
        return early_variable(name, out, room);
    }
    const char *value = environment_value(environ, name);
    if (!value || strlen(value) >= room) {
        return false;
    }
    memcpy(out, value, strlen(value) + 1);
    return true;
}
