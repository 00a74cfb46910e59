#include "battery.h"

static const char *const victims[] = {
    "file",   "dir",     "full",      "link",       "dlink",     "dangling", "loop", "missing",  "file/",
    "dir/",   "link/",   "dlink/",    "dangling/",  "loop/",     ".",        "..",   "full/.",   "full/..",
    "file/x", "lacks/x", "full/sub/", "full/inner", "linkeddir", "",         "full", "full/sub", "full"};

static void all(enum origin origin, const char *name, int flags) {
    room(origin);
    for (size_t i = 0; i < LENGTH(victims); i++) {
        CASE(unlinkat(AT_FDCWD, victims[i], flags), "%s %s '%s'", origins[origin], name, victims[i]);
        if (strcmp(victims[i], "..") != 0) {
            show(victims[i]);
        }
        show_names(".");
        end();
    }
}

static void again(enum origin origin) {
    static const char *const names[] = {"file", "link", "empty", "dir"};
    room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct stat before = status(names[i]);
        LINE(remove(names[i]), "%s remove %s", origins[origin], names[i]);
        LINE(remove(names[i]), "%s remove %s twice", origins[origin], names[i]);
        CASE(access(names[i], F_OK), "%s %s is gone", origins[origin], names[i]);
        show_names(".");
        end();
        put(names[i], "another\n");
        CASE(0, "%s %s is made again", origins[origin], names[i]);
        show(names[i]);
        fact("mode=%d", S_ISREG(status(names[i]).st_mode) == S_ISREG(before.st_mode));
        end();
    }
}

static void open_and_gone(enum origin origin) {
    room(origin);
    int reader = open("file", O_RDONLY), writer = open("other", O_RDWR), unread = open("twin", O_PATH);
    struct stat is, before = status("other");
    LINE(unlink("file") + unlink("other") + unlink("twin"), "%s unlink of open files", origins[origin]);
    CASE(fstat(reader, &is), "%s its reader", origins[origin]);
    fact("links=%ju size=%jd %s", (uintmax_t)is.st_nlink, (intmax_t)is.st_size, content_of(reader));
    end();
    CASE(pwrite(writer, "S", 1, 0), "%s its writer", origins[origin]);
    NEED(fstat(writer, &is));
    fact("links=%ju %s same=%d", (uintmax_t)is.st_nlink, content_of(writer), is.st_ino == before.st_ino);
    end();
    CASE(fstat(unread, &is), "%s its O_PATH", origins[origin]);
    fact("links=%ju", (uintmax_t)is.st_nlink);
    end();
    CASE(fchmod(writer, 0400), "%s fchmod of it", origins[origin]);
    NEED(fstat(writer, &is));
    fact("mode=%o", is.st_mode);
    end();
    put("file", "a new one\n");
    CASE(0, "%s the new one is another file", origins[origin]);
    NEED(fstat(reader, &is));
    fact("same=%d %s %s", is.st_ino == status("file").st_ino, content_of(reader), content("file"));
    end();
    drop(reader);
    drop(writer);
    drop(unread);
}

static void gone_directories(enum origin origin) {
    const char *here = room(origin);
    int directory = open("dir", O_RDONLY | O_DIRECTORY);
    NEED(chdir("dir"));
    struct stat is;
    char text[PATH_MAX];
    LINE(rmdir("../dir"), "%s rmdir of the current directory", origins[origin]);
    CASE(fstat(directory, &is), "%s its descriptor", origins[origin]);
    fact("links=%ju", (uintmax_t)is.st_nlink);
    end();
    LINE(got(getcwd(text, sizeof text)), "%s getcwd in it", origins[origin]);
    OPENS(open("a", O_CREAT | O_WRONLY, 0644), "%s create in it", origins[origin]);
    OPENS(openat(directory, "a", O_CREAT | O_WRONLY, 0644), "%s create in it by descriptor", origins[origin]);
    LINE(mkdir("a", 0755), "%s mkdir in it", origins[origin]);
    LINE(symlink("x", "a"), "%s symlink in it", origins[origin]);
    LINE(rename("../file", "a"), "%s rename into it", origins[origin]);
    LINE(link("../file", "a"), "%s link into it", origins[origin]);
    OPENS(open(".", O_RDONLY | O_DIRECTORY), "%s open of it", origins[origin]);
    CASE(0, "%s list of it", origins[origin]);
    show_names(".");
    end();
    LINE(stat("..", &is), "%s its parent", origins[origin]);
    NEED(chdir(here));
    NEED(mkdir("dir", 0700));
    CASE(fstat(directory, &is), "%s a new one of the name is another", origins[origin]);
    fact("same=%d", is.st_ino == status("dir").st_ino);
    end();
    drop(directory);
}

static void times(enum origin origin) {
    room(origin);
    NEED(link("file", "second"));
    struct stat directory = status("."), file = status("file");
    tick();
    LINE(unlink("second"), "%s unlink of one of two names", origins[origin]);
    CASE(0, "%s its times", origins[origin]);
    struct stat directory2 = status("."), file2 = status("file");
    fact("directory=%d,%d", compare_times(directory.st_mtim, directory2.st_mtim),
         compare_times(directory.st_ctim, directory2.st_ctim));
    fact("file=%d,%d", compare_times(file.st_mtim, file2.st_mtim),
         compare_times(file.st_ctim, file2.st_ctim));
    end();
    directory = status("full");
    tick();
    NEED(rmdir("full/sub"));
    directory2 = status("full");
    CASE(0, "%s rmdir's times", origins[origin]);
    fact("%d links=%ju,%ju", compare_times(directory.st_mtim, directory2.st_mtim),
         (uintmax_t)directory.st_nlink, (uintmax_t)directory2.st_nlink);
    end();
}

static void whole_tree(enum origin origin) {
    room(origin);
    static const char *const order[] = {"full/inner",      "full/sub",  "full",
                                        "linkeddir/inner", "linkeddir", "dir"};
    static const char *const rest[] = {"file", "twin",  "other",    "linked", "empty",
                                       "link", "dlink", "dangling", "loop"};
    for (size_t i = 0; i < LENGTH(order); i++) {
        LINE(remove(order[i]), "%s remove all: %s", origins[origin], order[i]);
    }
    for (size_t i = 0; i < LENGTH(rest); i++) {
        LINE(remove(rest[i]), "%s remove all: %s", origins[origin], rest[i]);
    }
    CASE(0, "%s nothing is left", origins[origin]);
    show_names(".");
    show(".");
    end();
}

void unlink_subject(void) {
    BOTH(origin) {
        all(origin, "unlink", 0);
        all(origin, "rmdir", AT_REMOVEDIR);
        LINE(unlinkat(AT_FDCWD, "link", 1 << 20), "%s unknown flag", origins[origin]);
        again(origin);
        open_and_gone(origin);
        gone_directories(origin);
        times(origin);
        whole_tree(origin);
    }
    LINE(rmdir("/"), "rmdir of the host's root");
    LINE(mkdir("/", 0755), "mkdir of the host's root");
}
