#include "battery.h"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <time.h>

/* What somebody who watches is told, and in which order. */

/* Who has opened a file for somebody else closes it a moment later than that one: its last event has time to
 * come. */
static void told(int watch) {
    struct pollfd asked = {watch, POLLIN, 0};
    nanosleep(&(struct timespec){.tv_nsec = 3 * 1000 * 1000}, NULL);
    static char bytes[16384] __attribute__((aligned(8)));
    while (poll(&asked, 1, 0) > 0) {
        ssize_t length = read(watch, bytes, sizeof bytes);
        for (char *at = bytes; at < bytes + length;) {
            const struct inotify_event *one = (const void *)at;
            fact("%x%s%s", one->mask, one->len ? "," : "", one->len ? one->name : "");
            at += sizeof *one + one->len;
        }
    }
}

#define TELLS(call, label)                                                                                   \
    do {                                                                                                     \
        CASE(call, "%s %s %s", origins[origin], what, label);                                                \
        told(watch);                                                                                         \
        end();                                                                                               \
    } while (0)

static long written(const char *path, int flags) {
    int fd = open(path, O_WRONLY | flags, 0644);
    long done = write(fd, "some", 4);
    drop(fd);
    return done;
}

static long was_read(const char *path) {
    char bytes[4];
    int fd = open(path, O_RDONLY);
    long done = read(fd, bytes, sizeof bytes);
    drop(fd);
    return done;
}

/* Of a file that was written in this run: what comes from the manifest is another file after its first write.
 */
static void of_file(enum origin origin) {
    static const char *const what = "file:";
    room(origin);
    put("file", "made in this run\n");
    int watch = inotify_init1(IN_NONBLOCK);
    NEED(inotify_add_watch(watch, "file", IN_ALL_EVENTS));
    TELLS(was_read("file"), "read");
    TELLS(written("file", 0), "write");
    TELLS(written("file", O_APPEND), "append");
    TELLS(written("file", O_TRUNC), "truncated");
    TELLS(truncate("file", 2), "truncate");
    TELLS(chmod("file", 0600), "chmod");
    TELLS(utimensat(AT_FDCWD, "file", NULL, 0), "utimens");
    TELLS(link("file", "second"), "link");
    TELLS(unlink("second"), "unlink of the second");
    TELLS(rename("file", "renamed"), "rename");
    TELLS(unlink("renamed"), "unlink");
    drop(watch);
}

static void of_directory(enum origin origin) {
    static const char *const what = "directory:";
    room(origin);
    int watch = inotify_init1(IN_NONBLOCK);
    NEED(inotify_add_watch(watch, "full", IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF));
    TELLS(written("full/new", O_CREAT | O_EXCL), "create");
    TELLS(mkdir("full/dir", 0755), "mkdir");
    TELLS(symlink("x", "full/link"), "symlink");
    TELLS(mkfifo("full/pipe", 0644), "mkfifo");
    TELLS(link("file", "full/linked"), "link");
    TELLS(rename("full/new", "full/newer"), "rename in it");
    TELLS(rename("other", "full/other"), "rename into it");
    TELLS(rename("full/other", "other"), "rename out of it");
    TELLS(rename("full/newer", "full/linked"), "rename over");
    TELLS(renameat2(AT_FDCWD, "full/dir", AT_FDCWD, "full/linked", RENAME_EXCHANGE), "exchange");
    TELLS(unlink("full/pipe"), "unlink");
    TELLS(rmdir("full/linked"), "rmdir");
    TELLS(mkdir("full/dir", 0755), "mkdir that fails");
    TELLS(unlink("full/none"), "unlink that fails");
    drop(watch);
}

static void forms(enum origin origin) {
    room(origin);
    int watch = inotify_init1(IN_NONBLOCK);
    LINE(inotify_add_watch(watch, "full", 0), "%s no event", origins[origin]);
    LINE(inotify_add_watch(watch, "full", IN_CREATE | IN_MASK_ADD | IN_MASK_CREATE), "%s both masks",
         origins[origin]);
    LINE(inotify_add_watch(watch, nowhere, IN_CREATE), "%s nowhere", origins[origin]);
    LINE(inotify_add_watch(watch, "", IN_CREATE), "%s no name", origins[origin]);
    LINE(inotify_add_watch(watch, "loop", IN_CREATE), "%s a loop", origins[origin]);
    LINE(ok(inotify_add_watch(watch, "loop", IN_DELETE_SELF | IN_DONT_FOLLOW)), "%s the loop itself",
         origins[origin]);
    LINE(inotify_add_watch(-1, "full", IN_CREATE), "%s no descriptor", origins[origin]);
    LINE(inotify_add_watch(0, "full", IN_CREATE) < 0, "%s a descriptor of something else", origins[origin]);
    int first = inotify_add_watch(watch, "full", IN_CREATE),
        second = inotify_add_watch(watch, "full", IN_DELETE);
    CASE(first == second, "%s twice the same", origins[origin]);
    drop(creat("full/x", 0644));
    told(watch);
    unlink("full/x");
    told(watch);
    end();
    CASE(inotify_add_watch(watch, "full", IN_CREATE | IN_MASK_CREATE) < 0, "%s what is there",
         origins[origin]);
    end();
    LINE(inotify_rm_watch(watch, first), "%s without it", origins[origin]);
    drop(watch);
}

void events_subject(void) {
    BOTH(origin) {
        of_file(origin);
        of_directory(origin);
        forms(origin);
    }
}
