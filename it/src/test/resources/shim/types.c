#include "acts.h"

/* rename(2) of each type over each other, names of one file over each other, and what is above over what is
 * below. */

static void make_none(const char *path) {
    (void)path;
}

static void make_file(const char *path) {
    put(path, "file\n");
}

static void make_directory(const char *path) {
    NEED(mkdir(path, 0755));
}

static void make_full(const char *path) {
    char inner[64];
    snprintf(inner, sizeof inner, "%s/inner", path);
    make_directory(path);
    make_file(inner);
}

static void make_link(const char *path) {
    NEED(symlink("file", path));
}

static void make_dangling(const char *path) {
    NEED(symlink("nowhere", path));
}

static void make_pipe(const char *path) {
    NEED(mkfifo(path, 0644));
}

/* Second names of what make_nodes made. */
static void make_socket(const char *path) {
    NEED(link("sock", path));
}

static void make_character(const char *path) {
    NEED(link("char", path));
}

static void make_block(const char *path) {
    NEED(link("block", path));
}

static const struct {
    const char *name;
    void (*make)(const char *path);
} kinds[] = {{"file", make_file},        {"dir", make_directory}, {"full", make_full},
             {"link", make_link},        {"pipe", make_pipe},     {"sock", make_socket},
             {"char", make_character},   {"block", make_block},   {"absent", make_none},
             {"dangling", make_dangling}};
static const struct {
    const char *name;
    unsigned flags;
} ways[] = {{"rename", 0}, {"noreplace", RENAME_NOREPLACE}, {"exchange", RENAME_EXCHANGE}};

static void clear(const char *path) {
    char inner[64];
    snprintf(inner, sizeof inner, "%s/inner", path);
    unlink(inner);
    need(remove(path) == 0 || errno == ENOENT, path);
}

static void pair(enum origin origin, size_t way, size_t from, size_t to) {
    kinds[from].make("from");
    kinds[to].make("goal/to");
    struct stat before = {0}, after = {0};
    bool existed = lstat("from", &before) == 0;
    CASE(renameat2(AT_FDCWD, "from", AT_FDCWD, "goal/to", ways[way].flags), "%s %s %s %s", origins[origin],
         ways[way].name, kinds[from].name, kinds[to].name);
    show("from");
    show("goal/to");
    fact("same=%d", existed && lstat("goal/to", &after) == 0 && before.st_ino == after.st_ino);
    fact("links=%ju,%ju", (uintmax_t)status(".").st_nlink, (uintmax_t)status("goal").st_nlink);
    end();
    clear("from");
    clear("goal/to");
}

static void all_pairs(enum origin origin) {
    room(origin);
    make_nodes();
    NEED(rename("dir", "goal"));
    for (size_t way = 0; way < LENGTH(ways); way++) {
        for (size_t i = 0; i < LENGTH(kinds); i++) {
            for (size_t k = 0; k < LENGTH(kinds); k++) {
                pair(origin, way, i, k);
            }
        }
    }
}

/* Names of one file: nothing happens, both stay. */
static void names_of_one(enum origin origin, size_t way) {
    static const char *const all[] = {"file", "link", "pipe", "sock", "char"};
    room(origin);
    make_nodes();
    for (size_t i = 0; i < LENGTH(all); i++) {
        char second[32];
        snprintf(second, sizeof second, "%s-2", all[i]);
        NEED(link(all[i], second));
        CASE(renameat2(AT_FDCWD, all[i], AT_FDCWD, second, ways[way].flags), "%s %s names of one %s",
             origins[origin], ways[way].name, all[i]);
        fact("links=%ju %s", (uintmax_t)status(second).st_nlink, same(all[i], second));
        end();
        CASE(renameat2(AT_FDCWD, all[i], AT_FDCWD, all[i], ways[way].flags), "%s %s %s to itself",
             origins[origin], ways[way].name, all[i]);
        fact("links=%ju", (uintmax_t)status(second).st_nlink);
        end();
    }
}

/* Who has an open file whose other name is replaced sees one link less. */
static void links_of_replaced(enum origin origin) {
    static const char *const all[] = {"file", "pipe"};
    room(origin);
    make_nodes();
    for (size_t i = 0; i < LENGTH(all); i++) {
        char second[32];
        snprintf(second, sizeof second, "%s-2", all[i]);
        NEED(link(all[i], second));
        int fd = open(all[i], O_PATH);
        put("over", "over\n");
        struct stat is;
        CASE(rename("over", second), "%s over the second name of %s", origins[origin], all[i]);
        int seen = fstat(fd, &is);
        fact("fstat=%d links=%ju", seen, (uintmax_t)is.st_nlink);
        fact("%ju", (uintmax_t)status(all[i]).st_nlink);
        end();
        put("over", "over\n");
        CASE(rename("over", all[i]), "%s over the last name of %s", origins[origin], all[i]);
        seen = fstat(fd, &is);
        fact("fstat=%d links=%ju", seen, (uintmax_t)is.st_nlink);
        end();
        drop(fd);
    }
}

static void ancestors(enum origin origin) {
    static const char *const pairs[][2] = {{"a", "a/b"},   {"a", "a/b/c"},   {"a/b", "a"},
                                           {"a/b/c", "a"}, {"a", "a/b/c/d"}, {"a/b/c", "a/b"},
                                           {"a/b/c", "."}, {"../self", "a"}};
    for (size_t way = 0; way < LENGTH(ways); way++) {
        room(origin);
        NEED(mkdir("a", 0755));
        NEED(mkdir("a/b", 0755));
        NEED(mkdir("a/b/c", 0755));
        for (size_t i = 0; i < LENGTH(pairs); i++) {
            CASE(renameat2(AT_FDCWD, pairs[i][0], AT_FDCWD, pairs[i][1], ways[way].flags), "%s %s %s %s",
                 origins[origin], ways[way].name, pairs[i][0], pairs[i][1]);
            fact("links=%ju", (uintmax_t)status("a").st_nlink);
            end();
        }
    }
}

/* st_nlink of directories that come, go, move and change places. */
static void links_of_directories(enum origin origin) {
    room(origin);
    CASE(0, "%s links of directories", origins[origin]);
    fact("%ju", (uintmax_t)status(".").st_nlink);
    NEED(mkdir("dir/one", 0755));
    NEED(mkdir("dir/two", 0755));
    fact("%ju", (uintmax_t)status("dir").st_nlink);
    NEED(rename("dir/one", "full/one"));
    fact("%ju,%ju", (uintmax_t)status("dir").st_nlink, (uintmax_t)status("full").st_nlink);
    NEED(renameat2(AT_FDCWD, "dir/two", AT_FDCWD, "full/inner", RENAME_EXCHANGE));
    fact("%ju,%ju", (uintmax_t)status("dir").st_nlink, (uintmax_t)status("full").st_nlink);
    NEED(rename("full/one", "full/sub"));
    fact("%ju", (uintmax_t)status("full").st_nlink);
    int fd = open("full/sub", O_RDONLY | O_DIRECTORY);
    NEED(rmdir("full/sub"));
    struct stat is;
    NEED(fstat(fd, &is));
    fact("%ju removed=%ju", (uintmax_t)status("full").st_nlink, (uintmax_t)is.st_nlink);
    drop(fd);
    end();
}

void types_subject(void) {
    BOTH(origin) {
        all_pairs(origin);
        for (size_t way = 0; way < LENGTH(ways); way++) {
            names_of_one(origin, way);
        }
        links_of_replaced(origin);
        ancestors(origin);
        links_of_directories(origin);
    }
}
