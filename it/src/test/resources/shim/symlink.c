#include "battery.h"

static void make(enum origin origin) {
    static const char *const names[] = {"new",   "file",   "dir",    "link", "dangling", "loop", "new/",
                                        "file/", "lacks/", "file/x", ".",    "dlink/a",  "",     "dangling/"};
    room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        CASE(symlink("any/where", names[i]), "%s symlink '%s'", origins[origin], names[i]);
        show(names[i]);
        end();
    }
    LINE(symlink("", "empty-target"), "%s empty target", origins[origin]);
    CASE(lchown("new", getuid(), getgid()), "%s lchown to oneself", origins[origin]);
    show("new");
    end();
    CASE(0, "%s after them", origins[origin]);
    show_names(".");
    show_names("linkeddir");
    end();
}

static void read_links(enum origin origin) {
    static const char *const names[] = {"link", "dlink",   "dangling",     "loop",    "file",
                                        "dir",  "missing", "link/",        "dlink/.", "dangling/",
                                        "",     "file/x",  "dlink/../link"};
    room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        char text[64] = "";
        CASE(readlink(names[i], text, sizeof text), "%s readlink '%s'", origins[origin], names[i]);
        fact("%s", text);
        end();
    }
    char text[4] = "###";
    CASE(readlink("dangling", text, 2), "%s readlink into little room", origins[origin]);
    fact("%s", text);
    end();
    LINE(readlink("link", text, 0), "%s readlink into none", origins[origin]);
    int fd = open("link", O_PATH | O_NOFOLLOW);
    char room_of_descriptor[64] = "";
    CASE(readlinkat(fd, "", room_of_descriptor, 60), "%s readlinkat of the link's descriptor",
         origins[origin]);
    fact("%s", room_of_descriptor);
    end();
    drop(fd);
}

/* c00 -> file, c01 -> c00, ... */
static void chains(enum origin origin) {
    room(origin);
    char name[16], target[16] = "file";
    for (int i = 0; i < 44; i++) {
        snprintf(name, sizeof name, "c%02d", i);
        NEED(symlink(target, name));
        if (i > 36) {
            OPENS(open(name, O_RDONLY), "%s chain of %d", origins[origin], i + 1);
        }
        strcpy(target, name);
    }
    struct stat is;
    LINE(lstat("c43", &is), "%s lstat at its end", origins[origin]);
    LINE(stat("c43", &is), "%s stat at its end", origins[origin]);
    char path[512] = ".";
    for (int i = 0; i < 41; i++) {
        NEED(i ? 0 : symlink(".", "here"));
        strcat(path, "/here");
    }
    LINE(stat(path, &is), "%s 41 links one after the other", origins[origin]);
    path[strlen(path) - 5] = 0;
    LINE(stat(path, &is), "%s 40 links one after the other", origins[origin]);
    NEED(symlink("second", "first"));
    NEED(symlink("first", "second"));
    LINE(access("first", F_OK), "%s a loop of two", origins[origin]);
    LINE(access("loop/below", F_OK), "%s below a loop", origins[origin]);
}

static void up_after_links(enum origin origin) {
    const char *here = room(origin);
    NEED(symlink("full/sub", "deep"));
    put("full/mark", "the parent of what the link names\n");
    put("mark", "the parent of the link\n");
    CASE(0, "%s .. after a link", origins[origin]);
    fact("%s", content("deep/../mark"));
    fact("%s", content("deep/../../mark"));
    fact("%s", content("dlink/../mark"));
    fact("%s", content("dlink/./../mark"));
    fact("%s", content("dlink//..//mark"));
    fact("%s", content("deep/../../deep/../mark"));
    end();
    NEED(symlink("../mark", "full/up"));
    NEED(symlink("../full/../dlink/../full/sub", "full/winding"));
    CASE(0, "%s links with ..", origins[origin]);
    fact("%s", content("full/up"));
    fact("%s", content("deep/../up"));
    fact("%s", content("full/winding/../mark"));
    end();
    char absolute[PATH_MAX];
    snprintf(absolute, sizeof absolute, "%s/full", here);
    NEED(symlink(absolute, "absolute"));
    NEED(symlink("/etc/passwd", "outside"));
    NEED(symlink("/", "root"));
    char through[PATH_MAX + 8];
    snprintf(through, sizeof through, "root%s/mark", here);
    CASE(0, "%s absolute links", origins[origin]);
    fact("%s", content("absolute/mark"));
    fact("%s", content("absolute/../mark"));
    fact("outside=%d", access("outside", R_OK));
    fact("root=%s", content(through));
    end();
    CASE(0, "%s links trailing slashes", origins[origin]);
    fact("%s", content("link/"));
    fact("%s", content("dlink/inner"));
    fact("stat=%d", access("dlink/", X_OK));
    fact("mkdir=%s", mkdir("dangling/", 0755) ? error_name(errno) : "0");
    fact("mkdir=%s", mkdir("dangling", 0755) ? error_name(errno) : "0");
    end();
}

static void of_the_host(enum origin origin) {
    const char *here = room(origin);
    char place[] = "/tmp/posix-battery-XXXXXX", name[PATH_MAX], target[PATH_MAX];
    need(mkdtemp(place), "mkdtemp");
    snprintf(name, sizeof name, "%s/into", place);
    snprintf(target, sizeof target, "%s/full", here);
    NEED(symlink(target, name));
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/inner", name);
    CASE(0, "%s a link of the host leads here", origins[origin]);
    fact("%s", content(path));
    snprintf(path, sizeof path, "%s/../other", name);
    fact("%s", content(path));
    snprintf(path, sizeof path, "%s/made", name);
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    fact("create=%ld", ok(fd));
    drop(fd);
    show_names("full");
    end();
    snprintf(path, sizeof path, "%s/back", place);
    put(path, "of the host\n");
    NEED(symlink(path, "host"));
    CASE(0, "%s a link leads to the host", origins[origin]);
    fact("%s", content("host"));
    fd = open("host", O_WRONLY | O_TRUNC);
    NEED(write(fd, "written\n", 8));
    drop(fd);
    fact("%s", content(path));
    fact("links=%d", S_ISLNK(status("host").st_mode));
    end();
    NEED(unlink(path));
    NEED(unlink(name));
    NEED(rmdir(place));
}

static void long_names(enum origin origin) {
    const char *here = room(origin);
    char name[300];
    for (size_t length = 254; length <= 256; length++) {
        memset(name, 'n', length);
        name[length] = 0;
        OPENS(open(name, O_CREAT | O_WRONLY, 0644), "%s name of %zu", origins[origin], length);
        LINE(access(name, F_OK), "%s access of %zu", origins[origin], length);
        LINE(unlink(name), "%s unlink of %zu", origins[origin], length);
        LINE(mkdir(name, 0755), "%s mkdir of %zu", origins[origin], length);
        LINE(symlink("a", name), "%s symlink of %zu", origins[origin], length);
        LINE(rename("file", name), "%s rename to %zu", origins[origin], length);
        LINE(link("other", name), "%s link to %zu", origins[origin], length);
        LINE(rmdir(name), "%s rmdir of %zu", origins[origin], length);
    }
    char *path = malloc(3 * PATH_MAX);
    need(path, "malloc");
    for (size_t length = PATH_MAX - 2; length <= PATH_MAX + 1; length++) {
        strcpy(path, here);
        size_t used = strlen(path);
        while (used < length - 6) {
            used += (size_t)sprintf(path + used, "/.");
        }
        while (used + 5 < length) {
            path[used++] = '/';
        }
        strcpy(path + used, "/file");
        need(strlen(path) == length, "the length of the path");
        LINE(access(path, F_OK), "%s path of %zu", origins[origin], length);
        OPENS(open(path, O_RDONLY), "%s open of a path of %zu", origins[origin], length);
    }
    memset(path, 't', 3 * PATH_MAX);
    for (size_t length = PATH_MAX - 2; length <= PATH_MAX; length++) {
        path[length] = 0;
        snprintf(name, sizeof name, "target%zu", length);
        LINE(symlink(path, name), "%s target of %zu", origins[origin], length);
        path[length] = 't';
    }
    free(path);
    NEED(chdir(here));
    int depth = 0;
    while (depth < 60) {
        memset(name, 'd', 200);
        name[200] = 0;
        if (mkdir(name, 0755) != 0 || chdir(name) != 0) {
            break;
        }
        depth++;
    }
    CASE(depth, "%s directories below each other", origins[origin]);
    fact("here=%d", access(".", F_OK));
    char *where = getcwd(NULL, 0);
    fact("getcwd=%s", where ? "found" : error_name(errno));
    free(where);
    put("at-the-bottom", "deep\n");
    fact("%s", content("at-the-bottom"));
    end();
}

void symlink_subject(void) {
    BOTH(origin) {
        make(origin);
        read_links(origin);
        chains(origin);
        up_after_links(origin);
        of_the_host(origin);
        long_names(origin);
    }
}
