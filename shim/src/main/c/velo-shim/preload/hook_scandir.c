#include "stream.h"

#include <stdlib.h>
#include <string.h>

typedef int choose(const struct dirent *);
typedef int compare(const struct dirent **, const struct dirent **);

struct found {
    struct dirent **list;
    size_t count, room;
};

static bool keep(struct found *found, const struct dirent *entry) {
    if (found->count == found->room) {
        size_t room = found->room ? 2 * found->room : 16;
        struct dirent **list = realloc(found->list, room * sizeof *list);
        if (!list) {
            return false;
        }
        found->list = list;
        found->room = room;
    }
    struct dirent *copy = malloc(entry->d_reclen);
    if (!copy) {
        return false;
    }
    memcpy(copy, entry, entry->d_reclen);
    found->list[found->count++] = copy;
    return true;
}

static int release(struct found *found, int error) {
    while (found->count > 0) {
        free(found->list[--found->count]);
    }
    free(found->list);
    errno = error;
    return -1;
}

HOOK(int, scandirat, (int at, const char *path, struct dirent ***out, choose *wanted, compare *order)) {
    struct stream *stream = stream_open(at, path);
    struct found found = {NULL, 0, 0};
    struct dirent *entry;
    int error = 0, before = errno;
    if (!stream) {
        return -1;
    }
    while (!error && (entry = stream_next(stream, &error)) != NULL) {
        if ((!wanted || wanted(entry)) && !keep(&found, entry)) {
            error = ENOMEM;
        }
    }
    stream_close(stream);
    if (error) {
        return release(&found, error);
    }
    if (order && found.count > 0) {
        qsort(found.list, found.count, sizeof *found.list,
              (int (*)(const void *, const void *))(void *)order);
    }
    errno = before;
    *out = found.list;
    return (int)found.count;
}

HOOK(int, scandir, (const char *path, struct dirent ***out, choose *wanted, compare *order)) {
    return hook_scandirat(AT_FDCWD, path, out, wanted, order);
}
