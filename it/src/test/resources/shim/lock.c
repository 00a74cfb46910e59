#include "battery.h"

#include <sys/file.h>

enum way { FLOCK, POSIX, OFD };
static const char *const ways[] = {"flock", "fcntl", "ofd"};

static long lock(enum way way, int fd, bool exclusive) {
    struct flock region = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    switch (way) {
    case FLOCK:
        return flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB);
    case POSIX:
        return fcntl(fd, F_SETLK, &region);
    default:
        return fcntl(fd, F_OFD_SETLK, &region);
    }
}

static long unlock(enum way way, int fd) {
    struct flock region = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    return way == FLOCK ? flock(fd, LOCK_UN) : fcntl(fd, way == POSIX ? F_SETLK : F_OFD_SETLK, &region);
}

struct attempt {
    enum way way;
    const char *path;
    int flags;
    bool exclusive;
};

/* 0 locked, 1 held by somebody else, 2 something else. */
static int try_lock(void *with) {
    struct attempt *attempt = with;
    int fd = open(attempt->path, attempt->flags);
    if (fd < 0) {
        return 2;
    }
    if (lock(attempt->way, fd, attempt->exclusive) == 0) {
        return 0;
    }
    return errno == EAGAIN || errno == EACCES ? 1 : 2;
}

static int other_process(enum way way, const char *path, int flags, bool exclusive) {
    return in_child(try_lock, &(struct attempt){way, path, flags, exclusive});
}

static void writers(enum origin origin, enum way way) {
    room(origin);
    int fd = open("file", O_RDWR);
    CASE(lock(way, fd, true), "%s %s exclusive", origins[origin], ways[way]);
    fact("same=%d reader=%d", other_process(way, "file", O_RDWR, true),
         other_process(way, "file", O_RDONLY, false));
    fact("by-link=%d", (NEED(symlink("file", "to-file")), other_process(way, "to-file", O_RDWR, true)));
    fact("twin=%d twin-reader=%d", other_process(way, "twin", O_RDWR, true),
         other_process(way, "twin", O_RDONLY, false));
    end();
    NEED(link("file", "second"));
    NEED(rename("file", "renamed"));
    CASE(0, "%s %s under other names", origins[origin], ways[way]);
    fact("second=%d renamed=%d", other_process(way, "second", O_RDWR, true),
         other_process(way, "renamed", O_RDWR, true));
    end();
    CASE(unlock(way, fd), "%s %s unlock", origins[origin], ways[way]);
    fact("same=%d", other_process(way, "renamed", O_RDWR, true));
    end();
    drop(fd);
}

static void readers(enum origin origin, enum way way) {
    room(origin);
    int fd = open("file", O_RDONLY);
    CASE(lock(way, fd, false), "%s %s shared by a reader", origins[origin], ways[way]);
    fact("same=%d", other_process(way, "file", O_RDONLY, false));
    fact("twin=%d", other_process(way, "twin", O_RDONLY, false));
    fact("writer=%d", other_process(way, "file", O_RDWR, true));
    fact("twin-writer=%d", other_process(way, "twin", O_RDWR, true));
    end();
    CASE(lock(way, fd, true), "%s %s exclusive by a reader", origins[origin], ways[way]);
    fact("same=%d twin=%d", other_process(way, "file", O_RDONLY, false),
         other_process(way, "twin", O_RDONLY, false));
    end();
    drop(fd);
    int first = open("file", O_RDONLY), second = open("file", O_RDONLY), twin = open("twin", O_RDONLY);
    CASE(lock(way, first, way == FLOCK), "%s %s two descriptors of one process", origins[origin], ways[way]);
    fact("second=%s", lock(way, second, way == FLOCK) ? error_name(errno) : "0");
    fact("twin=%s", lock(way, twin, way == FLOCK) ? error_name(errno) : "0");
    end();
    drop(second);
    CASE(0, "%s %s after the second is closed", origins[origin], ways[way]);
    fact("writer=%d", other_process(way, "file", O_RDWR, true));
    end();
    drop(first);
    drop(twin);
}

static int inherited(void *with) {
    int *fd = with;
    return unlock(FLOCK, *fd) == 0 ? 0 : 1;
}

static void over_fork(enum origin origin) {
    room(origin);
    int fd = open("file", O_RDWR);
    NEED(lock(FLOCK, fd, true));
    CASE(in_child(inherited, &fd), "%s a child unlocks for all", origins[origin]);
    fact("same=%d", other_process(FLOCK, "file", O_RDWR, true));
    end();
    struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};
    NEED(fcntl(fd, F_SETLK, &held));
    struct flock asked = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    int other = open("file", O_RDWR);
    CASE(fcntl(other, F_OFD_GETLK, &asked), "%s F_OFD_GETLK tells who holds it", origins[origin]);
    fact("type=%d start=%jd length=%jd mine=%d", asked.l_type == F_WRLCK, (intmax_t)asked.l_start,
         (intmax_t)asked.l_len, asked.l_pid == getpid());
    end();
    drop(other);
    CASE(0, "%s a close of any descriptor drops the lock", origins[origin]);
    fact("same=%d", other_process(POSIX, "file", O_RDWR, true));
    end();
    drop(fd);
    LINE(flock(-1, LOCK_SH), "%s flock of no descriptor", origins[origin]);
    fd = open("file", O_RDWR);
    LINE(lockf(fd, F_TLOCK, 0), "%s lockf", origins[origin]);
    LINE(fcntl(fd, F_SETLEASE, F_RDLCK) == 0 || errno == EAGAIN || errno == EACCES, "%s lease",
         origins[origin]);
    drop(fd);
    fd = open("dir", O_RDONLY);
    CASE(flock(fd, LOCK_EX | LOCK_NB), "%s flock of a directory", origins[origin]);
    fact("same=%d other=%d", other_process(FLOCK, "dir", O_RDONLY, false),
         other_process(FLOCK, "full", O_RDONLY, false));
    end();
    drop(fd);
}

void lock_subject(void) {
    BOTH(origin) {
        for (enum way way = FLOCK; way <= OFD; way++) {
            writers(origin, way);
            readers(origin, way);
        }
        over_fork(origin);
    }
}
