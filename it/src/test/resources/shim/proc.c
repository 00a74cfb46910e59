#include "battery.h"

#include <dirent.h>

static const char *number_path(int fd, const char *rest) {
    static char path[4][64];
    static int turn;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof path[0], "/proc/self/fd/%d%s", fd, rest);
    return out;
}

static void link_fact(const char *name, const char *path) {
    char text[PATH_MAX] = "";
    ssize_t length = readlink(path, text, sizeof text - 1);
    fact("%s=%s", name, length < 0 ? error_name(errno) : shown(text));
}

static void descriptors(enum origin origin) {
    static const char *const names[] = {"file", "full", "link", "dlink"};
    static const int flags[] = {O_RDONLY, O_PATH};
    room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        for (size_t k = 0; k < LENGTH(flags); k++) {
            int fd = open(names[i], flags[k]);
            CASE(ok(fd), "%s descriptor of %s%s", origins[origin], names[i], k ? ", O_PATH" : "");
            link_fact("link", number_path(fd, ""));
            struct stat is;
            fact("stat=%s", stat(number_path(fd, ""), &is) ? error_name(errno) : "0");
            fact("same=%d",
                 is.st_ino == (i < 2 ? status(names[i]) : status(i == 2 ? "linked" : "linkeddir")).st_ino);
            fact("lstat=%d", S_ISLNK(status(number_path(fd, "")).st_mode));
            fact("access=%s", access(number_path(fd, ""), R_OK) ? error_name(errno) : "0");
            fact("below=%s", content(number_path(fd, "/inner")));
            int again = open(number_path(fd, ""), O_RDONLY);
            fact("open=%s", again < 0 ? error_name(errno) : "0");
            drop(again);
            end();
            drop(fd);
        }
    }
    int fd = open("file", O_RDONLY);
    CASE(0, "%s write by way of a reader", origins[origin]);
    int writer = open(number_path(fd, ""), O_WRONLY | O_TRUNC);
    fact("open=%s", writer < 0 ? error_name(errno) : "0");
    NEED(write(writer, "new", 3));
    drop(writer);
    show("file");
    show("twin");
    fact("%s", content_of(fd));
    end();
    CASE(chmod(number_path(fd, ""), 0604), "%s chmod by it", origins[origin]);
    show("file");
    show("twin");
    end();
    CASE(truncate(number_path(fd, ""), 1), "%s truncate by it", origins[origin]);
    show("file");
    end();
    char path[64];
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    CASE(0, "%s /dev/fd", origins[origin]);
    fact("%s", content(path));
    link_fact("link", path);
    end();
    snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), fd);
    CASE(0, "%s by the process's number", origins[origin]);
    fact("%s", content(path));
    link_fact("link", path);
    end();
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
    CASE(0, "%s by the thread", origins[origin]);
    fact("%s", content(path));
    link_fact("link", path);
    end();
    char *real = realpath(number_path(fd, ""), NULL);
    CASE(got(real), "%s realpath of it", origins[origin]);
    fact("%s", shown(real));
    end();
    free(real);
    NEED(rename("file", "dir/renamed"));
    CASE(0, "%s renamed", origins[origin]);
    link_fact("link", number_path(fd, ""));
    end();
    NEED(unlink("dir/renamed"));
    CASE(0, "%s unlinked", origins[origin]);
    link_fact("link", number_path(fd, ""));
    fact("%s", content(number_path(fd, "")));
    end();
    drop(fd);
    LINE(access(number_path(987, ""), F_OK), "%s no descriptor", origins[origin]);
}

static void current(enum origin origin) {
    room(origin);
    NEED(chdir("full/sub"));
    CASE(0, "%s current directory", origins[origin]);
    link_fact("cwd", "/proc/self/cwd");
    fact("%s", content("/proc/self/cwd/../inner"));
    fact("open=%ld", ok(open("/proc/self/cwd", O_RDONLY | O_DIRECTORY)));
    fact("made=%s", mkdir("/proc/self/cwd/made", 0755) ? error_name(errno) : "0");
    show_names(".");
    end();
    NEED(rename("../../full", "../../moved"));
    CASE(0, "%s renamed above", origins[origin]);
    link_fact("cwd", "/proc/self/cwd");
    end();
    NEED(rmdir("made"));
    NEED(rmdir("../sub"));
    CASE(0, "%s removed", origins[origin]);
    link_fact("cwd", "/proc/self/cwd");
    end();
    CASE(0, "%s program", origins[origin]);
    char text[PATH_MAX] = "";
    fact("exe=%ld", ok(readlink("/proc/self/exe", text, sizeof text - 1)));
    fact("%s", strrchr(text, '/') ? strrchr(text, '/') : text);
    link_fact("root", "/proc/self/root");
    end();
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "/proc/self/root%s/%s", home, origins[origin]);
    LINE(access(path, F_OK), "%s by way of the root", origins[origin]);
}

/* No more descriptors are open than the program opened. */
static void numbers(enum origin origin) {
    room(origin);
    int before = 0, after = 0;
    for (int fd = 0; fd < 1024; fd++) {
        before += fcntl(fd, F_GETFD) >= 0;
    }
    int first = open("file", O_RDONLY), second = open("full", O_RDONLY | O_DIRECTORY),
        third = open("new", O_RDWR | O_CREAT, 0644);
    for (int fd = 0; fd < 1024; fd++) {
        after += fcntl(fd, F_GETFD) >= 0;
    }
    CASE(after - before, "%s descriptors that three opens make", origins[origin]);
    fact("lowest=%d next=%d,%d", first == before, second == first + 1, third == second + 1);
    end();
    DIR *list = opendir("/proc/self/fd");
    int listed = 0;
    struct dirent *entry;
    while ((entry = readdir(list))) {
        listed += entry->d_name[0] != '.';
    }
    closedir(list);
    CASE(listed - after, "%s listed in /proc", origins[origin]);
    end();
    LINE(close_range(3, ~0u, 0), "%s close_range of all", origins[origin]);
    CASE(0, "%s afterwards", origins[origin]);
    show("file");
    show("full/inner");
    put("after", "written\n");
    show("after");
    end();
}

void proc_subject(void) {
    BOTH(origin) {
        descriptors(origin);
        current(origin);
        numbers(origin);
    }
}
