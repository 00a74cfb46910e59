#include "acts.h"

/* Every call on every kind of thing, and on every path that leads to none. All paths stay below the battery's
 * directory: calls that remove and change are among them. */

static const char *const targets[] = {
    "file",     "dir",        "full",     "link",       "dlink",       "dangling",  "loop",
    "pipe",     "sock",       "char",     "block",      "nodriver",    "missing",   "",
    ".",        "..",         "dir/.",    "dir/..",     "file/",       "dir/",      "dlink/",
    "missing/", "file/x",     "pipe/x",   "sock/x",     "char/x",      "link/x",    "dangling/x",
    "loop/x",   "missing/x",  "file/..",  "missing/..", "dlink/inner", "link/../x", "full/inner/x",
    "pipe/..",  "dangling/.", "dir/../x", "full/./sub", "dlink/../x2",
};

static char long_name[3][520];

static const struct {
    const char *label;
    size_t letters;
    const char *behind;
} names[] = {{"255", 255, ""}, {"256", 256, ""}, {"255 below", 254, "/x"}, {"256 below", 256, "/x"}};

/* So many bytes that end in this name. */
static const char *padded(size_t length, const char *name) {
    static char path[8192];
    size_t dots = length - strlen(name);
    for (size_t i = 0; i < dots; i++) {
        path[i] = i % 2 ? '/' : '.';
    }
    if (dots % 2) {
        path[dots - 1] = '/';
    }
    strcpy(path + dots, name);
    return path;
}

static void leaves(const char *path) {
    struct stat is;
    if (*path && strcmp(path, "..") != 0 && lstat(path, &is) == 0) {
        show(path);
    }
    end();
}

static void try_act(enum origin origin, const struct act *act) {
    room(origin);
    make_nodes();
    for (size_t i = 0; i < LENGTH(targets); i++) {
        make_spare();
        CASE(act->run(targets[i]), "%s %s '%s'", origins[origin], act->name, targets[i]);
        leaves(targets[i]);
    }
    make_spare();
    for (size_t i = 0; i < LENGTH(names); i++) {
        memset(long_name[0], 'n', names[i].letters);
        strcpy(long_name[0] + names[i].letters, names[i].behind);
        LINE(act->run(long_name[0]), "%s %s a name of %s", origins[origin], act->name, names[i].label);
    }
    CASE(0, "%s %s leaves", origins[origin], act->name);
    show_names(".");
    end();
}

static void try_long_paths(enum origin origin, const struct act *act) {
    static const size_t lengths[] = {4094, 4095, 4096, 5000};
    room(origin);
    make_spare();
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        LINE(act->run(padded(lengths[i], "dir")), "%s %s a path of %zu to a directory", origins[origin],
             act->name, lengths[i]);
        LINE(act->run(padded(lengths[i], "twin")), "%s %s a path of %zu to a file", origins[origin],
             act->name, lengths[i]);
        LINE(act->run(padded(lengths[i], "absent")), "%s %s a path of %zu to nothing", origins[origin],
             act->name, lengths[i]);
    }
}

void matrix_subject(void) {
    BOTH(origin) {
        for (size_t i = 0; i < act_count; i++) {
            try_act(origin, &acts[i]);
            try_long_paths(origin, &acts[i]);
        }
    }
}
