#include "hooks_test.h"

#include <limits.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/wait.h>

typedef int add_watch(int, const char *, uint32_t);

/* The next event is this one. *cookie: that of the event, which must be the same where it was not 0. */
static bool hears(int fd, int watch, uint32_t mask, const char *name, uint32_t *cookie) {
    static union {
        struct inotify_event event;
        char bytes[4096];
    } room;
    static size_t at, end;
    if (at == end) {
        struct pollfd ready = {fd, POLLIN, 0};
        CHECK(poll(&ready, 1, 2000) == 1);
        ssize_t got = read(fd, room.bytes, sizeof room);
        CHECK(got > 0);
        at = 0;
        end = (size_t)got;
    }
    struct inotify_event event;
    memcpy(&event, room.bytes + at, sizeof event);
    const char *told = room.bytes + at + sizeof event;
    at += sizeof event + event.len;
    CHECK(event.wd == watch && event.mask == mask && strcmp(told, name) == 0);
    CHECK(*cookie == 0 || event.cookie == *cookie);
    *cookie = event.cookie;
    return true;
}

static bool in_child(bool (*what)(const char *one, const char *other), const char *one, const char *other) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        _exit(what(one, other) ? 0 : 1);
    }
    return waitpid(child, &status, 0) == child && status == 0;
}

static bool work_there(const char *one, const char *other) {
    CHECK(chdir(one) == 0 && make_file("made", "x") && mkdir("sub", 0755) == 0);
    CHECK(symlink("made", "link") == 0 && link("made", "second") == 0 && rename("made", "moved") == 0);
    CHECK(unlink("old") == 0 && rmdir("sub") == 0 && rename("moved", "link") == 0);
    char path[300];
    snprintf(path, sizeof path, "%s/there", other);
    CHECK(rename("second", path) == 0 && rename(path, "back") == 0);
    return true;
}

/* Names that come and go in a directory, by another process; of what was there before nothing is told. */
static bool is_told_of_directory(add_watch *call) {
    const char *one = fresh("watched"), *other = fresh("unwatched");
    char old[300];
    uint32_t none = 0, pair = 0;
    int fd = inotify_init1(IN_NONBLOCK);
    snprintf(old, sizeof old, "%s/old", one);
    CHECK(mkdir(one, 0755) == 0 && mkdir(other, 0755) == 0 && make_file(old, "x"));
    int watch = call(fd, one, IN_CREATE | IN_DELETE | IN_MOVE);
    CHECK(watch >= 0 && in_child(work_there, one, other));
    CHECK(hears(fd, watch, IN_CREATE, "made", &none) && hears(fd, watch, IN_CREATE | IN_ISDIR, "sub", &none));
    CHECK(hears(fd, watch, IN_CREATE, "link", &none) && hears(fd, watch, IN_CREATE, "second", &none));
    CHECK(hears(fd, watch, IN_MOVED_FROM, "made", &pair) && pair != 0);
    CHECK(hears(fd, watch, IN_MOVED_TO, "moved", &pair) && hears(fd, watch, IN_DELETE, "old", &none));
    CHECK(hears(fd, watch, IN_DELETE | IN_ISDIR, "sub", &none));
    pair = 0;
    CHECK(hears(fd, watch, IN_MOVED_FROM, "moved", &pair) && hears(fd, watch, IN_MOVED_TO, "link", &pair));
    pair = 0;
    CHECK(hears(fd, watch, IN_MOVED_FROM, "second", &pair));
    pair = 0;
    CHECK(hears(fd, watch, IN_MOVED_TO, "back", &pair));
    char byte[512];
    return read(fd, byte, sizeof byte) == -1 && errno == EAGAIN;
}

static bool t_inotify(void *symbol) {
    char buffer[4096];
    const char *path = own_file("inotify");
    int fd = inotify_init1(IN_NONBLOCK);
    int (*call)(int, const char *, uint32_t) = (int (*)(int, const char *, uint32_t))symbol;
    CHECK(path && call(fd, path, IN_MODIFY) >= 0 && call(fd, TREE "/dir", IN_ATTRIB) >= 0);
    int file = open(path, O_WRONLY);
    CHECK(write(file, "y", 1) == 1 && read(fd, buffer, sizeof buffer) > 0);
    CHECK(call(fd, TREE "/none", IN_MODIFY) == -1 && errno == ENOENT);
    CHECK(call(fd, NULL, IN_MODIFY) == -1 && errno == EFAULT);
    return is_told_of_directory(call);
}

/* Who may not use fanotify gets the kernel's refusal, with a descriptor that is none: EBADF after the path.
 */
static bool t_fanotify(void *symbol) {
    int (*call)(int, unsigned, uint64_t, int, const char *) =
        (int (*)(int, unsigned, uint64_t, int, const char *))symbol;
    int fd = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);
    CHECK(exists(TREE "/dir/file"));
    if (fd < 0) {
        return call(-1, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, TREE "/none") == -1 && errno == ENOENT;
    }
    CHECK(call(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, TREE "/dir/file") == 0);
    struct pollfd ready = {fd, POLLIN, 0};
    CHECK(has_content(TREE "/dir/file", IN_FILE) && poll(&ready, 1, 1000) == 1);
    return true;
}

static bool t_handle(void *symbol) {
    struct {
        struct file_handle head;
        char room[128];
    } handle;
    int mount;
    int (*call)(int, const char *, struct file_handle *, int *, int) =
        (int (*)(int, const char *, struct file_handle *, int *, int))symbol;
    handle.head.handle_bytes = sizeof handle.room;
    CHECK(call(AT_FDCWD, TREE "/dir/file", &handle.head, &mount, 0) == -1 && errno == EOPNOTSUPP);
    CHECK(call(open(TREE "/dir/file", O_RDONLY), "", &handle.head, &mount, AT_EMPTY_PATH) == -1 &&
          errno == EOPNOTSUPP);
    return call(AT_FDCWD, TREE "/none", &handle.head, &mount, 0) == -1 && errno == ENOENT;
}

CASES("watch", {"inotify_add_watch", t_inotify}, {"fanotify_mark", t_fanotify},
      {"name_to_handle_at", t_handle})
