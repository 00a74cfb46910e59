#include "battery.h"

#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <time.h>
#include <utime.h>

static const char *const kinds[] = {"file", "dir",     "link",  "dlink", "dangling",
                                    "loop", "missing", "file/", "",      "other"};

static void modes(enum origin origin) {
    static const unsigned all[] = {0, 0400, 0644, 0777, 01777, 02755, 04755, 07777, 010644};
    room(origin);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        for (size_t k = 0; k < LENGTH(all); k++) {
            CASE(chmod(kinds[i], all[k]), "%s chmod %o '%s'", origins[origin], all[k], kinds[i]);
            show(kinds[i]);
            end();
        }
        CASE(fchmodat(AT_FDCWD, kinds[i], 0640, AT_SYMLINK_NOFOLLOW), "%s fchmodat nofollow '%s'",
             origins[origin], kinds[i]);
        show(kinds[i]);
        end();
    }
    LINE(fchmodat(AT_FDCWD, "file", 0600, 1 << 20), "%s fchmodat with an unknown flag", origins[origin]);
    room(origin);
    int reader = open("file", O_RDONLY), directory = open("dir", O_RDONLY);
    CASE(fchmod(reader, 0604), "%s fchmod of a reader", origins[origin]);
    show("file");
    show("twin");
    end();
    CASE(fchmod(directory, 0711), "%s fchmod of a directory", origins[origin]);
    show("dir");
    end();
    struct stat is;
    chmod("file", 0666);
    CASE(fstat(reader, &is), "%s a descriptor sees the later mode", origins[origin]);
    fact("%o", is.st_mode);
    end();
    chmod("dir", 0700);
    CASE(fstat(directory, &is), "%s a directory's too", origins[origin]);
    fact("%o", is.st_mode);
    end();
    drop(reader);
    drop(directory);
}

static void masks(enum origin origin) {
    static const unsigned all[] = {0, 027, 077, 0777, 02};
    room(origin);
    for (size_t i = 0; i < LENGTH(all); i++) {
        char name[16];
        mode_t before = umask(all[i]);
        snprintf(name, sizeof name, "f%zu", i);
        CASE(ok(creat(name, 0666)), "%s umask %o", origins[origin], all[i]);
        fact("f=%o", status(name).st_mode);
        snprintf(name, sizeof name, "d%zu", i);
        NEED(mkdir(name, 0777));
        fact("d=%o", status(name).st_mode);
        snprintf(name, sizeof name, "p%zu", i);
        NEED(mkfifo(name, 0666));
        fact("p=%o", status(name).st_mode);
        snprintf(name, sizeof name, "m%zu", i);
        NEED(mknod(name, S_IFREG | 0666, 0));
        fact("m=%o", status(name).st_mode);
        end();
        umask(before);
    }
    NEED(mkdir("sticky", 07777));
    CASE(0, "%s mkdir's high bits", origins[origin]);
    fact("%o", status("sticky").st_mode);
    end();
    NEED(chmod("dir", 02755));
    NEED(mkdir("dir/inherits", 0755));
    drop(creat("dir/inherits-not", 0644));
    CASE(0, "%s below a setgid directory", origins[origin]);
    fact("%o %o", status("dir/inherits").st_mode, status("dir/inherits-not").st_mode);
    end();
}

static void time_fact(const char *name, struct timespec value) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (value.tv_sec > now.tv_sec - 100 && value.tv_sec <= now.tv_sec + 1) {
        fact("%s=now", name);
    } else {
        fact("%s=%jd.%09ld", name, (intmax_t)value.tv_sec, value.tv_nsec);
    }
}

/* user.* is not for links; trusted.* is, for who may. */
static void extended(enum origin origin) {
    static const char *const names[] = {"link", "dangling", "dlink"};
    char value[8];
    room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        LINE(lsetxattr(names[i], "user.velo", "v", 1, 0), "%s user attribute of the link %s", origins[origin],
             names[i]);
        LINE(lsetxattr(names[i], "trusted.velo", "value", 5, 0), "%s trusted attribute of the link %s",
             origins[origin], names[i]);
        LINE(lgetxattr(names[i], "trusted.velo", value, sizeof value), "%s its value", origins[origin]);
        LINE(getxattr(names[i], "trusted.velo", value, sizeof value), "%s its target has none",
             origins[origin]);
        LINE(llistxattr(names[i], NULL, 0), "%s the list of the link", origins[origin]);
        LINE(lremovexattr(names[i], "trusted.velo"), "%s without it", origins[origin]);
        LINE(lremovexattr(names[i], "trusted.velo"), "%s without it again", origins[origin]);
        CASE(0, "%s the link %s after that", origins[origin], names[i]);
        show(names[i]);
        end();
    }
}

static void times(enum origin origin) {
    static const struct {
        const char *name;
        struct timespec times[2];
    } all[] = {
        {"both", {{1200000001, 1}, {1300000001, 999999999}}},
        {"now", {{0, UTIME_NOW}, {0, UTIME_NOW}}},
        {"modified", {{0, UTIME_OMIT}, {1300000002, 5}}},
        {"accessed", {{1200000003, 7}, {0, UTIME_OMIT}}},
        {"neither", {{0, UTIME_OMIT}, {0, UTIME_OMIT}}},
        {"mixed", {{0, UTIME_NOW}, {1300000004, 9}}},
        {"before 1970", {{-5, 0}, {-100000, 500000000}}},
        {"invalid", {{0, 1000000000}, {0, 0}}},
        {"after 2038", {{2200000000, 1}, {2300000000, 2}}},
    };
    for (size_t k = 0; k < LENGTH(all); k++) {
        room(origin);
        for (size_t i = 0; i < LENGTH(kinds); i++) {
            for (int flags = 0; flags <= AT_SYMLINK_NOFOLLOW; flags += AT_SYMLINK_NOFOLLOW) {
                CASE(utimensat(AT_FDCWD, kinds[i], all[k].times, flags), "%s utimensat %s '%s'%s",
                     origins[origin], all[k].name, kinds[i], flags ? " nofollow" : "");
                struct stat is;
                if (fstatat(AT_FDCWD, kinds[i], &is, flags) == 0) {
                    time_fact("mtime", is.st_mtim);
                    if (all[k].times[0].tv_nsec != UTIME_OMIT && all[k].times[0].tv_nsec != 1000000000) {
                        time_fact("atime", is.st_atim);
                    }
                }
                end();
            }
        }
    }
    room(origin);
    struct timespec exact[2] = {{1200000001, 123456789}, {1300000001, 987654321}};
    int fd = open("file", O_RDONLY);
    CASE(futimens(fd, exact), "%s futimens of a reader", origins[origin]);
    time_fact("mtime", status("file").st_mtim);
    time_fact("atime", status("file").st_atim);
    end();
    drop(fd);
    fd = open("dir", O_RDONLY);
    CASE(futimens(fd, exact), "%s futimens of a directory", origins[origin]);
    time_fact("mtime", status("dir").st_mtim);
    time_fact("atime", status("dir").st_atim);
    end();
    drop(fd);
    struct timeval micro[2] = {{1200000009, 1}, {1300000009, 999999}};
    LINE(utimes("file", micro) + lutimes("link", micro) + utime("other", NULL), "%s older calls",
         origins[origin]);
    CASE(0, "%s their times", origins[origin]);
    time_fact("file", status("file").st_mtim);
    time_fact("link", status("link").st_mtim);
    time_fact("other", status("other").st_mtim);
    end();
    NEED(utimensat(AT_FDCWD, "other", exact, 0));
    CASE(0, "%s access time of a file written to", origins[origin]);
    put("other", "new\n");
    NEED(utimensat(AT_FDCWD, "other", exact, 0));
    time_fact("atime", status("other").st_atim);
    end();
}

#define MOVES(label, change, path)                                                                           \
    do {                                                                                                     \
        struct stat before_ = status(path);                                                                  \
        tick();                                                                                              \
        CASE(change, "%s %s", origins[origin], label);                                                       \
        struct stat after_ = status(path);                                                                   \
        fact("mtime=%d ctime=%d inode=%d", compare_times(before_.st_mtim, after_.st_mtim),                   \
             compare_times(before_.st_ctim, after_.st_ctim), before_.st_ino == after_.st_ino);               \
        end();                                                                                               \
    } while (0)

static long append_to(const char *path) {
    int fd = open(path, O_WRONLY | O_APPEND);
    long written = write(fd, "x", 1);
    drop(fd);
    return written;
}

static void moves(enum origin origin) {
    room(origin);
    MOVES("chmod moves the change time", chmod("file", 0600), "file");
    MOVES("chmod to the same mode", chmod("file", 0600), "file");
    MOVES("write", append_to("file"), "file");
    MOVES("truncate", truncate("twin", 3), "twin");
    MOVES("truncate to the same size", truncate("other", status("other").st_size), "other");
    MOVES("chmod of a directory", chmod("dir", 0700), "dir");
    MOVES("create in a directory", ok(creat("dir/a", 0644)), "dir");
    MOVES("write below a directory", append_to("dir/a"), "dir");
    MOVES("mkdir in it", mkdir("dir/d", 0755), "dir");
    MOVES("symlink in it", symlink("x", "dir/s"), "dir");
    MOVES("link in it", link("twin", "dir/l"), "dir");
    MOVES("mkfifo in it", mkfifo("dir/p", 0644), "dir");
    MOVES("rename in it", rename("dir/a", "dir/b"), "dir");
    MOVES("unlink in it", unlink("dir/b"), "dir");
    MOVES("rmdir in it", rmdir("dir/d"), "dir");
    MOVES("failing mkdir", mkdir("dir/s", 0755), "dir");
    MOVES("open of an existing file", ok(open("dir/l", O_RDWR | O_CREAT, 0644)), "dir");
    MOVES("utimensat moves the change time", utimensat(AT_FDCWD, "other", NULL, 0), "other");
    MOVES("link moves the file's change time", link("other", "o2"), "other");
    MOVES("lchown of a link", lchown("link", getuid(), getgid()), "link");
}

static void owners(enum origin origin) {
    room(origin);
    struct stat is = status("file"), made;
    CASE(0, "%s owner", origins[origin]);
    put("made", "");
    made = status("made");
    fact("mine=%d,%d same=%d", is.st_uid == getuid(), is.st_gid == getgid(), made.st_uid == is.st_uid);
    end();
    LINE(chown("file", (uid_t)-1, (gid_t)-1), "%s chown of nothing", origins[origin]);
    LINE(chown("missing", getuid(), getgid()), "%s chown of nothing that is", origins[origin]);
    NEED(chmod("other", 06755));
    CASE(chown("other", getuid(), getgid()), "%s chown to oneself takes the bits", origins[origin]);
    fact("%o", status("other").st_mode);
    end();
    CASE(chown("twin", 1234, 4321), "%s chown to another", origins[origin]);
    is = status("twin");
    fact("%d %d", is.st_uid == 1234, is.st_gid == 4321);
    end();
    CASE(chown("dir", 1234, 4321), "%s chown of a directory", origins[origin]);
    is = status("dir");
    fact("%d %d", is.st_uid == 1234, is.st_gid == 4321);
    end();
    CASE(lchown("link", 1234, 4321), "%s lchown", origins[origin]);
    is = status("link");
    fact("%d %d linked=%d", is.st_uid == 1234, is.st_gid == 4321, status("linked").st_uid == 1234);
    end();
}

static void sizes(enum origin origin) {
    room(origin);
    struct stat is = status("file");
    CASE(0, "%s blocks cover the size", origins[origin]);
    fact("%d blksize=%d", is.st_blocks * 512 >= is.st_size, is.st_blksize >= 512);
    fact("device=%d,%d,%d", is.st_dev == status("dir").st_dev, is.st_dev == status("link").st_dev,
         is.st_dev == status("..").st_dev);
    fact("rdev=%d host=%d", is.st_rdev == 0, is.st_dev == status("/proc").st_dev);
    end();
    struct statx one, two;
    CASE(statx(AT_FDCWD, "file", 0, STATX_ALL, &one), "%s statx", origins[origin]);
    NEED(statx(AT_FDCWD, "file", AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &two));
    fact("basic=%d same=%d size=%llu links=%u", (one.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS,
         one.stx_ino == two.stx_ino && one.stx_ino == is.st_ino, one.stx_size, one.stx_nlink);
    fact("device=%d", one.stx_dev_major == two.stx_dev_major && one.stx_dev_minor == two.stx_dev_minor);
    end();
    LINE(statx(AT_FDCWD, "file", 1 << 20, STATX_ALL, &one), "%s statx with an unknown flag", origins[origin]);
    struct statvfs all;
    CASE(statvfs("file", &all), "%s statvfs", origins[origin]);
    fact("name=%lu free=%d readonly=%d", all.f_namemax, all.f_bavail <= all.f_blocks,
         !!(all.f_flag & ST_RDONLY));
    end();
    LINE(statvfs("missing", &all), "%s statvfs of nothing", origins[origin]);
    LINE(pathconf("dir", _PC_NAME_MAX), "%s pathconf", origins[origin]);
    LINE(access("file", 8), "%s access of an unknown mode", origins[origin]);
}

void attribute_subject(void) {
    BOTH(origin) {
        modes(origin);
        masks(origin);
        extended(origin);
        times(origin);
        moves(origin);
        owners(origin);
        sizes(origin);
    }
}
