#include "hooks_test.h"

#include <mntent.h>
#include <sys/wait.h>
#include <wchar.h>

static bool line_is(FILE *stream, const char *text) {
    char line[256] = "";
    return stream && fgets(line, sizeof line, stream) && strcmp(line, text) == 0;
}

static bool t_fopen(void *symbol) {
    FILE *(*call)(const char *, const char *) = (FILE * (*)(const char *, const char *)) symbol;
    const char *path = fresh("fopen");
    CHECK(line_is(call(TREE "/link", "r"), IN_FILE));
    FILE *stream = call(path, "wx");
    CHECK(stream && fputs("one\n", stream) >= 0 && fclose(stream) == 0);
    CHECK(!call(path, "wx") && errno == EEXIST && !call(path, "q") && errno == EINVAL);
    CHECK((stream = call(path, "a+e")) && fputs("two\n", stream) >= 0 && fclose(stream) == 0);
    CHECK(has_content(path, "one\ntwo\n") && !call(TREE "/none", "r") && errno == ENOENT);
    return true;
}

static bool t_freopen(void *symbol) {
    FILE *(*call)(const char *, const char *, FILE *) =
        (FILE * (*)(const char *, const char *, FILE *)) symbol;
    const char *path = fresh("freopen");
    FILE *stream = fopen("/dev/null", "r");
    CHECK(call(TREE "/dir/file", "r", stream) == stream && line_is(stream, IN_FILE));
    struct stat twin, state;
    CHECK(stat(TREE "/dir/twin", &twin) == 0 && call(TREE "/dir/twin", "r", stream) == stream);
    CHECK(fstat(fileno(stream), &state) == 0 && state.st_ino == twin.st_ino);
    CHECK(call(path, "w", stream) == stream && fputs("new\n", stream) >= 0 && fflush(stream) == 0);
    CHECK(has_content(path, "new\n"));
    CHECK(!call(TREE "/none", "r", stream) && errno == ENOENT);
    return true;
}

static bool t_setmntent(void *symbol) {
    const char *path = fresh("mntent");
    CHECK(make_file(path, "dev /place ext4 rw 0 0\n"));
    FILE *stream = ((FILE * (*)(const char *, const char *)) symbol)(path, "r");
    CHECK(stream);
    struct mntent *entry = getmntent(stream);
    return entry && strcmp(entry->mnt_dir, "/place") == 0;
}

static bool t_popen(void *symbol) {
    FILE *(*call)(const char *, const char *) = (FILE * (*)(const char *, const char *)) symbol;
    CHECK(chdir(TREE "/dir") == 0 && unsetenv("LD_PRELOAD") == 0 && unsetenv("VELO_SHIM_SESSION") == 0);
    FILE *first = call("cat file; exit 3", "r");
#ifdef __GLIBC__
    CHECK(first && fwide(first, 0) < 0);
#endif
    CHECK(line_is(first, IN_FILE));
    FILE *second = call("cat > sub/popen", "w");
    CHECK(second && fputs("piped\n", second) >= 0 && pclose(second) == 0);
    CHECK(has_content("sub/popen", "piped\n") && unlink("sub/popen") == 0);
    int status = pclose(first);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    CHECK(!call("true", "rw") && errno == EINVAL);
    return true;
}

static bool t_pclose(void *symbol) {
    FILE *stream = popen("cat " TREE "/dir/file >/dev/null", "r");
    int status = stream ? ((int (*)(FILE *))symbol)(stream) : -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

CASES("stdio", {"fopen", t_fopen}, {"fopen64", t_fopen}, {"_IO_fopen", t_fopen}, {"freopen", t_freopen},
      {"freopen64", t_freopen}, {"setmntent", t_setmntent}, {"__setmntent", t_setmntent}, {"popen", t_popen},
      {"_IO_popen", t_popen}, {"pclose", t_pclose})
