#include "hooks_test.h"

#include <limits.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>

static bool t_inotify(void *symbol) {
    char buffer[4096];
    const char *path = own_file("inotify");
    int fd = inotify_init1(IN_NONBLOCK);
    int (*call)(int, const char *, uint32_t) = (int (*)(int, const char *, uint32_t))symbol;
    CHECK(path && call(fd, path, IN_MODIFY) >= 0 && call(fd, TREE "/dir", IN_ATTRIB) >= 0);
    int file = open(path, O_WRONLY);
    CHECK(write(file, "y", 1) == 1 && read(fd, buffer, sizeof buffer) > 0);
    return call(fd, TREE "/none", IN_MODIFY) == -1 && errno == ENOENT;
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
