#include "battery.h"

#include <sys/syscall.h>

/* Each kind of thing as source and as destination. */
static const char *const kinds[] = {"file",     "dir",     "full",  "link", "dlink",
                                    "dangling", "missing", "empty", "twin"};
static const char *const goals[] = {"other",    "linkeddir", "dir",   "full",
                                    "dangling", "missing",   "dlink", "loop"};
static const struct {
    const char *name;
    unsigned flags;
} ways[] = {{"rename", 0}, {"noreplace", RENAME_NOREPLACE}, {"exchange", RENAME_EXCHANGE}};

static void pair(enum origin origin, size_t way, const char *from, const char *to) {
    struct stat before = {0}, after = {0};
    bool existed = lstat(from, &before) == 0;
    CASE(renameat2(AT_FDCWD, from, AT_FDCWD, to, ways[way].flags), "%s %s %s %s", origins[origin],
         ways[way].name, from, to);
    show(from);
    show(to);
    fact("same=%d", existed && lstat(to, &after) == 0 && before.st_ino == after.st_ino);
    show_names(".");
    show_names(to);
    end();
}

/* A room for each goal: all kinds are moved onto it one after the other. */
static void matrix(enum origin origin) {
    for (size_t way = 0; way < LENGTH(ways); way++) {
        for (size_t i = 0; i < LENGTH(goals); i++) {
            for (size_t k = 0; k < LENGTH(kinds); k++) {
                if (k % 3 == 0) {
                    room(origin);
                }
                pair(origin, way, kinds[k], goals[i]);
            }
        }
    }
}

static void shapes(enum origin origin) {
    static const char *const pairs[][2] = {
        {"file/", "a"},
        {"file", "a/"},
        {"dir/", "a/"},
        {"dir", "b/"},
        {"dir", "b"},
        {"link/", "a"},
        {"dlink/", "a"},
        {"dlink", "a/"},
        {"file", "file"},
        {"dir", "dir"},
        {"full", "full/sub"},
        {"full", "full/sub/deep"},
        {"full", "full/x"},
        {"full/sub", "full"},
        {"full/inner", "full"},
        {".", "a"},
        {"..", "a"},
        {"dir/.", "a"},
        {"dir/..", "a"},
        {"file", "."},
        {"dir", "."},
        {"file", ".."},
        {"dir", "dir/."},
        {"file", "lacks/a"},
        {"file", "file/a"},
        {"lacks/a", "file"},
        {"", "a"},
        {"file", ""},
        {"file", "loop/a"},
        {"loop", "renamed"},
        {"loop/a", "b"},
        {"file", "dangling/a"},
        {"full/inner", "a"},
        {"twin", "full/inner"},
        {"full/sub/", "upper"},
        {"linkeddir", "dir/in/"},
        {"dlink/inner", "c"},
        {"other", "dlink/c"},
        {"full/../c", "d"},
    };
    for (size_t way = 0; way < LENGTH(ways); way++) {
        room(origin);
        for (size_t i = 0; i < LENGTH(pairs); i++) {
            CASE(renameat2(AT_FDCWD, pairs[i][0], AT_FDCWD, pairs[i][1], ways[way].flags), "%s %s '%s' '%s'",
                 origins[origin], ways[way].name, pairs[i][0], pairs[i][1]);
            show_names(".");
            end();
        }
    }
    room(origin);
    LINE(renameat2(AT_FDCWD, "file", AT_FDCWD, "a", RENAME_NOREPLACE | RENAME_EXCHANGE), "%s both flags",
         origins[origin]);
    LINE(renameat2(AT_FDCWD, "file", AT_FDCWD, "a", 1u << 9), "%s unknown flag", origins[origin]);
}

static void moved_directories(enum origin origin) {
    const char *here = room(origin);
    struct stat before = status("full/inner");
    int inner = open("full/inner", O_RDONLY), directory = open("full", O_RDONLY | O_DIRECTORY);
    LINE(rename("full", "dir/moved"), "%s directory into another", origins[origin]);
    CASE(0, "%s what moved", origins[origin]);
    show("dir/moved/inner");
    show("dir/moved/sub");
    show("full/inner");
    show_as("by-descriptor", directory, "inner");
    struct stat after = status("dir/moved/inner");
    fact("same=%d %s", before.st_ino == after.st_ino, content_of(inner));
    end();
    put("dir/moved/new", "made after the move\n");
    LINE(rename("dir/moved", "full"), "%s and back", origins[origin]);
    CASE(0, "%s after it", origins[origin]);
    show_names("full");
    show_names("dir");
    show("full/new");
    end();
    LINE(rename("full/inner", "full/sub/inner"), "%s file out of it", origins[origin]);
    LINE(rename("linkeddir", "elsewhere"), "%s a link's target goes", origins[origin]);
    CASE(0, "%s the link dangles", origins[origin]);
    show("dlink");
    fact("%s", content("dlink/inner"));
    end();
    NEED(mkdir("linkeddir", 0755));
    CASE(0, "%s a new directory of the old name is empty", origins[origin]);
    show_names("linkeddir");
    show_names("elsewhere");
    end();
    CASE(rename("elsewhere", "linkeddir"), "%s onto the empty one", origins[origin]);
    fact("%s", content("dlink/inner"));
    show_names(here);
    end();
    drop(inner);
    drop(directory);
}

static void open_files(enum origin origin) {
    room(origin);
    int replaced = open("other", O_RDWR), moved = open("file", O_RDWR);
    struct stat before, after;
    LINE(rename("file", "other"), "%s onto an open file", origins[origin]);
    CASE(fstat(replaced, &before), "%s the replaced one lives on", origins[origin]);
    fact("links=%ju %s", (uintmax_t)before.st_nlink, content_of(replaced));
    fact("write=%zd", pwrite(replaced, "changed", 7, 0));
    fact("%s", content_of(replaced));
    show("other");
    end();
    CASE(fstat(moved, &after), "%s the moved one", origins[origin]);
    fact("write=%zd", pwrite(moved, "CHANGED", 7, 0));
    show("other");
    fact("same=%d", after.st_ino == status("other").st_ino);
    end();
    drop(replaced);
    drop(moved);
}

static void times(enum origin origin) {
    room(origin);
    struct stat from = status("full"), to = status("dir"), file = status("full/inner");
    tick();
    LINE(rename("full/inner", "dir/inner"), "%s between directories", origins[origin]);
    CASE(0, "%s times of both directories", origins[origin]);
    struct stat from2 = status("full"), to2 = status("dir"), file2 = status("dir/inner");
    fact("from=%d to=%d", compare_times(from.st_mtim, from2.st_mtim), compare_times(to.st_mtim, to2.st_mtim));
    fact("mtime=%d ctime=%d", compare_times(file.st_mtim, file2.st_mtim),
         compare_times(file.st_ctim, file2.st_ctim));
    end();
}

static void out_of_the_tree(enum origin origin) {
    room(origin);
    CASE(rename("file", "/proc/self/there"), "%s to another file system", origins[origin]);
    show("file");
    end();
    LINE(rename("/proc/self/status", "a"), "%s from another file system", origins[origin]);
    LINE(link("/proc/self/status", "a"), "%s link from another file system", origins[origin]);
}

void rename_subject(void) {
    BOTH(origin) {
        matrix(origin);
        shapes(origin);
        moved_directories(origin);
        open_files(origin);
        times(origin);
        out_of_the_tree(origin);
    }
}
