#include "shim.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

/* A line of /proc/self/maps: the path, where the mapping has this library's code, else NULL. */
static const char *path_of_code(const char *line) {
    uintptr_t bounds[2] = {0, 0}, code = (uintptr_t)library_find;
    for (int i = 0; i < 2; i++, line++) {
        for (; (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f'); line++) {
            bounds[i] = bounds[i] << 4 | (uintptr_t)(*line <= '9' ? *line - '0' : *line - 'a' + 10);
        }
    }
    return code >= bounds[0] && code < bounds[1] ? strchr(line, '/') : NULL;
}

/* The library came otherwise (ld.so --preload, /etc/ld.so.preload): the kernel knows from which file. */
static void find_mapped(char *out, size_t room) {
    char chunk[1024], line[PATH_MAX + 128];
    size_t filled = 0;
    long got, fd = RAW4(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    while (fd >= 0 && !out[0] && (got = RAW3(SYS_read, fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < got; i++) {
            if (chunk[i] != '\n') {
                filled += filled + 1 < sizeof line;
                line[filled - 1] = chunk[i];
                continue;
            }
            line[filled] = 0;
            filled = 0;
            const char *path = path_of_code(line);
            if (path && strlen(path) < room) {
                memcpy(out, path, strlen(path) + 1);
            }
        }
    }
    if (fd >= 0) {
        RAW1(SYS_close, fd);
    }
}

/* As strcspn(3) for ": ", whose code and tables are on two more pages than a process has so far. */
static size_t item_length(const char *list) {
    size_t length = 0;
    while (list[length] != 0 && list[length] != ':' && list[length] != ' ') {
        length++;
    }
    return length;
}

/* How LD_PRELOAD names this library: the item whose last name is the library's. */
static void find_listed(char *out, size_t room) {
    char value[PATH_MAX];
    static const char own[] = "libvelo-shim";
    if (!environment_find("LD_PRELOAD", value, sizeof value)) {
        value[0] = 0;
    }
    for (char *item = value; *item;) {
        size_t length = item_length(item);
        char *slash = memrchr(item, '/', length);
        const char *name = slash ? slash + 1 : item;
        if (strncmp(name, own, sizeof own - 1) == 0 && length < room) {
            memcpy(out, item, length);
            out[length] = 0;
            return;
        }
        item += length + (item[length] != 0);
    }
}

void library_find(char *out, size_t room) {
    find_listed(out, room);
    if (!out[0]) {
        find_mapped(out, room);
    }
}
