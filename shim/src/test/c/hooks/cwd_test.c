#include "hooks_test.h"

#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool here(const char *path) {
    char out[PATH_MAX];
    return getcwd(out, sizeof out) && strcmp(out, path) == 0;
}

static bool t_chdir(void *symbol) {
    int (*call)(const char *) = (int (*)(const char *))symbol;
    CHECK(call(TREE "/dirlink/sub") == 0 && here(TREE "/dir/sub") && has_content("deep", "content 12\n"));
    CHECK(call("..") == 0 && here(TREE "/dir") && call("none") == -1 && errno == ENOENT);
    CHECK(call("file") == -1 && errno == ENOTDIR && call("") == -1 && errno == ENOENT);
    pid_t child = vfork();
    if (child == 0) {
        call("sub");
        _exit(has_content("deep", "content 12\n") ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(has_content("file", IN_FILE) && here(TREE "/dir"));
    if ((child = fork()) == 0) {
        _exit(here(TREE "/dir") && call("sub") == 0 && has_content("deep", "content 12\n") ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0 && here(TREE "/dir"));
    /* One that libc does not know of, and a child of that. */
    if ((child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) == 0) {
        bool good = has_content("file", IN_FILE) && call("sub") == 0 && has_content("deep", "content 12\n");
        pid_t next = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (next == 0) {
            _exit(has_content("deep", "content 12\n") && call("..") == 0 && has_content("file", IN_FILE) ? 0
                                                                                                         : 1);
        }
        good =
            good && waitpid(next, &status, 0) == next && status == 0 && has_content("deep", "content 12\n");
        _exit(good && call("/tmp") == 0 && !exists("deep") ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0 && has_content("file", IN_FILE));
    CHECK(call("../..") == 0 && here("/") && call("/tmp") == 0 && here("/tmp"));
    return true;
}

static bool t_fchdir(void *symbol) {
    int (*call)(int) = (int (*)(int))symbol;
    int directory = open(TREE "/dir/sub", O_RDONLY | O_DIRECTORY), host = open("/tmp", O_PATH);
    CHECK(directory >= 0 && call(directory) == 0 && here(TREE "/dir/sub") && exists("deep"));
    CHECK(call(host) == 0 && here("/tmp") && !exists("deep"));
    return true;
}

static bool t_getcwd(void *symbol) {
    char out[64];
    char *(*call)(char *, size_t) = (char *(*)(char *, size_t))symbol;
    CHECK(chdir(TREE "/dir/sub") == 0);
    CHECK(call(out, sizeof out) == out && strcmp(out, TREE "/dir/sub") == 0);
    CHECK(!call(out, 5) && errno == ERANGE && !call(out, 0) && errno == EINVAL);
    char *made = call(NULL, 0);
    CHECK(made && strcmp(made, TREE "/dir/sub") == 0);
    free(made);
    CHECK((made = call(NULL, 200)) && strcmp(made, TREE "/dir/sub") == 0);
    return true;
}

static bool t_getcwd_chk(void *symbol) {
    char out[PATH_MAX];
    CHECK(chdir(TREE "/dir") == 0);
    CHECK(((char *(*)(char *, size_t, size_t))symbol)(out, sizeof out, sizeof out));
    return strcmp(out, TREE "/dir") == 0;
}

static bool t_getwd(void *symbol) {
    char out[PATH_MAX];
    CHECK(chdir(TREE "/dir") == 0 && ((char *(*)(char *))symbol)(out));
    return strcmp(out, TREE "/dir") == 0;
}

static bool t_getwd_chk(void *symbol) {
    char out[PATH_MAX];
    CHECK(chdir(TREE "/dir") == 0 && ((char *(*)(char *, size_t))symbol)(out, sizeof out));
    return strcmp(out, TREE "/dir") == 0;
}

static bool t_current(void *symbol) {
    char *(*call)(void) = (char *(*)(void))symbol;
    CHECK(chdir(TREE "/dir") == 0 && setenv("PWD", TREE "/dirlink", 1) == 0);
    char *name = call();
    CHECK(name && strcmp(name, TREE "/dirlink") == 0);
    setenv("PWD", "/tmp", 1);
    CHECK((name = call()) && strcmp(name, TREE "/dir") == 0);
    return true;
}

static bool t_chroot(void *symbol) {
    return ((int (*)(const char *))symbol)(TREE "/dir") == -1 && errno == EPERM;
}

static bool t_umask(void *symbol) {
    mode_t (*call)(mode_t) = (mode_t(*)(mode_t))symbol;
    struct stat state;
    call(027);
    CHECK(call(077) == 027);
    CHECK(mkdir(fresh("umask"), 0777) == 0 && stat(fresh("umask"), &state) == 0);
    CHECK((state.st_mode & 0777) == 0700);
    return true;
}

CASES("cwd", {"chdir", t_chdir}, {"fchdir", t_fchdir}, {"getcwd", t_getcwd}, {"__getcwd_chk", t_getcwd_chk},
      {"getwd", t_getwd}, {"__getwd_chk", t_getwd_chk}, {"get_current_dir_name", t_current},
      {"chroot", t_chroot}, {"umask", t_umask})
