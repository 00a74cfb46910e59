#include "acts.h"

#include <sys/mman.h>

/* Owners and the bits that lend rights: what chown(2) and writing do to them, and what a directory that gives
 * its group on does. Who runs this as an ordinary user is refused most of it, in both places. */

#define OTHER 65534u

static const char *const things[] = {"file", "dir", "link", "pipe", "sock"};
static const struct {
    const char *name;
    uid_t uid;
    gid_t gid;
} gifts[] = {{"nobody", (uid_t)-1, (gid_t)-1},
             {"a user", OTHER, (gid_t)-1},
             {"a group", (uid_t)-1, OTHER},
             {"both", OTHER, OTHER}};

static void owners(const char *path) {
    struct stat is = status(path);
    fact("%o %d,%d", is.st_mode & 07777u, is.st_uid == OTHER, is.st_gid == OTHER);
}

static void give(enum origin origin) {
    static const unsigned modes[] = {0644, 04755, 06711, 02750, 02640, 01777, 06000};
    for (size_t k = 0; k < LENGTH(gifts); k++) {
        room(origin);
        make_nodes();
        for (size_t i = 0; i < LENGTH(things); i++) {
            for (size_t m = 0; m < LENGTH(modes); m++) {
                if (strcmp(things[i], "link") != 0) {
                    (void)!chown(things[i], getuid(), getgid());
                    NEED(chmod(things[i], modes[m]));
                }
                CASE(lchown(things[i], gifts[k].uid, gifts[k].gid), "%s %s of %o to %s", origins[origin],
                     things[i], modes[m], gifts[k].name);
                owners(things[i]);
                end();
            }
        }
    }
}

/* Who gives to nobody moves the change time all the same. */
static void change_times(enum origin origin) {
    for (size_t k = 0; k < LENGTH(gifts); k++) {
        room(origin);
        make_nodes();
        for (size_t i = 0; i < LENGTH(things); i++) {
            struct stat before = status(things[i]);
            tick();
            CASE(lchown(things[i], gifts[k].uid, gifts[k].gid), "%s times of %s to %s", origins[origin],
                 things[i], gifts[k].name);
            struct stat after = status(things[i]);
            fact("mtime=%d ctime=%d", compare_times(before.st_mtim, after.st_mtim),
                 compare_times(before.st_ctim, after.st_ctim));
            end();
        }
    }
}

static long by_map(const char *path) {
    int fd = open(path, O_RDWR);
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    drop(fd);
    if (map == MAP_FAILED) {
        return -1;
    }
    map[0] = 'm';
    return munmap(map, 4096);
}

static long by_way(const char *path, unsigned way) {
    int fd = -1;
    long done = -1;
    switch (way) {
    case 0:
        fd = open(path, O_WRONLY);
        done = write(fd, "w", 1);
        break;
    case 1:
        return truncate(path, 2);
    case 2:
        fd = open(path, O_WRONLY);
        done = ftruncate(fd, 3);
        break;
    case 3:
        fd = open(path, O_WRONLY | O_TRUNC);
        done = ok(fd);
        break;
    case 4:
        fd = open(path, O_WRONLY);
        done = fallocate(fd, 0, 0, 4096);
        break;
    case 5:
        return by_map(path);
    }
    drop(fd);
    return done;
}

static void writing(enum origin origin) {
    static const char *const ways[] = {"write", "truncate", "ftruncate", "O_TRUNC", "fallocate", "map"};
    static const unsigned modes[] = {04755, 06777, 02755, 02644, 01644};
    for (size_t m = 0; m < LENGTH(modes); m++) {
        room(origin);
        static const char *const files[] = {"file", "twin", "other", "linked", "empty", "full/inner"};
        for (unsigned way = 0; way < LENGTH(ways); way++) {
            NEED(chmod(files[way], modes[m]));
            CASE(by_way(files[way], way), "%s %s to a file of %o", origins[origin], ways[way], modes[m]);
            fact("%o", status(files[way]).st_mode & 07777u);
            end();
        }
    }
}

/* What is made in a directory that gives its group on. */
static void heirs(enum origin origin) {
    static const char *const makers[] = {"mkdir",       "mkfifo",         "mknod",   "device",    "bind",
                                         "open create", "open exclusive", "symlink", "rename to", "link to"};
    static const unsigned modes[] = {02755, 0755, 03777};
    for (size_t m = 0; m < LENGTH(modes); m++) {
        room(origin);
        (void)!chown("dir", (uid_t)-1, OTHER);
        NEED(chmod("dir", modes[m]));
        for (size_t i = 0; i < act_count; i++) {
            for (size_t k = 0; k < LENGTH(makers); k++) {
                if (strcmp(acts[i].name, makers[k]) == 0) {
                    char path[32];
                    snprintf(path, sizeof path, "dir/%zu", k);
                    make_spare();
                    CASE(acts[i].run(path), "%s %s in a directory of %o", origins[origin], makers[k],
                         modes[m]);
                    struct stat is = {0};
                    int seen = lstat(path, &is);
                    fact("%d %o %d", seen, is.st_mode, is.st_gid == OTHER);
                    end();
                }
            }
        }
        int fd = open("dir", O_TMPFILE | O_RDWR, 02755);
        struct stat is = {0};
        CASE(fstat(fd, &is), "%s unnamed in a directory of %o", origins[origin], modes[m]);
        fact("%o %d", is.st_mode, is.st_gid == OTHER);
        end();
        drop(fd);
        OPENS(open("dir/with-bits", O_CREAT | O_RDWR, 06777), "%s bits in a directory of %o", origins[origin],
              modes[m]);
        CASE(mkdir("dir/directory-with-bits", 06777), "%s a directory's bits in one of %o", origins[origin],
             modes[m]);
        owners("dir/with-bits");
        owners("dir/directory-with-bits");
        end();
    }
}

void owner_subject(void) {
    BOTH(origin) {
        give(origin);
        change_times(origin);
        writing(origin);
        heirs(origin);
    }
}
