#include "client.h"
#include "launch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * A command that is given inside of a run without a sandbox. Velo's own programs are not served by the
 * run's library, so that run's tree is nowhere for them, and its directories are empty: they would be
 * taken for what they are not.
 */

struct around {
    char session[PATH_MAX];
    char prefix[PATH_MAX];
    char directory[PATH_MAX];
};

/* Of the file "world", two strings that end with NUL: what it is, and the prefix. */
static bool find_around(const struct caller *caller, struct around *out) {
    const char *session = variable(caller, "VELO_SHIM_SESSION");
    char path[PATH_MAX + 8], text[512] = "";
    if (session == NULL || strlen(session) >= sizeof out->session) {
        return false;
    }
    snprintf(out->session, sizeof out->session, "%s", session);
    snprintf(path, sizeof path, "%s/world", session);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    const size_t magic = strlen(text) + 1;
    if (length <= (ssize_t)magic || text[magic] != '/') {
        return false;
    }
    snprintf(out->prefix, sizeof out->prefix, "%s", text + magic);
    return getcwd(out->directory, sizeof out->directory) != NULL;
}

static bool is_below(const char *path, const char *directory) {
    const size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '\0' || strchr("/:,", path[length]));
}

/* Absolute, without "." , ".." and "//". False: too long. */
static bool make_plain(const struct around *around, const char *path, char *out, size_t room) {
    char whole[2 * PATH_MAX];
    size_t end = 0;
    const int length = path[0] == '/' ? snprintf(whole, sizeof whole, "%s", path)
                                      : snprintf(whole, sizeof whole, "%s/%s", around->directory, path);
    if (length < 0 || (size_t)length >= room || (size_t)length >= sizeof whole) {
        return false;
    }
    out[0] = '\0';
    for (char *rest = whole, *name; (name = strsep(&rest, "/")) != NULL;) {
        if (strcmp(name, "..") == 0) {
            while (end > 0 && out[--end] != '/') {
            }
        } else if (name[0] != '\0' && strcmp(name, ".") != 0) {
            end += (size_t)snprintf(out + end, room - end, "/%s", name);
        }
        out[end] = '\0';
    }
    return true;
}

static void refuse_path(const struct around *around, const char *path, int status) {
    char plain[PATH_MAX];
    if (path != NULL && make_plain(around, path, plain, sizeof plain) && is_below(plain, around->prefix)) {
        fail(status, "name one outside of it; cp copies there what is in the tree",
             "cannot use %s: it is in the tree of the run that velo was started in, which velo does not see",
             path);
    }
}

/* Commands that look at no path of the caller's. */
static bool is_told_alone(const struct caller *caller) {
    static const char *const words[] = {"help", "completion", "--help", "-h", "--version", "-V"};
    bool is = caller->arguments[0] == NULL;
    for (char **at = caller->arguments; *at != NULL && strcmp(*at, "--") != 0; at++) {
        const size_t first = at == caller->arguments ? 0 : 2;
        for (size_t i = first; i < sizeof words / sizeof *words; i++) {
            is = is || strcmp(*at, words[i]) == 0;
        }
    }
    return is;
}

/* Options of run that are followed by no value, and those whose value is of the new run. */
static bool is_among(const char *text, const char *const *words) {
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* Where in a run's arguments the program's begin nobody but Java knows for certain: the first word that is
 * neither an option nor follows one that takes a value. */
static void refuse_arguments(const struct around *around, const struct caller *caller, int status) {
    static const char *const flags[] = {"--isolate", "--no-daemon", "--tty", "-t", NULL};
    static const char *const inner[] = {"--workdir", "--env", "--pass-env", NULL};
    const char *before = "--";
    for (char **at = caller->arguments; *at != NULL && strcmp(*at, "--") != 0; before = *at++) {
        const char *value = (*at)[0] == '-' ? strchr(*at, '=') : *at;
        const bool follows = before[0] == '-' && strchr(before, '=') == NULL;
        if (at == caller->arguments || value == NULL) {
            continue;
        }
        if (is_run(caller) && value == *at && (!follows || is_among(before, flags))) {
            break;
        }
        if (is_run(caller) && (is_among(before, inner) || strncmp(*at, "--workdir=", 10) == 0)) {
            continue;
        }
        refuse_path(around, value == *at ? value : value + 1, status);
    }
}

void refuse_in_tree(const struct caller *caller, int status) {
    struct around around;
    char stands[PATH_MAX + 8];
    if (!find_around(caller, &around) || is_told_alone(caller)) {
        return;
    }
    snprintf(stands, sizeof stands, "%s/dirs", around.session);
    if (is_below(around.directory, stands) || is_below(around.directory, around.prefix)) {
        fail(status, "change to a directory outside of it",
             "cannot start in the current directory: it is in the tree of the run that velo was started in, "
             "which velo does not see");
    }
    refuse_arguments(&around, caller, status);
    refuse_path(&around, variable(caller, "VR_THE_SOURCE"), status);
}
