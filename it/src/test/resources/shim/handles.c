#include "acts.h"

#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

/* statx(2)'s masks, access(2)'s flags, file handles, and what is told of the file system. */

static const char *const things[] = {"file", "dir", "link", "pipe", "missing"};

static void masks(enum origin origin) {
    static const struct {
        const char *name;
        unsigned mask;
    } all[] = {{"none", 0},
               {"type", STATX_TYPE},
               {"mode", STATX_MODE},
               {"links", STATX_NLINK},
               {"times", STATX_MTIME | STATX_CTIME},
               {"size", STATX_SIZE},
               {"basic", STATX_BASIC_STATS},
               {"reserved", 0x80000000u}};
    room(origin);
    make_nodes();
    for (size_t i = 0; i < LENGTH(all); i++) {
        for (size_t k = 0; k < LENGTH(things); k++) {
            struct statx is = {0};
            CASE(statx(AT_FDCWD, things[k], AT_SYMLINK_NOFOLLOW, all[i].mask, &is), "%s statx %s of %s",
                 origins[origin], all[i].name, things[k]);
            fact("has=%d %o",
                 (is.stx_mask & all[i].mask & STATX_BASIC_STATS) == (all[i].mask & STATX_BASIC_STATS),
                 is.stx_mode);
            end();
        }
    }
    static const int flags[] = {
        0,      AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC, AT_STATX_SYNC_TYPE, AT_NO_AUTOMOUNT, AT_REMOVEDIR,
        1 << 25};
    struct statx is;
    for (size_t i = 0; i < LENGTH(flags); i++) {
        LINE(statx(AT_FDCWD, "file", flags[i], STATX_BASIC_STATS, &is), "%s statx with %x", origins[origin],
             flags[i]);
    }
    LINE(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, nowhere), "%s statx into nowhere", origins[origin]);
    LINE(statx(AT_FDCWD, nowhere, 0, STATX_BASIC_STATS, &is), "%s statx of nowhere", origins[origin]);
    LINE(statx(-1, "file", 0, STATX_BASIC_STATS, &is), "%s statx below no descriptor", origins[origin]);
    LINE(statx(-1, in_home("old"), 0, STATX_BASIC_STATS, &is), "%s statx of an absolute path",
         origins[origin]);
    LINE(statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &is), "%s statx of the current directory",
         origins[origin]);
}

static void accesses(enum origin origin) {
    static const int flags[] = {0,
                                AT_EACCESS,
                                AT_SYMLINK_NOFOLLOW,
                                AT_EACCESS | AT_SYMLINK_NOFOLLOW,
                                AT_EMPTY_PATH,
                                AT_REMOVEDIR << 8};
    static const int ways[] = {F_OK, R_OK, W_OK, X_OK, R_OK | W_OK | X_OK, 8, -1};
    static const char *const all[] = {"file", "dir", "link", "dangling", "missing", "full/sub", ""};
    room(origin);
    for (size_t i = 0; i < LENGTH(flags); i++) {
        for (size_t k = 0; k < LENGTH(ways); k++) {
            for (size_t n = 0; n < LENGTH(all); n++) {
                LINE(syscall(SYS_faccessat2, AT_FDCWD, all[n], ways[k], flags[i]), "%s access %x %d '%s'",
                     origins[origin], flags[i], ways[k], all[n]);
            }
        }
    }
}

union handle {
    struct file_handle head;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

/* A file system may have none. */
static void handles(enum origin origin) {
    room(origin);
    make_nodes();
    for (size_t i = 0; i < LENGTH(things); i++) {
        union handle one = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
        int mount = 0;
        int done = name_to_handle_at(AT_FDCWD, things[i], &one.head, &mount, 0);
        int error = errno;
        CASE((errno = error, done == 0 || error == EOPNOTSUPP) ? 0 : -1, "%s handle of %s", origins[origin],
             things[i]);
        end();
    }
}

static void systems(enum origin origin) {
    room(origin);
    make_nodes();
    static const char *const all[] = {"file",    "dir",  "link",   "pipe", "dangling",
                                      "missing", "loop", "file/x", ""};
    struct statfs first, other = {0};
    struct statvfs more = {0};
    NEED(statfs(".", &first));
    for (size_t i = 0; i < LENGTH(all); i++) {
        CASE(statfs(all[i], &other), "%s statfs '%s'", origins[origin], all[i]);
        fact("%d", errno || (other.f_type == first.f_type && other.f_namelen == 255 && other.f_bsize > 0));
        fact("%d %lu", statvfs(all[i], &more), more.f_namemax);
        end();
    }
    LINE(statfs("file", nowhere), "%s statfs into nowhere", origins[origin]);
    int fd = open("file", O_RDONLY);
    CASE(fstatfs(fd, &other), "%s fstatfs", origins[origin]);
    fact("%d %d", memcmp(&other.f_fsid, &first.f_fsid, sizeof first.f_fsid) == 0, fstatvfs(fd, &more));
    end();
    drop(fd);
    LINE(fstatfs(-1, &other), "%s fstatfs of no descriptor", origins[origin]);
    LINE(pathconf(".", _PC_NAME_MAX), "%s _PC_NAME_MAX", origins[origin]);
    LINE(pathconf(".", _PC_PATH_MAX), "%s _PC_PATH_MAX", origins[origin]);
    LINE(pathconf("missing", _PC_NAME_MAX), "%s pathconf of nothing", origins[origin]);
    LINE(pathconf("file", 9999), "%s pathconf of the unknown", origins[origin]);
}

/* A path whose last byte is the last one of a page, and one that does not end before it. */
static void edges(enum origin origin) {
    room(origin);
    long size = sysconf(_SC_PAGESIZE);
    char *page = mmap(NULL, 2 * (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(page != MAP_FAILED, "mmap");
    NEED(munmap(page + size, (size_t)size));
    char *path = strcpy(page + size - 5, "file");
    struct stat is;
    CASE(stat(path, &is), "%s a path up to the end of its page", origins[origin]);
    fact("open=%ld chmod=%d", ok(open(path, O_RDONLY)), chmod(path, 0640));
    end();
    page[size - 1] = 'x';
    CASE(stat(path, &is), "%s a path over the end of its page", origins[origin]);
    fact("open=%ld %s", ok(open(path, O_WRONLY)), error_name(errno));
    fact("rename=%d %s", rename("other", path), error_name(errno));
    fact("symlink=%d %s", symlink(path, "fresh"), error_name(errno));
    end();
    page[size - 1] = 0;
    LINE(readlink("link", page + size - 6, 6), "%s readlink up to the end of a page", origins[origin]);
    LINE(readlink("link", page + size - 5, 100), "%s readlink over it", origins[origin]);
    LINE(got(getcwd(page + size - 2, 2)), "%s getcwd at the end", origins[origin]);
    LINE(syscall(SYS_getcwd, page + size - 2, 4096), "%s getcwd over it", origins[origin]);
    LINE(stat("file", (struct stat *)(page + size - 8)), "%s stat over it", origins[origin]);
    munmap(page, (size_t)size);
}

static void targets_of_links(enum origin origin) {
    static const size_t rooms[] = {1, 3, 6, 7, 100};
    room(origin);
    char target[128];
    for (size_t i = 0; i < LENGTH(rooms); i++) {
        memset(target, '#', sizeof target);
        CASE(readlink("link", target, rooms[i]), "%s readlink into %zu", origins[origin], rooms[i]);
        fact("%.8s", target);
        end();
    }
    LINE(syscall(SYS_readlink, "link", target, 0), "%s readlink into 0", origins[origin]);
    LINE(syscall(SYS_readlink, "link", target, -1), "%s readlink into -1", origins[origin]);
    LINE(syscall(SYS_readlink, "link", nowhere, 5), "%s readlink into nowhere", origins[origin]);
    static char longest[4200];
    static const size_t lengths[] = {4094, 4095, 4096, 4100};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        memset(longest, 't', sizeof longest);
        longest[lengths[i]] = 0;
        char name[32];
        snprintf(name, sizeof name, "long-%zu", lengths[i]);
        CASE(symlink(longest, name), "%s a target of %zu", origins[origin], lengths[i]);
        struct stat is = {0};
        int seen = lstat(name, &is);
        fact("%d %jd", seen, (intmax_t)is.st_size);
        fact("%s", stat(name, &is) ? error_name(errno) : "0");
        end();
    }
}

void handles_subject(void) {
    BOTH(origin) {
        masks(origin);
        accesses(origin);
        handles(origin);
        systems(origin);
        edges(origin);
        targets_of_links(origin);
    }
}
