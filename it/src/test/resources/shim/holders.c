#include "battery.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

/* Locks and leases of several processes on a file that is written to, renamed and linked meanwhile. */

enum way { FLOCK, POSIX, OFD };
static const char *const ways[] = {"flock", "fcntl", "ofd"};

static long lock(enum way way, int fd, short type, off_t start, off_t length) {
    struct flock region = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    if (way == FLOCK) {
        return flock(fd, (type == F_WRLCK ? LOCK_EX : type == F_RDLCK ? LOCK_SH : LOCK_UN) | LOCK_NB);
    }
    return fcntl(fd, way == POSIX ? F_SETLK : F_OFD_SETLK, &region);
}

struct attempt {
    enum way way;
    const char *path;
    short type;
    off_t start, length;
};

static int try_lock(void *with) {
    struct attempt *a = with;
    int fd = open(a->path, O_RDWR);
    return fd < 0 ? 2 : lock(a->way, fd, a->type, a->start, a->length) == 0 ? 0 : 1;
}

static int other(enum way way, const char *path, short type, off_t start, off_t length) {
    return in_child(try_lock, &(struct attempt){way, path, type, start, length});
}

static void regions(enum origin origin, enum way way) {
    room(origin);
    int fd = open("file", O_RDWR);
    CASE(lock(way, fd, F_WRLCK, 4, 4), "%s %s a region", origins[origin], ways[way]);
    fact("same=%d before=%d behind=%d over=%d shared=%d", other(way, "file", F_WRLCK, 4, 4),
         other(way, "file", F_WRLCK, 0, 4), other(way, "file", F_WRLCK, 8, 0),
         other(way, "file", F_WRLCK, 0, 5), other(way, "file", F_RDLCK, 7, 1));
    end();
    NEED(pwrite(fd, "written", 7, 0));
    NEED(rename("file", "dir/file") + link("dir/file", "second"));
    CASE(lock(way, fd, F_UNLCK, 5, 2), "%s %s a part is free", origins[origin], ways[way]);
    fact("part=%d rest=%d", other(way, "second", F_WRLCK, 5, 2), other(way, "dir/file", F_WRLCK, 7, 1));
    end();
    CASE(lock(way, fd, F_RDLCK, 0, 0), "%s %s shared now", origins[origin], ways[way]);
    fact("shared=%d alone=%d", other(way, "second", F_RDLCK, 0, 0), other(way, "second", F_WRLCK, 0, 0));
    end();
    int copy = dup(fd);
    drop(copy);
    CASE(0, "%s %s after a duplicate is closed", origins[origin], ways[way]);
    fact("alone=%d", other(way, "second", F_WRLCK, 0, 0));
    end();
    put("second", "truncated by another open\n");
    CASE(0, "%s %s after another descriptor is closed", origins[origin], ways[way]);
    fact("alone=%d", other(way, "second", F_WRLCK, 0, 0));
    end();
    drop(fd);
    CASE(0, "%s %s after all are closed", origins[origin], ways[way]);
    fact("alone=%d", other(way, "second", F_WRLCK, 0, 0));
    end();
}

/* A child holds a lock until it is told to end. */
struct holder {
    pid_t child;
    int input;
};

static struct holder hold(enum way way, const char *path, short type) {
    int to[2], from[2];
    NEED(pipe(to) + pipe(from));
    pid_t child = fork();
    NEED(child);
    if (child == 0) {
        char byte = 'l';
        drop(to[1]);
        int fd = open(path, O_RDWR);
        if (lock(way, fd, type, 0, 0) != 0 || write(from[1], &byte, 1) != 1) {
            _exit(1);
        }
        _exit(read(to[0], &byte, 1) == 0 ? 0 : 1);
    }
    char byte;
    drop(to[0]);
    drop(from[1]);
    need(read(from[0], &byte, 1) == 1, "the lock of a child");
    drop(from[0]);
    return (struct holder){child, to[1]};
}

static void release(struct holder holder) {
    int how;
    drop(holder.input);
    NEED(waitpid(holder.child, &how, 0));
}

static void of_others(enum origin origin, enum way way) {
    room(origin);
    struct holder holder = hold(way, "file", F_WRLCK);
    int fd = open("file", O_RDWR);
    CASE(lock(way, fd, F_RDLCK, 0, 0), "%s %s of another", origins[origin], ways[way]);
    struct flock asked = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (way == POSIX) {
        fact("%d %d", fcntl(fd, F_GETLK, &asked), asked.l_pid == holder.child);
    }
    end();
    release(holder);
    LINE(lock(way, fd, F_WRLCK, 0, 0), "%s %s when it is gone", origins[origin], ways[way]);
    drop(fd);
}

static volatile sig_atomic_t signals;

static void count_signal(int number) {
    (void)number;
    signals++;
}

static int open_for(void *with) {
    const int *flags = with;
    int fd = open("file", *flags | O_NONBLOCK);
    return fd >= 0 ? 0 : errno;
}

static void leases(enum origin origin) {
    room(origin);
    put("file", "a file of this run\n");
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
    sigaction(SIGIO, &action, NULL);
    int fd = open("file", O_RDONLY);
    signals = 0;
    LINE(fcntl(fd, F_GETLEASE), "%s no lease yet", origins[origin]);
    LINE(fcntl(fd, F_SETLEASE, F_RDLCK), "%s lease for reading", origins[origin]);
    LINE(fcntl(fd, F_GETLEASE), "%s which it is", origins[origin]);
    CASE(in_child(open_for, &(int){O_RDONLY}), "%s a reader comes", origins[origin]);
    fact("%d", signals);
    end();
    CASE(in_child(open_for, &(int){O_WRONLY}), "%s a writer comes", origins[origin]);
    fact("%d", signals > 0);
    end();
    LINE(fcntl(fd, F_SETLEASE, F_UNLCK), "%s no lease any more", origins[origin]);
    LINE(in_child(open_for, &(int){O_WRONLY}), "%s a writer may come", origins[origin]);
    drop(fd);
    fd = open("file", O_RDWR);
    LINE(fcntl(fd, F_SETLEASE, F_RDLCK), "%s lease for reading by a writer", origins[origin]);
    signals = 0;
    LINE(fcntl(fd, F_SETLEASE, F_WRLCK), "%s lease for writing", origins[origin]);
    CASE(in_child(open_for, &(int){O_RDONLY}), "%s a reader comes then", origins[origin]);
    fact("%d", signals > 0);
    end();
    drop(fd);
    fd = open("dir", O_RDONLY);
    LINE(fcntl(fd, F_SETLEASE, F_RDLCK), "%s lease of a directory", origins[origin]);
    drop(fd);
    signal(SIGIO, SIG_DFL);
}

void holders_subject(void) {
    BOTH(origin) {
        for (enum way way = FLOCK; way <= OFD; way++) {
            regions(origin, way);
            of_others(origin, way);
        }
        leases(origin);
    }
}
