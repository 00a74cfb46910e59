#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The session's own directories hold one level. What is deeper was made by programs that do not know the
 * tree; what this does not reach the next start of velo removes. */
enum { DEPTH = 64 };

static int remove_below(int parent, const char *name, unsigned depth);

static int remove_entries(int directory, unsigned depth) {
    int failed = 0;
    DIR *stream = fdopendir(directory);
    if (stream == NULL) {
        close(directory);
        return -1;
    }
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(stream), entry->d_name, 0) != 0 && errno != ENOENT &&
            remove_below(dirfd(stream), entry->d_name, depth) != 0) {
            failed = errno;
        }
    }
    closedir(stream);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

static int remove_below(int parent, const char *name, unsigned depth) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0) {
        return 0;
    }
    int directory = openat(parent, name, flags);
    if (directory < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0) {
        directory = openat(parent, name, flags);
    }
    if (directory < 0 || depth == 0) {
        const int errnum = directory < 0 ? errno : ELOOP;
        if (directory >= 0) {
            close(directory);
        }
        errno = errnum;
        return -1;
    }
    fchmod(directory, 0700);
    if (remove_entries(directory, depth - 1) != 0) {
        return -1;
    }
    return unlinkat(parent, name, AT_REMOVEDIR);
}

int remove_tree(int parent, const char *name) {
    return remove_below(parent, name, DEPTH);
}
