#include "beside.h"

#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Files: which one it is, what is written where, what stays when names go. */

static const struct made_entry ENTRIES[] = {
    {'d', "a", 0755, NULL, 0},    {'d', "a/b", 0755, NULL, 0},      {'d', "c", 0755, NULL, 0},
    {'f', "f", 0644, NULL, 5000}, {'f', "a/same", 0644, NULL, 100}, {'f', "c/same", 0600, NULL, 100},
    {'f', "g", 0444, NULL, 10},   {'f', "a/g", 0644, NULL, 10},     {'f', "a/b/h", 0644, NULL, 9000},
    {'l', "l", 0777, "f", 0},     {'d', "s", 02775, NULL, 0},
};

static uint64_t inode_of(const char *path, uint64_t *device) {
    struct stat status = {0};
    CHECK_IS(on_stat(&shown, AT_FDCWD, path, 0, &status), 0);
    *device = status.st_dev;
    return status.st_ino;
}

static void identity(void) {
    uint64_t device, other;
    struct stat one, two;
    uint64_t before = inode_of("@/f", &device);
    int one_fd = (int)on_open(&shown, AT_FDCWD, "@/a/same", O_RDONLY | O_CLOEXEC, 0);
    int two_fd = (int)on_open(&shown, AT_FDCWD, "@/c/same", O_RDONLY | O_CLOEXEC, 0);
    CHECK_IS(on_stat(&shown, one_fd, "", AT_EMPTY_PATH, &one), 0);
    CHECK_IS(on_stat(&shown, two_fd, "", AT_EMPTY_PATH, &two), 0);
    CHECK(one.st_ino == inode_of("@/a/same", &other) && two.st_ino == inode_of("@/c/same", &other));
    CHECK(one.st_ino != two.st_ino && (one.st_mode & 0777) == 0644 && (two.st_mode & 0777) == 0600);
    CHECK(device == world.device && one.st_dev == device);
    close(one_fd);
    close(two_fd);
    int fd = (int)on_open(&shown, AT_FDCWD, "@/f", O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    CHECK(write(fd, "more", 4) == 4);
    CHECK_IS(on_stat(&shown, fd, "", AT_EMPTY_PATH, &one), 0);
    close(fd);
    CHECK(one.st_ino == before && one.st_dev == device && one.st_size == 5004 && one.st_nlink == 2);
    CHECK(inode_of("@/f", &other) == before && other == device && inode_of("@/l", &other) == before);
}

/* An open for writing alone says nothing of the file's time. */
static void times_of_copy(void) {
    struct stat before, after;
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/b/h", 0, &before), 0);
    CHECK(before.st_mtim.tv_sec == made_seconds("a/b/h"));
    int fd = (int)on_open(&shown, AT_FDCWD, "@/a/b/h", O_RDWR | O_CLOEXEC, 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/b/h", 0, &after), 0);
    CHECK(memcmp(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim) == 0 &&
          after.st_size == before.st_size);
    CHECK(write(fd, "x", 1) == 1);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/b/h", 0, &after), 0);
    CHECK(after.st_mtim.tv_sec > before.st_mtim.tv_sec);
    close(fd);
    struct timespec times[2] = {{1, 2}, {333, 444}};
    CHECK_IS(on_utimens(&shown, AT_FDCWD, "@/a/b/h", times, 0), 0);
    CHECK_IS(on_utimens(&shown, AT_FDCWD, "@/a/b", times, 0), 0);
    CHECK_IS(on_utimens(&shown, AT_FDCWD, "@/l", times, AT_SYMLINK_NOFOLLOW), 0);
    static const char *const SET[] = {"@/a/b/h", "@/a/b", "@/l"};
    for (unsigned i = 0; i < 3; i++) {
        CHECK_IS(on_stat(&shown, AT_FDCWD, SET[i], AT_SYMLINK_NOFOLLOW, &after), 0);
        CHECK(after.st_mtim.tv_sec == 333 && after.st_mtim.tv_nsec == 444);
    }
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a", 0, &before), 0);
    CHECK_IS(on_unlink(&shown, AT_FDCWD, "@/a/b/h", 0), 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/b", 0, &after), 0);
    CHECK(after.st_mtim.tv_sec > 333);
}

/* The store's file is what it was, whoever writes. */
static void store_stays(void) {
    char elsewhere[PATH_MAX], before[20], after[20];
    struct stat one, two;
    caller.again = false;
    char path[600];
    snprintf(path, sizeof path, "%s/a/g", shown.base);
    CHECK_IS(call_real_path(&caller, AT_FDCWD, path, 0, elsewhere), PASS);
    int fd = open(elsewhere, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && fstat(fd, &one) == 0 && read(fd, before, 10) == 10);
    static const int FLAGS[] = {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_TRUNC, O_WRONLY | O_CREAT};
    for (unsigned i = 0; i < 5; i++) {
        int to = (int)on_open(&shown, AT_FDCWD, "@/a/g", FLAGS[i] | O_CLOEXEC, 0600);
        CHECK(to >= 0 && (i == 2 || write(to, "changed", 7) == 7));
        close(to);
    }
    CHECK_IS(on_truncate(&shown, "@/g", 3), 0);
    CHECK_IS(on_chmod(&shown, AT_FDCWD, "@/g", 0777, 0), 0);
    CHECK(fstat(fd, &two) == 0 && two.st_size == one.st_size && two.st_mode == one.st_mode &&
          two.st_mtim.tv_sec == one.st_mtim.tv_sec && pread(fd, after, 10, 0) == 10 &&
          memcmp(before, after, 10) == 0);
    close(fd);
}

static void without_a_name(void) {
    char path[60], bytes[10];
    struct stat status;
    int fd = (int)on_open(&shown, AT_FDCWD, "@/new", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(write(fd, "content", 7) == 7);
    CHECK_IS(on_unlink(&shown, AT_FDCWD, "@/new", 0), 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/new", 0, &status), -ENOENT);
    CHECK_IS(on_stat(&shown, fd, "", AT_EMPTY_PATH, &status), 0);
    CHECK(status.st_nlink == 0 && status.st_size == 7 && status.st_dev == world.device);
    CHECK_IS(on_chmod(&shown, fd, "", 0640, AT_EMPTY_PATH), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = (int)on_open(&shown, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    CHECK(again >= 0 && read(again, bytes, 10) == 7 && memcmp(bytes, "content", 7) == 0);
    CHECK_IS(on_link(&shown, AT_FDCWD, path, AT_FDCWD, "@/back", AT_SYMLINK_FOLLOW), -ENOENT);
    close(fd);
    close(again);
}

static void unnamed(void) {
    char path[60];
    struct stat status;
    for (unsigned i = 0; i < 2; i++) {
        const struct side *side = i == 0 ? &real : &shown;
        int fd = (int)on_open(side, AT_FDCWD, "@/a", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
        CHECK(fd >= 0 && write(fd, "given", 5) == 5);
        CHECK_IS(on_stat(side, fd, "", AT_EMPTY_PATH, &status), 0);
        CHECK(status.st_nlink == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        CHECK_IS(on_link(side, AT_FDCWD, path, AT_FDCWD, "@/a/given", AT_SYMLINK_FOLLOW), 0);
        CHECK_IS(on_stat(side, fd, "", AT_EMPTY_PATH, &status), 0);
        CHECK(status.st_nlink == 1 && status.st_size == 5);
        CHECK_IS(on_link(side, AT_FDCWD, path, AT_FDCWD, "@/c/given", AT_SYMLINK_FOLLOW), 0);
        close(fd);
    }
    BOTH(on_open(side, AT_FDCWD, "@/a", O_TMPFILE | O_RDONLY, 0600));
    BOTH(on_open(side, AT_FDCWD, "@/f", O_TMPFILE | O_RDWR, 0600));
}

/* Everything onto everything, with every flag. */
static void put(const struct side *side, unsigned kind, const char *name) {
    char inside[100];
    snprintf(inside, sizeof inside, "%s/inside", name);
    switch (kind) {
    case 1:
        close((int)on_open(side, AT_FDCWD, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        break;
    case 2:
    case 3:
        on_mkdir(side, AT_FDCWD, name, 0755);
        if (kind == 3) {
            on_mkdir(side, AT_FDCWD, inside, 0755);
        }
        break;
    case 4:
        on_symlink(side, "f", AT_FDCWD, name);
        break;
    case 5:
        on_mknod(side, AT_FDCWD, name, S_IFIFO | 0600);
        break;
    case 6:
        on_link(side, AT_FDCWD, "@/g", AT_FDCWD, name, 0);
        break;
    default:
        break;
    }
}

static void take(const struct side *side, const char *name) {
    char inside[100];
    snprintf(inside, sizeof inside, "%s/inside", name);
    on_unlink(side, AT_FDCWD, inside, AT_REMOVEDIR);
    on_unlink(side, AT_FDCWD, name, AT_REMOVEDIR);
    on_unlink(side, AT_FDCWD, name, 0);
}

static void renames(void) {
    static const unsigned FLAGS[] = {0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_NOREPLACE | RENAME_EXCHANGE,
                                     64};
    static const char *const TO[] = {"@/a/to", "@/to/", "@/a/b/to", "@/a/from/to", "@/a/from/inside/to"};
    for (unsigned i = 0; i < 7 * 7 * 5 * 5 * 2; i++) {
        unsigned one = i % 7, two = i / 7 % 7;
        const char *to = TO[i / 49 % 5], *from = i / 1225 == 0 ? "@/a/from" : "@/a/from/";
        char name[100], text[200];
        strcpy(name, to);
        name[strlen(name) - (name[strlen(name) - 1] == '/')] = 0;
        for (unsigned j = 0; j < 2; j++) {
            put(j == 0 ? &real : &shown, one, "@/a/from");
            put(j == 0 ? &real : &shown, two, name);
        }
        unsigned before = failures;
        BOTH(on_rename(side, AT_FDCWD, from, AT_FDCWD, to, FLAGS[i / 245 % 5]));
        snprintf(text, sizeof text, "%u on %u, %s to %s, %u\n", one, two, from, to, FLAGS[i / 245 % 5]);
        CHECK(i % 10 != 0 || same_trees());
        if (failures != before) {
            fputs(text, stderr);
        }
        for (unsigned j = 0; j < 2; j++) {
            take(j == 0 ? &real : &shown, name);
            take(j == 0 ? &real : &shown, "@/a/from");
            take(j == 0 ? &real : &shown, name);
        }
    }
    BOTH(on_rename(side, AT_FDCWD, "@/a", AT_FDCWD, "@/a/b/x", 0));
    BOTH(on_rename(side, AT_FDCWD, "@/a/b", AT_FDCWD, "@/a", 0));
    BOTH(on_rename(side, AT_FDCWD, "@/a/b", AT_FDCWD, "@/a", RENAME_EXCHANGE));
    CHECK(same_trees());
}

static void other_things(void) {
    struct statfs system;
    char elsewhere[PATH_MAX], path[600];
    snprintf(path, sizeof path, "%s/f", shown.base);
    CHECK_IS(call_statfs(&caller, AT_FDCWD, path, &system, elsewhere), 0);
    CHECK(system.f_bsize > 0);
    BOTH(on_link(side, AT_FDCWD, "@/a", AT_FDCWD, "@/x", 0));
    BOTH(on_link(side, AT_FDCWD, "@/l", AT_FDCWD, "@/l2", 0));
    BOTH(on_link(side, AT_FDCWD, "@/l", AT_FDCWD, "@/f2", AT_SYMLINK_FOLLOW));
    BOTH(on_mkdir(side, AT_FDCWD, "@/s/d", 0777));
    BOTH(on_chmod(side, AT_FDCWD, "@/l", 0600, AT_SYMLINK_NOFOLLOW));
    BOTH(on_setxattr(side, "@/f", "user.one", "1", 0));
    BOTH(on_setxattr(side, "@/c/same", "user.two", "22", 0));
    BOTH(on_setxattr(side, "@/c", "user.dir", "333", 0));
    static const char *const NAMES[] = {"@/f", "@/c/same", "@/c", "@/a", "@/a/same"};
    for (unsigned i = 0; i < 5; i++) {
        char list[2][400] = {{0}, {0}};
        long length = BOTH(on_listxattr(side, NAMES[i], list[side->real], 400));
        CHECK(length < 0 || memcmp(list[0], list[1], (size_t)length) == 0);
        BOTH(on_listxattr(side, NAMES[i], NULL, 0));
        BOTH(on_getxattr(side, NAMES[i], "user.two", NULL, 0));
        BOTH(on_removexattr(side, NAMES[i], "user.two"));
    }
    CHECK_IS(on_setxattr(&shown, "@/f", "security.x", "1", 0), -EOPNOTSUPP);
    CHECK_IS(on_getxattr(&shown, "@/f", "system.posix_acl_access", NULL, 0), -EOPNOTSUPP);
    CHECK(same_trees());
}

static void sockets(void) {
    char elsewhere[PATH_MAX], path[600];
    struct stat status;
    node_id node;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int one = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
        two = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(path, sizeof path, "%s/a/socket", shown.base);
    CHECK_IS(call_bind(&caller, path, &node, elsewhere), PASS);
    CHECK(strlen(elsewhere) < sizeof address.sun_path);
    strncpy(address.sun_path, elsewhere, sizeof address.sun_path - 1);
    CHECK(bind(one, (struct sockaddr *)&address, sizeof address) == 0 && listen(one, 1) == 0);
    CHECK_IS(call_bound(&caller, path, node, elsewhere), 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/socket", 0, &status), 0);
    CHECK(S_ISSOCK(status.st_mode) && status.st_nlink == 1);
    CHECK_IS(call_bind(&caller, path, &node, elsewhere), -EADDRINUSE);
    CHECK_IS(call_real_path(&caller, AT_FDCWD, path, 0, elsewhere), PASS);
    strncpy(address.sun_path, elsewhere, sizeof address.sun_path - 1);
    CHECK(connect(two, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK_IS(on_unlink(&shown, AT_FDCWD, "@/a/socket", 0), 0);
    CHECK(access(elsewhere, F_OK) != 0);
    close(one);
    close(two);
}

static void other_process(void) {
    struct stat status;
    pid_t child = fork();
    if (child == 0) {
        int fd = (int)on_open(&shown, AT_FDCWD, "@/a/child", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        bool good =
            write(fd, "child", 5) == 5 && on_rename(&shown, AT_FDCWD, "@/a", AT_FDCWD, "@/moved", 0) == 0;
        _exit(!good);
    }
    int ended = -1;
    CHECK(waitpid(child, &ended, 0) == child && ended == 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/moved/child", 0, &status), 0);
    CHECK(status.st_size == 5);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a", 0, &status), -ENOENT);
}

int main(void) {
    make_both(ENTRIES, sizeof ENTRIES / sizeof *ENTRIES, geteuid());
    renames();
    other_things();
    unnamed();
    CHECK(same_trees());
    identity();
    times_of_copy();
    store_stays();
    without_a_name();
    sockets();
    other_process();
    remove_both();
    printf("files: %u failures\n", failures);
    return failures != 0;
}
