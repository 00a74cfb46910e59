/*
 * velo-enter TELL LIBRARY WORKDIR PROGRAM ARGUMENT...: the first program of a run without a sandbox. It runs
 * with the preload library, so the working directory and PATH may lead into the tree, and what it executes is
 * executed in the way of every program of the run. Where there is none to execute, it writes why to the
 * descriptor TELL: a byte with the exit status, and three texts, an attempt, a reason and what to do, with
 * NUL between them.
 *
 * velo-enter --check LIBRARY: status 0 where it runs with that library.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST = 4, EXIT_LAUNCH = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static int tell;

static void __attribute__((noreturn))
give_up(int status, const char *attempt, const char *object, const char *reason, const char *remedy) {
    dprintf(tell, "%c%s %s%c%s%c%s", status, attempt, object, 0, reason, 0, remedy);
    _exit(status);
}

/* The dynamic linker only warns of a library that it cannot load; without it the program would see the host's
 * files alone. */
static bool has_library(const char *library) {
    Dl_info info;
    const void *hook = dlsym(RTLD_DEFAULT, "openat");
    const char *name = strrchr(library, '/') + 1;
    const char *of = hook != NULL && dladdr(hook, &info) != 0 ? strrchr(info.dli_fname, '/') : NULL;
    return of != NULL && strcmp(of + 1, name) == 0;
}

static void try_execute(char **arguments, const char *path, int *worst) {
    extern char **environ;
    struct stat status;
    execve(path, arguments, environ);
    const int errnum = errno;
    if (errnum == ENOENT && stat(path, &status) == 0) {
        give_up(EXIT_NOT_FOUND, "cannot run", path, "it exists, but the program that must load it does not",
                "install or add its interpreter (the dynamic linker, or what its first line names)");
    }
    if (errnum != ENOENT && errnum != ENOTDIR) {
        *worst = errnum;
    }
}

/* A directory of PATH that this user may not search says nothing of the command: shells pass it over. */
static bool is_closed(const char *path) {
    struct stat status;
    return stat(path, &status) != 0 && errno == EACCES;
}

static void search(char **arguments, const char *path, int *worst) {
    while (path != NULL) {
        const size_t length = strcspn(path, ":");
        char each[PATH_MAX];
        const int written = length == 0
                                ? snprintf(each, sizeof each, "./%s", arguments[0])
                                : snprintf(each, sizeof each, "%.*s/%s", (int)length, path, arguments[0]);
        if (written > 0 && (size_t)written < sizeof each && !is_closed(each)) {
            try_execute(arguments, each, worst);
        }
        path = path[length] == ':' ? path + length + 1 : NULL;
    }
}

int main(int argc, char **argv) {
    int worst = 0;
    if (argc == 3 && strcmp(argv[1], "--check") == 0 && strchr(argv[2], '/') != NULL) {
        return has_library(argv[2]) ? 0 : 1;
    }
    if (argc <= FIRST || strchr(argv[2], '/') == NULL) {
        return EXIT_LAUNCH;
    }
    tell = atoi(argv[1]);
    fcntl(tell, F_SETFD, FD_CLOEXEC);
    if (!has_library(argv[2])) {
        give_up(EXIT_LAUNCH, "cannot load", argv[2], "the dynamic linker did not take it",
                "see what it printed, install velo again, or add --isolate");
    }
    if (argv[3][0] != '\0' && chdir(argv[3]) != 0) {
        give_up(EXIT_LAUNCH, "cannot enter", argv[3], strerror(errno),
                "name a directory of the host or of the tree with --workdir");
    }
    char **arguments = argv + FIRST;
    if (strchr(arguments[0], '/') != NULL) {
        try_execute(arguments, arguments[0], &worst);
    } else if (arguments[0][0] != '\0') {
        const char *path = getenv("PATH");
        search(arguments, path == NULL ? "/usr/local/bin:/usr/bin:/bin" : path, &worst);
    }
    if (worst != 0) {
        give_up(EXIT_NOT_EXECUTABLE, "cannot run", arguments[0], strerror(worst),
                "name a program that can be executed");
    }
    give_up(EXIT_NOT_FOUND, "cannot run", arguments[0], "no such command",
            "check the name, PATH and what the manifests hold (velo inspect)");
}
