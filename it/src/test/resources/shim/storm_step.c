#include "storm.h"

#include <sys/xattr.h>

enum { NAMES = 7, DEPTH = 3 };

/* "c", "a/d" or "b/a/f": names are few, so that calls meet. */
static const char *any_path(void) {
    static char paths[4][32];
    static unsigned turn;
    char *path = paths[turn++ % LENGTH(paths)];
    size_t at = 0;
    for (unsigned depth = 1 + draw(DEPTH); depth > 0; depth--) {
        path[at++] = (char)('a' + draw(NAMES));
        path[at++] = depth > 1 ? '/' : 0;
    }
    return path;
}

static long write_some(const char *path, int flags) {
    static const char text[] = "some bytes that a storm leaves behind, again and again; ";
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0600 | draw(0100));
    if (fd < 0) {
        return -1;
    }
    long done = 0;
    for (unsigned pieces = draw(4); pieces > 0 && done >= 0; pieces--) {
        done = write(fd, text, 1 + draw(sizeof text - 1));
    }
    drop(fd);
    return done < 0 ? -1 : 0;
}

static long use_attribute(const char *path) {
    char value[8];
    switch (draw(3)) {
    case 0:
        return lsetxattr(path, "user.storm", "blows", 5, 0);
    case 1:
        return lgetxattr(path, "user.storm", value, sizeof value);
    default:
        return lremovexattr(path, "user.storm");
    }
}

static long any_call(void) {
    const char *path = any_path(), *other = any_path();
    struct stat is;
    switch (draw(20)) {
    case 0:
    case 1:
        return mkdir(path, 0700 | draw(0100));
    case 2:
    case 3:
        return write_some(path, O_WRONLY | O_CREAT);
    case 4:
        return write_some(path, O_WRONLY | O_CREAT | O_EXCL);
    case 5:
        return write_some(path, O_WRONLY | O_APPEND);
    case 6:
        return write_some(path, O_RDWR | O_TRUNC);
    case 7:
        return unlink(path);
    case 8:
        return rmdir(path);
    case 9:
    case 10:
        return rename(path, other);
    case 11:
        return renameat2(AT_FDCWD, path, AT_FDCWD, other, draw(2) ? RENAME_EXCHANGE : RENAME_NOREPLACE);
    case 12:
    case 13:
        return link(path, other);
    case 14:
        return symlink(other, path);
    case 15:
        return chmod(path, 0700 | draw(0100));
    case 16:
        return truncate(path, (off_t)draw(300));
    case 17:
        return mknod(path, (draw(2) ? S_IFIFO : S_IFREG) | 0600, 0);
    case 18:
        return use_attribute(path);
    default:
        return lstat(path, &is) == 0 ? (long)is.st_nlink : -1;
    }
}

uint32_t storm_step(uint32_t sum) {
    errno = 0;
    long done = any_call();
    return mixed(mixed(sum, (uint32_t)done), done < 0 ? (uint32_t)errno : 0);
}
