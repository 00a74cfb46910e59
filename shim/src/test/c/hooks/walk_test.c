#include "hooks_test.h"

#ifdef __GLIBC__
#include <fts.h>
#endif
#include <ftw.h>
#include <glob.h>
#include <wordexp.h>

static char seen[4096];

static void note(const char *path, const char *mark) {
    strcat(strcat(strcat(seen, path), mark), " ");
}

static int old_visit(const char *path, const struct stat *state, int type) {
    note(path + sizeof TREE - 1, type == FTW_D ? "/" : "");
    return S_ISDIR(state->st_mode) == (type == FTW_D) ? 0 : 5;
}

static bool t_ftw(void *symbol) {
    int (*call)(const char *, int (*)(const char *, const struct stat *, int), int) =
        (int (*)(const char *, int (*)(const char *, const struct stat *, int), int))symbol;
    CHECK(call(TREE "/dir", old_visit, 8) == 0);
    CHECK(strstr(seen, "/dir/ ") && strstr(seen, "/dir/sub/ ") && strstr(seen, "/dir/sub/deep "));
    CHECK(strlen(seen) == strlen("/dir/ /dir/file /dir/library.so /dir/nested.sh /dir/program /dir/script "
                                 "/dir/sub/ /dir/sub/deep /dir/twin "));
    return call(TREE "/none", old_visit, 8) == -1 && errno == ENOENT;
}

static int new_visit(const char *path, const struct stat *state, int type, struct FTW *where) {
    char mark[16];
    snprintf(mark, sizeof mark, "=%d,%d", type, where->level);
    note(path + where->base, mark);
    return state->st_ino == 0;
}

static int stop(const char *path, const struct stat *state, int type, struct FTW *where) {
    (void)state, (void)type, (void)where;
    return strcmp(path, TREE "/link") == 0 ? 42 : 0;
}

static bool t_nftw(void *symbol) {
    typedef int visitor(const char *, const struct stat *, int, struct FTW *);
    int (*call)(const char *, visitor *, int, int) = (int (*)(const char *, visitor *, int, int))symbol;
    CHECK(call(TREE "/dir/sub", new_visit, 8, FTW_PHYS | FTW_DEPTH) == 0);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "deep=%d,1 sub=%d,0 ", FTW_F, FTW_DP);
    CHECK(strcmp(seen, wanted) == 0);
    CHECK(call(TREE, stop, 8, FTW_PHYS) == 42);
    /* What leads nowhere is told; what leads round and round ends the walk. */
    const char *directory = fresh("round");
    char link[128];
    snprintf(link, sizeof link, "%s/link", directory);
    CHECK(mkdir(directory, 0755) == 0 && symlink("nowhere", link) == 0);
    CHECK(call(directory, new_visit, 8, 0) == 0);
    CHECK(unlink(link) == 0 && symlink("link", link) == 0);
    errno = 0;
    CHECK(call(directory, new_visit, 8, 0) == -1 && errno == ELOOP);
    return true;
}

#ifdef __GLIBC__
static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

typedef FTS *opens(char *const *, int, int (*)(const FTSENT **, const FTSENT **));

static FTS *opened(opens *call, int options) {
    static char path[] = TREE "/dir";
    static char *const paths[] = {path, NULL};
    return call(paths, options, by_name);
}

static bool walks(FTS *walk, FTSENT *(*next)(FTS *)) {
    FTSENT *entry;
    CHECK(walk);
    while ((entry = next(walk))) {
        char mark[16];
        snprintf(mark, sizeof mark, "=%d", entry->fts_info);
        note(entry->fts_path + sizeof TREE, mark);
    }
    char wanted[512];
    snprintf(wanted, sizeof wanted,
             "dir=%d dir/file=%d dir/library.so=%d dir/nested.sh=%d dir/program=%d dir/script=%d dir/sub=%d "
             "dir/sub/deep=%d dir/sub=%d dir/twin=%d dir=%d ",
             FTS_D, FTS_F, FTS_F, FTS_F, FTS_F, FTS_F, FTS_D, FTS_F, FTS_DP, FTS_F, FTS_DP);
    if (strcmp(seen, wanted) != 0) {
        fprintf(stderr, "%s\n", seen);
    }
    return strcmp(seen, wanted) == 0 && errno == 0;
}

static bool t_fts_open(void *symbol) {
    opens *call = (opens *)symbol;
#ifndef STATIC_SYMBOLS
    CHECK(!opened(call, 0) && errno == EINVAL); /* glibc's own takes it */
#endif
    return walks(opened(call, FTS_PHYSICAL), fts_read);
}

/* The whole path of a root is its name until it is handed out. */
static bool roots_are_sorted(FTSENT *(*next)(FTS *)) {
    static char absolute[] = TREE "/dir/twin", relative[] = "file";
    static char *const paths[] = {relative, absolute, NULL};
    CHECK(chdir(TREE "/dir") == 0);
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    FTSENT *children = walk ? fts_children(walk, 0) : NULL;
    CHECK(children && strcmp(children->fts_name, absolute) == 0);
    FTSENT *entry = next(walk);
    CHECK(entry && strcmp(entry->fts_name, "twin") == 0 && entry->fts_namelen == 4);
    CHECK((entry = next(walk)) && strcmp(entry->fts_name, "file") == 0);
    return fts_close(walk) == 0;
}

static bool t_fts_read(void *symbol) {
    CHECK(roots_are_sorted((FTSENT * (*)(FTS *)) symbol));
    return walks(opened(fts_open, FTS_LOGICAL | FTS_NOCHDIR), (FTSENT * (*)(FTS *)) symbol);
}

static bool t_fts_children(void *symbol) {
    FTSENT *(*call)(FTS *, int) = (FTSENT * (*)(FTS *, int)) symbol;
    FTS *walk = opened(fts_open, FTS_PHYSICAL);
    CHECK(walk && fts_read(walk));
    for (FTSENT *entry = call(walk, 0); entry; entry = entry->fts_link) {
        note(entry->fts_name, "");
    }
    CHECK(strcmp(seen, "file library.so nested.sh program script sub twin ") == 0);
    FTSENT *next = fts_read(walk);
    return next && strcmp(next->fts_name, "file") == 0;
}

static bool t_fts_set(void *symbol) {
    FTS *walk = opened(fts_open, FTS_PHYSICAL);
    FTSENT *entry;
    CHECK(walk);
    while ((entry = fts_read(walk))) {
        if (entry->fts_info == FTS_D && strcmp(entry->fts_name, "sub") == 0) {
            CHECK(((int (*)(FTS *, FTSENT *, int))symbol)(walk, entry, FTS_SKIP) == 0);
        }
        note(entry->fts_name, "");
    }
    return !strstr(seen, "deep") && strstr(seen, "sub twin dir ");
}

static bool t_fts_close(void *symbol) {
    FTS *walk = opened(fts_open, FTS_PHYSICAL);
    FTSENT *entry = walk ? fts_read(walk) : NULL;
    CHECK(entry && entry->fts_info == FTS_D && fts_read(walk));
    return ((int (*)(FTS *))symbol)(walk) == 0;
}

#endif

static bool t_glob(void *symbol) {
    glob_t found;
    int (*call)(const char *, int, int (*)(const char *, int), glob_t *) =
        (int (*)(const char *, int, int (*)(const char *, int), glob_t *))symbol;
    CHECK(call(TREE "/d*/[s]*", 0, NULL, &found) == 0 && found.gl_pathc == 4);
    CHECK(strcmp(found.gl_pathv[0], TREE "/dir/script") == 0 && !found.gl_pathv[4]);
    CHECK(strcmp(found.gl_pathv[3], TREE "/dirlink/sub") == 0);
    CHECK(call(TREE "/dir/{file,twin,none}", GLOB_BRACE | GLOB_APPEND, NULL, &found) == 0 &&
          found.gl_pathc == 6);
    globfree(&found);
    CHECK(chdir(TREE "/dir") == 0 && call("*ub", GLOB_MARK, NULL, &found) == 0);
    CHECK(found.gl_pathc == 1 && strcmp(found.gl_pathv[0], "sub/") == 0);
    CHECK(call("none*", 0, NULL, &found) == GLOB_NOMATCH);
    CHECK(call("*/", GLOB_PERIOD, NULL, &found) == 0 && found.gl_pathc == 1);
    CHECK(strcmp(found.gl_pathv[0], "sub/") == 0);
#ifdef GLOB_ONLYDIR
    CHECK(call("file", GLOB_ONLYDIR, NULL, &found) == 0 && found.gl_pathc == 1);
    CHECK(call("*e*", GLOB_ONLYDIR, NULL, &found) == GLOB_NOMATCH);
#endif
    CHECK(call("none*", GLOB_NOCHECK, NULL, &found) == 0 && strcmp(found.gl_pathv[0], "none*") == 0);
    CHECK(setenv("HOME", TREE "/dir", 1) == 0 && call("~/f*", GLOB_TILDE, NULL, &found) == 0);
    CHECK(strcmp(found.gl_pathv[0], TREE "/dir/file") == 0);
    return true;
}

static bool t_globfree(void *symbol) {
    glob_t found;
    CHECK(glob(TREE "/dir/*", 0, NULL, &found) == 0 && found.gl_pathc == 7);
    ((void (*)(glob_t *))symbol)(&found);
    return found.gl_pathv == NULL;
}

static bool t_wordexp(void *symbol) {
    wordexp_t found = {0};
    int (*call)(const char *, wordexp_t *, int) = (int (*)(const char *, wordexp_t *, int))symbol;
    CHECK(setenv("SOME", TREE, 1) == 0);
    CHECK(call("a \"b c\" $SOME/dir/s*", &found, 0) == 0 && found.we_wordc == 4);
    CHECK(strcmp(found.we_wordv[1], "b c") == 0 && strcmp(found.we_wordv[3], TREE "/dir/sub") == 0);
    CHECK(call("* | x", &found, 0) == WRDE_BADCHAR && call("$(ls) *", &found, WRDE_NOCMD) == WRDE_CMDSUB);
    return true;
}

#ifdef __GLIBC__
#define FTS_CASES                                                                                            \
    {"fts_open", t_fts_open}, {"fts64_open", t_fts_open}, {"fts_read", t_fts_read},                          \
        {"fts64_read", t_fts_read}, {"fts_children", t_fts_children}, {"fts64_children", t_fts_children},    \
        {"fts_set", t_fts_set}, {"fts64_set", t_fts_set}, {"fts_close", t_fts_close},                        \
        {"fts64_close", t_fts_close},
#else
#define FTS_CASES
#endif

CASES("walk", FTS_CASES{"ftw", t_ftw}, {"ftw64", t_ftw}, {"nftw", t_nftw}, {"nftw64", t_nftw},
      {"glob", t_glob}, {"glob64", t_glob}, {"globfree", t_globfree}, {"globfree64", t_globfree},
      {"wordexp", t_wordexp})
