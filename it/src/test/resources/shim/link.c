#include "battery.h"

static const char *const names[] = {"file",  "dir",   "link",      "dlink",  "dangling", "loop", "missing",
                                    "file/", "link/", "dangling/", "dlink/", "",         "."};

static void kinds(enum origin origin) {
    static const int ways[] = {0, AT_SYMLINK_FOLLOW, 1 << 20};
    static const char *const named[] = {"linkat", "linkat-follow", "linkat-unknown"};
    for (size_t way = 0; way < LENGTH(ways); way++) {
        room(origin);
        for (size_t i = 0; i < LENGTH(names); i++) {
            char to[16];
            snprintf(to, sizeof to, "new%zu", i);
            CASE(linkat(AT_FDCWD, names[i], AT_FDCWD, to, ways[way]), "%s %s '%s'", origins[origin],
                 named[way], names[i]);
            show(to);
            fact("%s", same(names[i], to));
            end();
        }
        for (size_t i = 0; i < LENGTH(names); i++) {
            LINE(linkat(AT_FDCWD, "other", AT_FDCWD, names[i], ways[way]), "%s %s onto '%s'", origins[origin],
                 named[way], names[i]);
        }
        LINE(linkat(AT_FDCWD, "other", AT_FDCWD, "absent/", ways[way]), "%s %s onto 'absent/'",
             origins[origin], named[way]);
        LINE(linkat(AT_FDCWD, "other", AT_FDCWD, "file/a", ways[way]), "%s %s below a file", origins[origin],
             named[way]);
        CASE(0, "%s %s leaves", origins[origin], named[way]);
        show_names(".");
        end();
    }
}

static void two_names(enum origin origin) {
    room(origin);
    struct stat before = status("file");
    tick();
    LINE(link("file", "full/second"), "%s a second name", origins[origin]);
    struct stat after = status("file");
    CASE(0, "%s its identity", origins[origin]);
    fact("inode=%d ctime=%d mtime=%d", before.st_ino == after.st_ino,
         compare_times(before.st_ctim, after.st_ctim), compare_times(before.st_mtim, after.st_mtim));
    show("file");
    show("full/second");
    fact("%s twin=%s", same("file", "full/second"), same("file", "twin"));
    end();
    int fd = open("full/second", O_WRONLY | O_APPEND);
    CASE(write(fd, "more", 4), "%s write through the second", origins[origin]);
    drop(fd);
    show("file");
    show("full/second");
    show("twin");
    fact("%s", same("file", "full/second"));
    end();
    CASE(chmod("file", 0600), "%s chmod through the first", origins[origin]);
    show("full/second");
    end();
    CASE(rename("file", "full/second"), "%s rename between names of one file does nothing", origins[origin]);
    show("file");
    show("full/second");
    end();
    CASE(unlink("file"), "%s the first goes", origins[origin]);
    show("full/second");
    fact("inode=%d", status("full/second").st_ino == before.st_ino);
    end();
    CASE(link("link", "hard-to-link"), "%s link to a symbolic link", origins[origin]);
    fact("%s", same("link", "hard-to-link"));
    show("hard-to-link");
    fact("links=%ju", (uintmax_t)status("link").st_nlink);
    end();
}

static void many_names(enum origin origin) {
    room(origin);
    int made = 0;
    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        made += link("file", name) == 0;
    }
    CASE(made, "%s three hundred names", origins[origin]);
    fact("links=%ju", (uintmax_t)status("n299").st_nlink);
    int removed = 0;
    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        removed += unlink(name) == 0;
    }
    fact("removed=%d links=%ju", removed, (uintmax_t)status("file").st_nlink);
    end();
}

static void by_descriptor(enum origin origin) {
    room(origin);
    char path[64];
    int fd = open("file", O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CASE(linkat(AT_FDCWD, path, AT_FDCWD, "by-proc", AT_SYMLINK_FOLLOW), "%s descriptor by /proc",
         origins[origin]);
    show("by-proc");
    fact("%s", same("file", "by-proc"));
    end();
    LINE(linkat(AT_FDCWD, path, AT_FDCWD, "the-link", 0), "%s the link in /proc itself", origins[origin]);
    drop(fd);
    fd = open("other", O_PATH);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CASE(linkat(AT_FDCWD, path, AT_FDCWD, "by-path", AT_SYMLINK_FOLLOW), "%s O_PATH by /proc",
         origins[origin]);
    show("by-path");
    end();
    drop(fd);
    fd = open("twin", O_RDWR);
    NEED(unlink("twin"));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    LINE(linkat(AT_FDCWD, path, AT_FDCWD, "risen", AT_SYMLINK_FOLLOW), "%s a file without a name",
         origins[origin]);
    drop(fd);
    fd = open("dir", O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    LINE(linkat(AT_FDCWD, path, AT_FDCWD, "dir2", AT_SYMLINK_FOLLOW), "%s a directory by /proc",
         origins[origin]);
    drop(fd);
}

static void unnamed(enum origin origin) {
    room(origin);
    char path[64];
    int fd = open("dir", O_TMPFILE | O_RDWR, 0640);
    NEED(write(fd, "unnamed", 7));
    struct stat is, named;
    NEED(fstat(fd, &is));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CASE(linkat(AT_FDCWD, path, AT_FDCWD, "full/named", AT_SYMLINK_FOLLOW), "%s unnamed file gets a name",
         origins[origin]);
    show("full/named");
    named = status("full/named");
    fact("inode=%d", named.st_ino == is.st_ino);
    fact("write=%zd", pwrite(fd, "UN", 2, 0));
    show("full/named");
    end();
    CASE(linkat(AT_FDCWD, path, AT_FDCWD, "again", AT_SYMLINK_FOLLOW), "%s and another", origins[origin]);
    fact("%s", same("again", "full/named"));
    end();
    LINE(linkat(AT_FDCWD, path, AT_FDCWD, "file", AT_SYMLINK_FOLLOW), "%s and one that is taken",
         origins[origin]);
    drop(fd);
    fd = open("dir", O_TMPFILE | O_RDWR | O_EXCL, 0640);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CASE(linkat(AT_FDCWD, path, AT_FDCWD, "exclusive", AT_SYMLINK_FOLLOW), "%s unnamed for good",
         origins[origin]);
    show("exclusive");
    end();
    drop(fd);
    fd = open(".", O_TMPFILE | O_WRONLY, 0600);
    CASE(linkat(fd, "", AT_FDCWD, "by-empty-path", AT_EMPTY_PATH), "%s AT_EMPTY_PATH", origins[origin]);
    show("by-empty-path");
    end();
    drop(fd);
    CASE(0, "%s unnamed files leave", origins[origin]);
    show_names(".");
    show_names("dir");
    end();
}

void link_subject(void) {
    BOTH(origin) {
        kinds(origin);
        two_names(origin);
        many_names(origin);
        by_descriptor(origin);
        unnamed(origin);
    }
}
