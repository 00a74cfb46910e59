#include "battery.h"

#include <stdarg.h>
#include <sys/wait.h>

const char *home;
const char *const origins[] = {"old", "made"};

const char *in_home(const char *format, ...) {
    static char paths[8][PATH_MAX];
    static int turn;
    char *path = paths[turn++ % 8];
    int length = snprintf(path, PATH_MAX, "%s/", home);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path + length, (size_t)(PATH_MAX - length), format, arguments);
    va_end(arguments);
    return path;
}

const char *room(enum origin origin) {
    static unsigned next[2];
    unsigned number = next[origin]++;
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%03u", home, origins[origin], number);
    if (origin == MADE) {
        need(mkdir(in_home("%s", origins[MADE]), 0755) == 0 || errno == EEXIST, "mkdir of the rooms");
        NEED(mkdir(path, 0755));
    } else if (number >= ROOMS) {
        need(false, "there are too few rooms");
    }
    need(chdir(path) == 0, path);
    if (origin == MADE) {
        furnish();
    }
    return path;
}

/* Times of the fixture: long ago, with nanoseconds, and not the same for all. */
static void set_times(const char *path, long number) {
    struct timespec times[2] = {{1000000000 + number, 111111111}, {1100000000 + number, 123456789 + number}};
    NEED(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

void furnish(void) {
    put("file", "content of file\n");
    put("twin", "content of file\n");
    put("other", "something else\n");
    put("linked", "behind a link\n");
    put("empty", "");
    NEED(chmod("other", 0600));
    NEED(mkdir("dir", 0755));
    NEED(mkdir("full", 0755));
    put("full/inner", "inside\n");
    NEED(mkdir("full/sub", 0755));
    NEED(mkdir("linkeddir", 0755));
    put("linkeddir/inner", "inside\n");
    NEED(symlink("linked", "link"));
    NEED(symlink("linkeddir", "dlink"));
    NEED(symlink("nowhere", "dangling"));
    NEED(symlink("loop", "loop"));
    static const char *const all[] = {"full/inner", "full/sub", "linkeddir/inner", "file",     "twin",
                                      "other",      "linked",   "empty",           "dir",      "full",
                                      "linkeddir",  "link",     "dlink",           "dangling", "loop"};
    for (size_t i = 0; i < LENGTH(all); i++) {
        set_times(all[i], (long)i);
    }
}

void make_fixture(void) {
    NEED(mkdir(origins[OLD], 0755));
    for (unsigned i = 0; i < ROOMS; i++) {
        const char *path = in_home("%s/%03u", origins[OLD], i);
        NEED(mkdir(path, 0755));
        NEED(chdir(path));
        furnish();
        NEED(chdir(home));
        set_times(path, 100);
    }
    NEED(mkdir("many", 0755));
    for (unsigned i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "many/entry-%05u", i);
        put(name, "");
    }
    set_times("many", 200);
}

int in_child(int (*run)(void *with), void *with) {
    pid_t child = fork();
    NEED(child);
    if (child == 0) {
        int status = run(with);
        _exit(status);
    }
    int status;
    need(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
