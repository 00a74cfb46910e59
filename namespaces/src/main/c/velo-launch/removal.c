#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory on the way down. The stack is on the heap: what a payload left may be deeper than any stack of
 * calls. */
struct level {
    DIR *stream;
    char *name;
    struct level *above;
    unsigned depth;
};

/* What is deeper is moved up first: a payload must not be able to make a tree that takes more descriptors
 * than there are. */
enum { DEPTH = 64 };

/* Whatever modes the payload or the overlay left (work directories are mode 000), the owner may open them
 * again. */
int open_for_removal(int parent, const char *name) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);
    if (fd < 0 && errno == EACCES) {
        if (fchmodat(parent, name, 0700, 0) != 0) {
            return -1;
        }
        fd = openat(parent, name, flags);
    }
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) == 0 && (status.st_mode & 0300) != 0300 && fchmod(fd, 0700) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static struct level *enter(int parent, const char *name, struct level *above) {
    int fd = open_for_removal(parent, name);
    if (fd < 0) {
        return NULL;
    }
    struct level *level = malloc(sizeof *level);
    char *copy = strdup(name);
    DIR *stream = fdopendir(fd);
    if (level == NULL || copy == NULL || stream == NULL) {
        abort(); /* out of memory: the next start cleans up */
    }
    *level = (struct level){
        .stream = stream, .name = copy, .above = above, .depth = above == NULL ? 1 : above->depth + 1};
    return level;
}

static struct level *leave(struct level *level, int parent, int *failure) {
    struct level *above = level->above;
    int directory = above == NULL ? parent : dirfd(above->stream);
    closedir(level->stream);
    if (unlinkat(directory, level->name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        *failure = errno;
    }
    free(level->name);
    free(level);
    return above;
}

/* Moving a directory to another one changes its "..", for which it must be writable itself. */
static bool move_up(const struct level *level, const char *name, const struct level *top) {
    static atomic_ulong counter;
    char fresh[64];
    snprintf(fresh, sizeof fresh, "velo-deep-%ld-%lu", (long)getpid(), atomic_fetch_add(&counter, 1));
    int directory = dirfd(level->stream);
    return fchmodat(directory, name, 0700, 0) == 0 &&
           renameat(directory, name, dirfd(top->stream), fresh) == 0;
}

int remove_tree(int parent, const char *name) {
    int failure = 0;
    bool moved = false;
    struct level *level = enter(parent, name, NULL);
    const struct level *top = level;
    if (level == NULL) {
        return errno == ENOENT ? 0 : -1;
    }
    while (level != NULL) {
        const struct dirent *entry = readdir(level->stream);
        if (entry == NULL && level == top && moved && failure == 0) {
            moved = false;
            rewinddir(level->stream);
            continue;
        }
        if (entry == NULL) {
            level = leave(level, parent, &failure);
            continue;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        /* An empty directory need not be opened; and one that is not costs no more than unlink would. */
        int kind = entry->d_type == DT_DIR ? AT_REMOVEDIR : 0;
        if (unlinkat(dirfd(level->stream), entry->d_name, kind) == 0 || errno == ENOENT) {
            continue;
        }
        if (errno == EISDIR || errno == EPERM || errno == ENOTEMPTY || errno == EEXIST) {
            if (level->depth >= DEPTH && move_up(level, entry->d_name, top)) {
                moved = true;
                continue;
            }
            struct level *below = enter(dirfd(level->stream), entry->d_name, level);
            if (below != NULL) {
                level = below;
                continue;
            }
        }
        if (errno != ENOENT) {
            failure = errno;
        }
    }
    errno = failure;
    return failure == 0 ? 0 : -1;
}
