#include "battery.h"

#include <dirent.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <sys/ipc.h>
#include <wordexp.h>

static int not_dots(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static void scans(enum origin origin) {
    room(origin);
    put("full/later", "");
    NEED(unlink("twin"));
    static const char *const names[] = {".", "full", "dlink", "file", "missing", "dangling", ""};
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct dirent **list = NULL;
        int count = scandir(names[i], &list, not_dots, alphasort);
        CASE(count, "%s scandir '%s'", origins[origin], names[i]);
        for (int k = 0; k < count; k++) {
            fact("%s/%d", list[k]->d_name, list[k]->d_type);
            free(list[k]);
        }
        free(list);
        end();
    }
    int fd = open("full", O_RDONLY | O_DIRECTORY);
    struct dirent **list = NULL;
    int count = scandirat(fd, "..", &list, NULL, alphasort);
    CASE(count, "%s scandirat", origins[origin]);
    for (int k = 0; k < count; k++) {
        fact("%s", list[k]->d_name);
        free(list[k]);
    }
    free(list);
    end();
    drop(fd);
}

static void patterns(enum origin origin) {
    const char *here = room(origin);
    put("full/sub/x.c", "");
    put("full/sub/y.c", "");
    char absolute[PATH_MAX];
    snprintf(absolute, sizeof absolute, "%s/*/inner", here);
    const char *const all[] = {
        "*",  "f*",     "*/*",  "*/*/*.c",           "[fl]i*",           "nothing*", "dangl*",  "d?r",
        "*/", absolute, "./*k", "{file,other,none}", "~nobody-at-all/x", "file",     "missing", ""};
    static const int flags[] = {0,          GLOB_MARK, GLOB_NOCHECK, GLOB_BRACE | GLOB_TILDE, GLOB_ONLYDIR,
                                GLOB_PERIOD};
    for (size_t i = 0; i < LENGTH(all); i++) {
        for (size_t k = 0; k < LENGTH(flags); k++) {
            glob_t found = {0};
            CASE(glob(all[i], flags[k], NULL, &found), "%s glob %zu '%s'", origins[origin], k, shown(all[i]));
            for (size_t n = 0; n < found.gl_pathc; n++) {
                fact("%s", shown(found.gl_pathv[n]));
            }
            globfree(&found);
            end();
        }
    }
    wordexp_t words = {0};
    CASE(wordexp("f* d?r none*", &words, WRDE_NOCMD), "%s wordexp", origins[origin]);
    for (size_t n = 0; n < words.we_wordc; n++) {
        fact("%s", words.we_wordv[n]);
    }
    wordfree(&words);
    end();
}

/* What the walkers tell comes in the order of the directory; sorted lines do not depend on that. */
static char told[200][128];
static size_t count;

/* Where links are followed a directory is told once, by whichever of its two names the order of the directory
 * has first. */
static bool followed;

static void same_name(char *path) {
    static const char one[] = "linkeddir", other[] = "dlink";
    char *at = strstr(path, one);
    if (followed && at != NULL) {
        memcpy(at, other, sizeof other - 1);
        memmove(at + sizeof other - 1, at + sizeof one - 1, strlen(at + sizeof one - 1) + 1);
    }
}

static void tell(const char *path, const struct stat *is, int kind, int level) {
    if (count < LENGTH(told)) {
        snprintf(told[count], sizeof *told, "%s,%d,%d%s", path, kind, level,
                 S_ISDIR(is->st_mode) ? ",d" : "");
        same_name(told[count++]);
    }
}

static int by_text(const void *one, const void *two) {
    return strcmp(one, two);
}

static void tell_all(void) {
    qsort(told, count, sizeof *told, by_text);
    for (size_t i = 0; i < count; i++) {
        fact("%s", told[i]);
    }
    count = 0;
    end();
}

static int visit(const char *path, const struct stat *is, int kind, struct FTW *at) {
    tell(shown(path), is, kind, at->level);
    return 0;
}

static int visit_simply(const char *path, const struct stat *is, int kind) {
    tell(shown(path), is, kind, 0);
    return 0;
}

static void walks(enum origin origin) {
    const char *here = room(origin);
    put("full/sub/x", "");
    NEED(symlink("../..", "full/sub/up"));
    /* Where a walk ends with an error, what it told before depends on the order of the directory. */
    NEED(rename("loop", "../of-walks"));
    static const int flags[] = {0, FTW_PHYS, FTW_DEPTH | FTW_PHYS, FTW_CHDIR | FTW_PHYS,
                                FTW_MOUNT | FTW_PHYS};
    static const char *const names[] = {".",        "full",    "dlink",       "file",
                                        "dangling", "missing", "../of-walks", ""};
    for (size_t i = 0; i < LENGTH(names); i++) {
        for (size_t k = 0; k < LENGTH(flags); k++) {
            followed = (flags[k] & FTW_PHYS) == 0;
            CASE(nftw(names[i], visit, 8, flags[k]), "%s nftw %zu '%s'", origins[origin], k, names[i]);
            tell_all();
        }
    }
    followed = false;
    CASE(nftw(here, visit, 1, FTW_PHYS), "%s nftw absolute", origins[origin]);
    tell_all();
    followed = true;
    CASE(ftw("full", visit_simply, 8), "%s ftw", origins[origin]);
    tell_all();
    NEED(unlink("../of-walks"));
}

static int by_name(const FTSENT **one, const FTSENT **two) {
    return strcmp((*one)->fts_name, (*two)->fts_name);
}

static void fts(enum origin origin) {
    const char *here = room(origin);
    put("full/sub/x", "");
    static const int flags[] = {FTS_PHYSICAL,
                                FTS_LOGICAL,
                                FTS_PHYSICAL | FTS_NOCHDIR,
                                FTS_PHYSICAL | FTS_NOSTAT,
                                FTS_PHYSICAL | FTS_SEEDOT,
                                FTS_COMFOLLOW | FTS_PHYSICAL};
    char first[] = ".", second[] = "dlink", third[] = "missing", absolute[PATH_MAX];
    snprintf(absolute, sizeof absolute, "%s/full", here);
    char *const roots[] = {first, second, third, absolute, NULL};
    for (size_t k = 0; k < LENGTH(flags); k++) {
        FTS *walk = fts_open(roots, flags[k], by_name);
        CASE(got(walk), "%s fts %zu", origins[origin], k);
        FTSENT *entry;
        while (walk && (entry = fts_read(walk))) {
            fact("%s,%d,%d", shown(entry->fts_path), entry->fts_info, entry->fts_level);
        }
        fact("closed=%d", walk ? fts_close(walk) : 0);
        char *where = getcwd(NULL, 0);
        fact("%s", shown(where));
        free(where);
        end();
    }
}

static void keys(enum origin origin) {
    room(origin);
    key_t file = ftok("file", 1);
    CASE(file == -1 ? -1 : 0, "%s ftok", origins[origin]);
    fact("again=%d other=%d", ftok("file", 1) == file, ftok("file", 2) == file);
    fact("made of the number=%d", (file & 0xffff) == (key_t)(status("file").st_ino & 0xffff));
    end();
    LINE(ftok("missing", 1), "%s ftok of nothing", origins[origin]);
    NEED(rename("file", "renamed"));
    LINE(ftok("renamed", 1) == file, "%s ftok after a rename", origins[origin]);
}

void walker_subject(void) {
    BOTH(origin) {
        scans(origin);
        patterns(origin);
        walks(origin);
        fts(origin);
        keys(origin);
    }
}
