#include "battery.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

/* openat2(2): its flags on each form of path, and what it says of arguments that are none. */

static const struct {
    const char *name;
    uint64_t value;
} ways[] = {{"beneath", RESOLVE_BENEATH},
            {"in root", RESOLVE_IN_ROOT},
            {"no links", RESOLVE_NO_SYMLINKS},
            {"no magic", RESOLVE_NO_MAGICLINKS},
            {"no border", RESOLVE_NO_XDEV},
            {"beneath, no links", RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS},
            {"in root, no magic", RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS}};

static const char *const paths[] = {"file",
                                    "dir",
                                    "full/inner",
                                    "full/../file",
                                    "..",
                                    "../000",
                                    "link",
                                    "dlink",
                                    "dlink/inner",
                                    "dangling",
                                    "loop",
                                    "loop/x",
                                    "up",
                                    "up/file",
                                    "absolute",
                                    "absolute/x",
                                    "rooted",
                                    "inside",
                                    "full/up2",
                                    "full/up2/file",
                                    "missing",
                                    "missing/x",
                                    "file/x",
                                    "",
                                    ".",
                                    "./",
                                    "dir/..",
                                    "dir/../..",
                                    "/",
                                    "/file",
                                    "//full/inner",
                                    "full/sub/../inner",
                                    "full/back/inner",
                                    "long/inner"};

static void furnish_links(void) {
    NEED(symlink("..", "up"));
    NEED(symlink("/nowhere-at-all", "absolute"));
    NEED(symlink("/file", "rooted"));
    NEED(symlink("full/inner", "inside"));
    NEED(symlink("..", "full/up2"));
    NEED(symlink("../full", "full/back"));
    NEED(symlink("dlink/../dlink", "long"));
}

static int open_as(int at, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, at, path, &how, sizeof how);
}

static void try_path(enum origin origin, int at, const char *path, size_t way) {
    begin("%s %s '%s'", origins[origin], ways[way].name, path);
    errno = 0;
    int fd = open_as(at, path, O_RDONLY | O_NONBLOCK, 0, ways[way].value);
    result(ok(fd));
    struct stat is = {0};
    if (fd >= 0 && fstat(fd, &is) == 0) {
        fact("%o %jd", is.st_mode, S_ISREG(is.st_mode) ? (intmax_t)is.st_size : 0);
    }
    drop(fd);
    fd = open_as(at, path, O_PATH | O_NOFOLLOW, 0, ways[way].value);
    fact("nofollow=%s", fd < 0 ? error_name(errno) : "0");
    drop(fd);
    end();
}

static void all_paths(enum origin origin) {
    for (size_t way = 0; way < LENGTH(ways); way++) {
        room(origin);
        furnish_links();
        int at = open(".", O_PATH | O_DIRECTORY);
        NEED(chdir("full"));
        for (size_t i = 0; i < LENGTH(paths); i++) {
            /* Without a root of one's own these lead to the host's. */
            bool host = paths[i][0] == '/' || strcmp(paths[i], "rooted") == 0;
            if (!host || (ways[way].value & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0) {
                try_path(origin, at, paths[i], way);
            }
        }
        drop(at);
        NEED(chdir(".."));
    }
}

/* Files are made below the border, too. */
static void making(enum origin origin) {
    static const char *const made[] = {"new",      "../new", "dir/new",       "dlink/new",   "up/new",
                                       "dangling", "rooted", "full/up2/new2", "dir/../new3", "new4/"};
    for (size_t way = 0; way < LENGTH(ways); way++) {
        room(origin);
        furnish_links();
        int at = open(".", O_RDONLY | O_DIRECTORY);
        for (size_t i = 0; i < LENGTH(made); i++) {
            bool host = strcmp(made[i], "rooted") == 0;
            if (!host || (ways[way].value & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0) {
                OPENS(open_as(at, made[i], O_CREAT | O_RDWR, 0640, ways[way].value), "%s %s makes '%s'",
                      origins[origin], ways[way].name, made[i]);
            }
        }
        CASE(0, "%s %s leaves", origins[origin], ways[way].name);
        show_names(".");
        show_names("dir");
        end();
        drop(at);
    }
}

static void arguments(enum origin origin) {
    room(origin);
    static const struct {
        const char *name;
        uint64_t flags, mode, resolve;
    } all[] = {{"unknown flag", 1ull << 40, 0, 0},
               {"unknown low flag", 1ull << 29, 0, 0},
               {"unknown resolve", O_RDONLY, 0, 1ull << 20},
               {"mode without O_CREAT", O_RDONLY, 0644, 0},
               {"mode of more bits", O_RDONLY | O_CREAT, 010644, 0},
               {"beneath and in root", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT},
               {"O_PATH and more", O_PATH | O_RDWR, 0, 0},
               {"O_PATH and O_TRUNC", O_PATH | O_TRUNC, 0, 0},
               {"O_TMPFILE on read", O_TMPFILE | O_RDONLY, 0600, 0},
               {"O_CREAT and O_DIRECTORY", O_CREAT | O_DIRECTORY | O_RDONLY, 0600, 0},
               {"cached", O_RDONLY, 0, RESOLVE_CACHED},
               {"cached and O_CREAT", O_CREAT | O_RDWR, 0600, RESOLVE_CACHED},
               {"cached and O_TRUNC", O_TRUNC | O_RDWR, 0, RESOLVE_CACHED}};
    for (size_t i = 0; i < LENGTH(all); i++) {
        OPENS(open_as(AT_FDCWD, "file", all[i].flags, all[i].mode, all[i].resolve), "%s %s", origins[origin],
              all[i].name);
    }
    struct {
        struct open_how how;
        uint64_t more;
    } longer = {.how = {.flags = O_RDONLY}};
    OPENS(syscall(SYS_openat2, AT_FDCWD, "file", &longer, sizeof longer), "%s a longer structure",
          origins[origin]);
    longer.more = 1;
    OPENS(syscall(SYS_openat2, AT_FDCWD, "file", &longer, sizeof longer), "%s with something in it",
          origins[origin]);
    OPENS(syscall(SYS_openat2, AT_FDCWD, "file", &longer, 8), "%s a shorter one", origins[origin]);
    OPENS(syscall(SYS_openat2, AT_FDCWD, "file", nowhere, sizeof longer.how), "%s one that is nowhere",
          origins[origin]);
    OPENS(syscall(SYS_openat2, AT_FDCWD, "file", &longer, 4097), "%s one that is too long", origins[origin]);
    OPENS(open_as(-1, "file", O_RDONLY, 0, 0), "%s no descriptor", origins[origin]);
    int file = open("file", O_RDONLY);
    OPENS(open_as(file, "x", O_RDONLY, 0, RESOLVE_BENEATH), "%s a file's descriptor", origins[origin]);
    drop(file);
}

void resolve_subject(void) {
    BOTH(origin) {
        all_paths(origin);
        making(origin);
        arguments(origin);
    }
}
