#include "hooks_test.h"

static bool made(int fd, const char *path) {
    struct stat state;
    CHECK(fd >= 0 && fstat(fd, &state) == 0 && (state.st_mode & 07777) == 0600);
    CHECK(write(fd, "x", 1) == 1 && has_content(path, "x") && !strstr(path, "XXXXXX"));
    return true;
}

static bool t_mkstemp(void *symbol) {
    char path[] = TREE "/stemp-XXXXXX", wrong[] = TREE "/XXXXX";
    int (*call)(char *) = (int (*)(char *))symbol;
    CHECK(made(call(path), path));
    return call(wrong) == -1 && errno == EINVAL;
}

static bool t_mkostemp(void *symbol) {
    char path[] = TREE "/ostemp-XXXXXX";
    int fd = ((int (*)(char *, int))symbol)(path, O_CLOEXEC);
    return made(fd, path) && fcntl(fd, F_GETFD) == FD_CLOEXEC;
}

static bool t_mkstemps(void *symbol) {
    char path[] = TREE "/stemps-XXXXXX.txt";
    return made(((int (*)(char *, int))symbol)(path, 4), path) && strstr(path, ".txt");
}

static bool t_mkostemps(void *symbol) {
    char path[] = TREE "/ostemps-XXXXXX.txt";
    return made(((int (*)(char *, int, int))symbol)(path, 4, O_APPEND), path) && strstr(path, ".txt");
}

static bool t_mkdtemp(void *symbol) {
    char path[] = TREE "/dtemp-XXXXXX";
    struct stat state;
    CHECK(((char *(*)(char *))symbol)(path) == path && stat(path, &state) == 0);
    return S_ISDIR(state.st_mode) && (state.st_mode & 07777) == 0700;
}

/* All names but one are taken, in effect: a name that is there must not be told. */
static bool t_mktemp(void *symbol) {
    char path[] = TREE "/dir/mktemp-XXXXXX";
    CHECK(((char *(*)(char *))symbol)(path) == path && !strstr(path, "XXXXXX") && path[0]);
    CHECK(!exists(path));
    return make_file(path, "free");
}

static bool t_tempnam(void *symbol) {
    char *(*call)(const char *, const char *) = (char *(*)(const char *, const char *))symbol;
    unsetenv("TMPDIR");
    char *path = call(TREE "/dir", "velo-");
    CHECK(path && strncmp(path, TREE "/dir/velo-", sizeof TREE + 9) == 0 && !exists(path));
    setenv("TMPDIR", TREE "/empty", 1);
    return (path = call(NULL, NULL)) && strncmp(path, TREE "/empty/", sizeof TREE + 6) == 0;
}

static bool t_tmpfile(void *symbol) {
    struct stat state, root;
    CHECK(setenv("TMPDIR", TREE "/empty", 1) == 0);
    FILE *stream = ((FILE * (*)(void)) symbol)();
    CHECK(stream && fputs("text", stream) >= 0 && fflush(stream) == 0 && stat(TREE, &root) == 0);
    return fstat(fileno(stream), &state) == 0 && state.st_size == 4 && state.st_nlink == 0 &&
           state.st_dev == root.st_dev;
}

CASES("temporary", {"mkstemp", t_mkstemp}, {"mkstemp64", t_mkstemp}, {"mkostemp", t_mkostemp},
      {"mkostemp64", t_mkostemp}, {"mkstemps", t_mkstemps}, {"mkstemps64", t_mkstemps},
      {"mkostemps", t_mkostemps}, {"mkostemps64", t_mkostemps}, {"mkdtemp", t_mkdtemp}, {"mktemp", t_mktemp},
      {"tempnam", t_tempnam}, {"tmpfile", t_tmpfile}, {"tmpfile64", t_tmpfile})
