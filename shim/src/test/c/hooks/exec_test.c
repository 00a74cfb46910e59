#include "hooks_test.h"

#include <spawn.h>
#include <sys/wait.h>

#define PROGRAM TREE "/dir/program"
#ifdef STATIC_SYMBOLS
#define HOW(name) " | exe " name " | tree yes | preload no | cwd "
#else
#define HOW(name) " | exe " name " | tree yes | preload yes | cwd "
#endif

extern char **environ;

static int output;

/* Standard output goes to a file of the tree. */
static bool catch_output(void) {
    output = open(fresh("output"), O_RDWR | O_CREAT | O_TRUNC, 0644);
    return output >= 0;
}

static bool said(const char *text) {
    char buffer[1024];
    ssize_t length = pread(output, buffer, sizeof buffer - 1, 0);
    buffer[length < 0 ? 0 : length] = 0;
    if (!strstr(buffer, text)) {
        fprintf(stderr, "said %s", buffer);
    }
    return strstr(buffer, text) != NULL;
}

static bool ends_with(pid_t child, int code) {
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == code;
}

/* In a child: the statement executes the program, which ends with 7. Its environment lacks the session. */
#define EXECUTES(statement, text)                                                                            \
    do {                                                                                                     \
        CHECK(catch_output());                                                                               \
        pid_t child = fork();                                                                                \
        if (child == 0) {                                                                                    \
            dup2(output, 1);                                                                                 \
            unsetenv("LD_PRELOAD");                                                                          \
            unsetenv("VELO_SHIM_SESSION");                                                                   \
            statement;                                                                                       \
            _exit(99);                                                                                       \
        }                                                                                                    \
        CHECK(ends_with(child, 7));                                                                          \
        CHECK(said(text));                                                                                   \
    } while (0)

static char first[] = "first", second[] = "second";
static char *const words[] = {first, second, NULL};
static char *const nothing[] = {NULL};

typedef int exec_e(const char *, char *const[], char *const[]);
typedef int exec_v(const char *, char *const[]);

static bool t_execve(void *symbol) {
    exec_e *call = (exec_e *)symbol;
    EXECUTES(call(PROGRAM, words, nothing), "first second" HOW(PROGRAM));
    EXECUTES(chdir(TREE "/dir/sub"); call("../program", words, environ), "| cwd " TREE "/dir/sub\n");
#ifndef STATIC_SYMBOLS
    char option[] = "--name", *const name[] = {first, option, NULL};
    EXECUTES(call(PROGRAM, name, nothing), "known as program\n");
#endif
    EXECUTES(call(TREE "/dir/nested.sh", words, nothing), PROGRAM " nested " TREE "/dir/nested.sh second |");
    CHECK(call(TREE "/dir/file", words, environ) == -1 && errno == EACCES);
    CHECK(call(TREE "/dir/none", words, environ) == -1 && errno == ENOENT);
    CHECK(call(NULL, words, environ) == -1 && errno == EFAULT);
    return true;
}

static bool t_execv(void *symbol) {
    EXECUTES(((exec_v *)symbol)(PROGRAM, words), "first second" HOW(PROGRAM));
    return true;
}

static bool t_execvp(void *symbol) {
    exec_v *call = (exec_v *)symbol;
    CHECK(setenv("PATH", "/none:" TREE "/empty:" TREE "/dir", 1) == 0);
    EXECUTES(call("program", words), "first second" HOW(PROGRAM));
    const char *path = fresh("no-line");
    int fd = open(path, O_WRONLY | O_CREAT, 0755);
    CHECK(fd >= 0 && write(fd, "echo $1; exit 7\n", 16) == 16 && close(fd) == 0);
    EXECUTES(call(path, words), "second");
    CHECK(call("file", words) == -1 && errno == EACCES && call("nowhere", words) == -1 && errno == ENOENT);
    return true;
}

static bool t_execvpe(void *symbol) {
    CHECK(setenv("PATH", TREE "/dir", 1) == 0);
    EXECUTES(((exec_e *)symbol)("program", words, nothing), "first second" HOW(PROGRAM));
    return true;
}

static bool t_execl(void *symbol) {
    EXECUTES(((int (*)(const char *, const char *, ...))symbol)(PROGRAM, "a", "b", "c", (char *)NULL),
             "a b c" HOW(PROGRAM));
    return true;
}

static bool t_execlp(void *symbol) {
    CHECK(setenv("PATH", TREE "/dir", 1) == 0);
    EXECUTES(((int (*)(const char *, const char *, ...))symbol)("program", "a", "b", (char *)NULL),
             "a b" HOW(PROGRAM));
    return true;
}

static bool t_execle(void *symbol) {
    EXECUTES(((int (*)(const char *, const char *, ...))symbol)(PROGRAM, "a", "b", (char *)NULL, nothing),
             "a b" HOW(PROGRAM));
    return true;
}

static bool t_fexecve(void *symbol) {
    int fd = open(PROGRAM, O_RDONLY | O_CLOEXEC);
    EXECUTES(((int (*)(int, char *const[], char *const[]))symbol)(fd, words, nothing),
             "first second" HOW(PROGRAM));
    return true;
}

static bool t_execveat(void *symbol) {
    int directory = open(TREE "/dir", O_PATH);
    EXECUTES(((int (*)(int, const char *, char *const[], char *const[], int))symbol)(directory, "program",
                                                                                     words, nothing, 0),
             "first second" HOW(PROGRAM));
    return true;
}

static bool t_system(void *symbol) {
    CHECK(chdir(TREE "/dir") == 0 && unsetenv("LD_PRELOAD") == 0 && unsetenv("VELO_SHIM_SESSION") == 0);
    int (*call)(const char *) = (int (*)(const char *))symbol;
    int status = call("cat file >/dev/null && ./program >/dev/null");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7 && call(NULL) != 0);
    return true;
}

/* ---- posix_spawn. ---- */

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                    char *const[], char *const[]);

static bool spawns(spawner *call, const char *name, posix_spawn_file_actions_t *actions, const char *text) {
    pid_t child = 0;
    CHECK(catch_output() && posix_spawn_file_actions_adddup2(actions, output, 1) == 0);
    CHECK(call(&child, name, actions, NULL, words, nothing) == 0 && ends_with(child, 7));
    return said(text);
}

static bool t_spawn(void *symbol) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    CHECK(spawns((spawner *)symbol, PROGRAM, &actions, "first second" HOW(PROGRAM)));
    CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
    pid_t child;
    CHECK(((spawner *)symbol)(&child, TREE "/none", NULL, NULL, words, environ) == ENOENT);
    return true;
}

static bool t_spawnp(void *symbol) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    CHECK(setenv("PATH", "/none:" TREE "/dir", 1) == 0);
    return spawns((spawner *)symbol, "program", &actions, "first second" HOW(PROGRAM));
}

static bool pidfd_ends(int pidfd) {
    siginfo_t info;
    return waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == 0 && info.si_status == 7;
}

static bool t_pidfd(void *symbol) {
    int pidfd = -1;
    CHECK(setenv("PATH", TREE "/dir", 1) == 0 && chdir(TREE "/dir") == 0 &&
          freopen("/dev/null", "w", stdout));
    CHECK(((int (*)(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                    char *const[], char *const[]))symbol)(&pidfd, PROGRAM, NULL, NULL, words, environ) == 0);
    return pidfd_ends(pidfd);
}

static posix_spawn_file_actions_t list;

static bool prepared(void) {
    return posix_spawn_file_actions_init(&list) == 0;
}

static bool t_init(void *symbol) {
    memset(&list, 0x55, sizeof list);
    CHECK(((int (*)(posix_spawn_file_actions_t *))symbol)(&list) == 0);
    return spawns(posix_spawn, PROGRAM, &list, "first second" HOW(PROGRAM));
}

static bool t_destroy(void *symbol) {
    CHECK(prepared() && spawns(posix_spawn, PROGRAM, &list, HOW(PROGRAM)));
    return ((int (*)(posix_spawn_file_actions_t *))symbol)(&list) == 0;
}

static bool t_addclose(void *symbol) {
    CHECK(prepared() && ((int (*)(posix_spawn_file_actions_t *, int))symbol)(&list, 0) == 0);
    CHECK(((int (*)(posix_spawn_file_actions_t *, int))symbol)(&list, -1) == EBADF);
    return spawns(posix_spawn, PROGRAM, &list, "first second" HOW(PROGRAM));
}

static bool t_adddup2(void *symbol) {
    pid_t child;
    CHECK(prepared() && catch_output());
#ifdef __GLIBC__
    const int beyond = (int)sysconf(_SC_OPEN_MAX);
    CHECK(((int (*)(posix_spawn_file_actions_t *, int, int))symbol)(&list, output, beyond) == EBADF);
    CHECK(((int (*)(posix_spawn_file_actions_t *, int, int))symbol)(&list, beyond, 1) == EBADF);
#endif
    CHECK(((int (*)(posix_spawn_file_actions_t *, int, int))symbol)(&list, output, 1) == 0);
    CHECK(posix_spawn(&child, PROGRAM, &list, NULL, words, environ) == 0 && ends_with(child, 7));
    return said("first second");
}

static bool t_addopen(void *symbol) {
    pid_t child;
    CHECK(prepared() && catch_output());
    CHECK(posix_spawn_file_actions_addchdir_np(&list, TREE "/dir/sub") == 0);
    CHECK(((int (*)(posix_spawn_file_actions_t *, int, const char *, int, mode_t))symbol)(&list, 0, "../file",
                                                                                          O_RDONLY, 0) == 0);
    CHECK(((int (*)(posix_spawn_file_actions_t *, int, const char *, int, mode_t))symbol)(
              &list, 1, fresh("addopen"), O_WRONLY | O_CREAT | O_TRUNC, 0600) == 0);
    char cat[] = "cat", *const argv[] = {cat, NULL};
    CHECK(posix_spawn(&child, "/bin/cat", &list, NULL, argv, environ) == 0 && ends_with(child, 0));
    return has_content(fresh("addopen"), IN_FILE);
}

static bool t_addchdir(void *symbol) {
    CHECK(prepared());
    CHECK(((int (*)(posix_spawn_file_actions_t *, const char *))symbol)(&list, TREE "/dir/sub") == 0);
    CHECK(spawns(posix_spawn, "../program", &list, "| cwd " TREE "/dir/sub\n"));
    char here[256];
    return getcwd(here, sizeof here) && strncmp(here, TREE, sizeof TREE - 1) != 0;
}

static bool t_addfchdir(void *symbol) {
    int directory = open(TREE "/dir", O_RDONLY);
    CHECK(prepared());
    CHECK(((int (*)(posix_spawn_file_actions_t *, int))symbol)(&list, directory) == 0);
    return spawns(posix_spawn, "./program", &list, "| cwd " TREE "/dir\n");
}

static bool t_addclosefrom(void *symbol) {
    CHECK(prepared() && catch_output());
    CHECK(posix_spawn_file_actions_adddup2(&list, output, 1) == 0);
    CHECK(((int (*)(posix_spawn_file_actions_t *, int))symbol)(&list, 3) == 0);
    pid_t child;
    char sh[] = "sh", c[] = "-c",
         script[] = "ls /proc/self/fd | wc -l; exit 7", *const argv[] = {sh, c, script, NULL};
    CHECK(posix_spawn(&child, "/bin/sh", &list, NULL, argv, environ) == 0 && ends_with(child, 7));
    return said("4");
}

static bool t_addtcsetpgrp(void *symbol) {
    pid_t child;
    int output_of_host = open("/dev/null", O_RDWR);
    CHECK(prepared() && posix_spawn_file_actions_addchdir_np(&list, TREE "/dir") == 0);
    CHECK(((int (*)(posix_spawn_file_actions_t *, int))symbol)(&list, output_of_host) == 0);
    CHECK(posix_spawn(&child, PROGRAM, &list, NULL, words, environ) == ENOTTY);
    return true;
}

CASES("exec", {"execve", t_execve}, {"execv", t_execv}, {"execvp", t_execvp}, {"execvpe", t_execvpe},
      {"execl", t_execl}, {"execle", t_execle}, {"execlp", t_execlp}, {"fexecve", t_fexecve},
      {"execveat", t_execveat}, {"system", t_system}, {"posix_spawn", t_spawn}, {"posix_spawnp", t_spawnp},
      {"pidfd_spawn", t_pidfd}, {"pidfd_spawnp", t_pidfd}, {"posix_spawn_file_actions_init", t_init},
      {"posix_spawn_file_actions_destroy", t_destroy}, {"posix_spawn_file_actions_addclose", t_addclose},
      {"posix_spawn_file_actions_adddup2", t_adddup2}, {"posix_spawn_file_actions_addopen", t_addopen},
      {"posix_spawn_file_actions_addchdir_np", t_addchdir},
      {"posix_spawn_file_actions_addfchdir_np", t_addfchdir},
      {"posix_spawn_file_actions_addclosefrom_np", t_addclosefrom},
      {"posix_spawn_file_actions_addtcsetpgrp_np", t_addtcsetpgrp})
