#include "battery.h"

static void where(const char *name) {
    char text[PATH_MAX];
    char *found = getcwd(text, sizeof text);
    fact("%s=%s", name, found ? shown(found) : error_name(errno));
}

static void changes(enum origin origin) {
    static const char *const places[] = {
        "full",     "..", "dlink", "..",      "full/sub", "../..",  "file", "missing",     "link",
        "dangling", "",   "loop",  "dlink/.", "..",       "file/x", ".",    "full/../dir", ".."};
    room(origin);
    for (size_t i = 0; i < LENGTH(places); i++) {
        CASE(chdir(places[i]), "%s chdir '%s'", origins[origin], places[i]);
        where("now");
        end();
    }
    int directory = open("full", O_RDONLY | O_DIRECTORY), file = open("file", O_RDONLY);
    int path = open("linkeddir", O_PATH);
    CASE(fchdir(directory), "%s fchdir", origins[origin]);
    where("now");
    fact("%s", content("inner"));
    end();
    CASE(fchdir(path), "%s fchdir of O_PATH", origins[origin]);
    where("now");
    end();
    LINE(fchdir(file), "%s fchdir of a file", origins[origin]);
    LINE(fchdir(-1), "%s fchdir of no descriptor", origins[origin]);
    NEED(chdir(in_home(".")));
    CASE(0, "%s home", origins[origin]);
    where("now");
    end();
    drop(directory);
    drop(file);
    drop(path);
}

static void sizes(enum origin origin) {
    const char *here = room(origin);
    char text[PATH_MAX];
    LINE(got(getcwd(text, strlen(here))), "%s getcwd into too little room", origins[origin]);
    LINE(got(getcwd(text, strlen(here) + 1)), "%s getcwd into just enough", origins[origin]);
    LINE(got(getcwd(text, 0)), "%s getcwd into none", origins[origin]);
    char *made = getcwd(NULL, 0);
    CASE(got(made), "%s getcwd that allocates", origins[origin]);
    fact("%s", shown(made));
    end();
    free(made);
    made = get_current_dir_name();
    CASE(got(made), "%s get_current_dir_name", origins[origin]);
    fact("%s", shown(made));
    end();
    free(made);
}

static void moved(enum origin origin) {
    const char *here = room(origin);
    NEED(chdir("full/sub"));
    NEED(rename("../../full", "../../dir/in"));
    CASE(0, "%s a parent moved", origins[origin]);
    where("now");
    fact("%s", content("../inner"));
    end();
    put("made", "below it\n");
    CASE(0, "%s made after it moved", origins[origin]);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/dir/in/sub/made", here);
    fact("%s", content(path));
    end();
    NEED(rename("../sub", "../../sub2"));
    CASE(0, "%s itself moved", origins[origin]);
    where("now");
    char *real = realpath(".", NULL);
    fact("%s", shown(real));
    free(real);
    real = realpath("..", NULL);
    fact("%s", shown(real));
    free(real);
    end();
    NEED(chdir(".."));
    CASE(0, "%s up from there", origins[origin]);
    where("now");
    end();
}

static void real_paths(enum origin origin) {
    static const char *const names[] = {
        "file", "link",    "dlink/inner", "dlink/../file",  "dangling", "loop",     "missing", "file/",
        "",     ".",       "..",          "full/sub/../..", "dir/",     "dlink/./", "file/..", "/",
        "//",   "/proc/.."};
    const char *here = room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        begin("%s realpath '%s'", origins[origin], names[i]);
        errno = 0;
        char *real = realpath(names[i], NULL);
        result(got(real));
        fact("%s", real ? shown(real) : "");
        end();
        free(real);
    }
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s//full/.././dlink//inner", here);
    char *real = canonicalize_file_name(path);
    CASE(got(real), "%s canonicalize_file_name", origins[origin]);
    fact("%s", shown(real));
    end();
    free(real);
    snprintf(path, sizeof path, "%s/../../../../../../../../../..%s/file", here, here);
    CASE(access(path, F_OK), "%s up to the root and down again", origins[origin]);
    end();
    snprintf(path, sizeof path, "/proc/../.%s/../%s/file", here, strrchr(here, '/') + 1);
    CASE(access(path, F_OK), "%s by way of the host", origins[origin]);
    end();
    snprintf(path, sizeof path, "///%s/file", here);
    CASE(access(path, F_OK), "%s many slashes", origins[origin]);
    end();
}

static int change_in_child(void *with) {
    (void)with;
    CASE(0, "child begins");
    where("now");
    end();
    NEED(chdir("full"));
    CASE(0, "child changes");
    where("now");
    end();
    return 0;
}

static void children(enum origin origin) {
    room(origin);
    LINE(in_child(change_in_child, NULL), "%s child", origins[origin]);
    CASE(0, "%s parent stays", origins[origin]);
    where("now");
    end();
    NEED(chdir("/proc/self"));
    CASE(0, "%s to the host and back", origins[origin]);
    NEED(chdir(in_home("%s", origins[origin])));
    where("now");
    end();
}

void cwd_subject(void) {
    BOTH(origin) {
        changes(origin);
        sizes(origin);
        moved(origin);
        real_paths(origin);
        children(origin);
    }
}
