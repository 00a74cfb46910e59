#include "battery.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

static const struct flag {
    int bit;
    const char *name;
} flags[] = {
    {O_CREAT, "CREAT"},   {O_EXCL, "EXCL"},           {O_TRUNC, "TRUNC"},
    {O_APPEND, "APPEND"}, {O_DIRECTORY, "DIRECTORY"}, {O_NOFOLLOW, "NOFOLLOW"},
};

/* In this order: what makes "nowhere" through the dangling link comes last but for what does it by name. */
static const char *const targets[] = {
    "file",  "missing", "dir",   "link",   "dlink",     "loop",      "empty",     "dangling", "file/",
    "dir/",  "lacks/",  "link/", "dlink/", "dangling/", "loop/",     "file/x",    "lacks/x",  "loop/x",
    "dir/x", ".",       "..",    "full/.", "full/..",   "dlink/one", "full/inner"};

static const char *flag_names(int value) {
    static char text[128];
    static const char *const modes[] = {"RDONLY", "WRONLY", "RDWR", "3"};
    int length = snprintf(text, sizeof text, "%s", modes[value & O_ACCMODE]);
    for (size_t i = 0; i < LENGTH(flags); i++) {
        if (value & flags[i].bit) {
            length += snprintf(text + length, sizeof text - (size_t)length, "|%s", flags[i].name);
        }
    }
    return text;
}

static void show_descriptor(int fd) {
    struct stat is;
    int state = fcntl(fd, F_GETFL);
    if (fd < 0 || fstat(fd, &is) != 0) {
        return;
    }
    fact("fd=%o,%jd,%s%s", is.st_mode, S_ISDIR(is.st_mode) ? 0 : (intmax_t)is.st_size,
         flag_names(state & (O_ACCMODE | O_APPEND)), fcntl(fd, F_GETFD) == FD_CLOEXEC ? ",cloexec" : "");
}

static void try_all(enum origin origin, int value) {
    room(origin);
    for (size_t i = 0; i < LENGTH(targets); i++) {
        begin("%s %s %s", origins[origin], flag_names(value), targets[i]);
        errno = 0;
        int fd = open(targets[i], value, 0640);
        result(ok(fd));
        show_descriptor(fd);
        drop(fd);
        show(targets[i]);
        end();
    }
    begin("%s %s leaves", origins[origin], flag_names(value));
    show("linked");
    show("nowhere");
    show_names(".");
    show_names("dir");
    end();
}

static void matrix(enum origin origin) {
    for (int mode = O_RDONLY; mode <= O_RDWR; mode++) {
        for (unsigned set = 0; set < 1u << LENGTH(flags); set++) {
            int value = mode;
            for (size_t i = 0; i < LENGTH(flags); i++) {
                value |= set >> i & 1 ? flags[i].bit : 0;
            }
            try_all(origin, value);
        }
    }
}

static void by_path_only(enum origin origin) {
    static const int more[] = {0, O_NOFOLLOW, O_DIRECTORY, O_NOFOLLOW | O_DIRECTORY,
                               O_CREAT | O_TRUNC | O_RDWR};
    for (size_t k = 0; k < LENGTH(more); k++) {
        room(origin);
        for (size_t i = 0; i < LENGTH(targets); i++) {
            begin("%s PATH|%s %s", origins[origin], flag_names(more[k]), targets[i]);
            errno = 0;
            int fd = open(targets[i], O_PATH | more[k], 0640);
            result(ok(fd));
            if (fd >= 0) {
                char byte;
                struct stat is;
                fact("fstat=%ld", ok(fstat(fd, &is)));
                fact("mode=%o path=%d", is.st_mode, !!(fcntl(fd, F_GETFL) & O_PATH));
                fact("read=%s", read(fd, &byte, 1) < 0 ? error_name(errno) : "0");
                fact("fchmod=%s", fchmod(fd, 0600) < 0 ? error_name(errno) : "0");
                fact("empty=%s", fstatat(fd, "", &is, AT_EMPTY_PATH) < 0 ? error_name(errno) : "0");
                close(fd);
            }
            end();
        }
    }
}

static void unnamed(enum origin origin) {
    static const char *const places[] = {"dir",     "full",     "dlink", "file", "link",
                                         "missing", "dangling", ".",     "loop"};
    static const int more[] = {O_RDWR,          O_WRONLY,         O_RDONLY,
                               O_RDWR | O_EXCL, O_RDWR | O_CREAT, O_RDWR | O_TRUNC};
    room(origin);
    for (size_t k = 0; k < LENGTH(more); k++) {
        for (size_t i = 0; i < LENGTH(places); i++) {
            begin("%s TMPFILE|%s %s", origins[origin], flag_names(more[k]), places[i]);
            errno = 0;
            int fd = open(places[i], O_TMPFILE | more[k], 0640);
            result(ok(fd));
            if (fd >= 0) {
                struct stat is;
                NEED(fstat(fd, &is));
                fact("mode=%o links=%ju", is.st_mode, (uintmax_t)is.st_nlink);
                fact("write=%s", write(fd, "unnamed", 7) == 7 ? "0" : error_name(errno));
                fact("%s", content_of(fd));
                close(fd);
            }
            show_names(places[i]);
            end();
        }
    }
}

static void data_through_flags(enum origin origin) {
    room(origin);
    int fd = open("file", O_RDWR | O_APPEND | O_CLOEXEC);
    CASE(write(fd, "more", 4), "%s append writes at the end", origins[origin]);
    show_descriptor(fd);
    show("file");
    end();
    drop(fd);
    fd = open("twin", O_WRONLY | O_TRUNC);
    CASE(write(fd, "new", 3), "%s truncated file", origins[origin]);
    show("twin");
    show("file");
    end();
    drop(fd);
    fd = open("other", O_RDONLY);
    CASE(write(fd, "new", 3), "%s write to a reader", origins[origin]);
    end();
    drop(fd);
    struct stat before = status("other");
    tick();
    fd = open("other", O_RDWR);
    drop(fd);
    struct stat after = status("other");
    CASE(compare_times(before.st_mtim, after.st_mtim), "%s opening for writing leaves the time",
         origins[origin]);
    fact("same=%d", before.st_ino == after.st_ino);
    end();
    tick();
    drop(open("other", O_WRONLY | O_TRUNC));
    after = status("other");
    LINE(compare_times(before.st_mtim, after.st_mtim), "%s truncation moves the time", origins[origin]);
    OPENS(open("created", O_CREAT | O_WRONLY | O_EXCL, 0), "%s create without any right", origins[origin]);
    OPENS(open("setuid", O_CREAT | O_RDWR, 07777), "%s create with all bits", origins[origin]);
    OPENS(creat("creat", 0666), "%s creat", origins[origin]);
    CASE(0, "%s created files", origins[origin]);
    show("created");
    show("setuid");
    show("creat");
    end();
}

static void second_generation(enum origin origin) {
    static const struct {
        const char *name, *path;
        uint64_t flags, resolve;
    } all[] = {
        {"beneath", "file", O_RDONLY, RESOLVE_BENEATH},
        {"beneath up", "../file", O_RDONLY, RESOLVE_BENEATH},
        {"beneath down and up", "dir/../file", O_RDONLY, RESOLVE_BENEATH},
        {"beneath link", "link", O_RDONLY, RESOLVE_BENEATH},
        {"no links", "link", O_RDONLY, RESOLVE_NO_SYMLINKS},
        {"no links on the way", "dlink/inner", O_RDONLY, RESOLVE_NO_SYMLINKS},
        {"in root", "/file", O_RDONLY, RESOLVE_IN_ROOT},
        {"in root up", "../../file", O_RDONLY, RESOLVE_IN_ROOT},
        {"create", "by-openat2", O_CREAT | O_RDWR, 0},
        {"missing", "missing", O_RDONLY, 0},
        {"unknown flag", "file", 1ull << 60, 0},
    };
    const char *here = room(origin);
    int directory = open(here, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < LENGTH(all); i++) {
        struct open_how how = {.flags = all[i].flags, .resolve = all[i].resolve};
        how.mode = all[i].flags & O_CREAT ? 0640 : 0;
        begin("%s openat2 %s", origins[origin], all[i].name);
        errno = 0;
        int fd = (int)syscall(SYS_openat2, directory, all[i].path, &how, sizeof how);
        result(ok(fd));
        show_descriptor(fd);
        end();
        drop(fd);
    }
    drop(directory);
}

void open_subject(void) {
    BOTH(origin) {
        matrix(origin);
        by_path_only(origin);
        unnamed(origin);
        data_through_flags(origin);
        second_generation(origin);
    }
}
