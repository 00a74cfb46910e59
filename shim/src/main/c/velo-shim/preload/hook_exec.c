#include "execution.h"

#include <stdarg.h>

extern char **environ;

HOOK(int, execve, (const char *path, char *const argv[], char *const envp[])) {
    return (int)told(sys_execveat(AT_FDCWD, path, argv, envp, 0));
}

HOOK(int, execv, (const char *path, char *const argv[])) {
    return (int)told(sys_execveat(AT_FDCWD, path, argv, environ, 0));
}

HOOK(int, execvp, (const char *file, char *const argv[])) {
    return (int)told(execute_searched(file, argv, environ, true));
}

HOOK(int, execvpe, (const char *file, char *const argv[], char *const envp[])) {
    return (int)told(execute_searched(file, argv, envp, true));
}

HOOK(int, execveat, (int at, const char *path, char *const argv[], char *const envp[], int flags)) {
    return (int)told(sys_execveat(at, path, argv, envp, flags));
}

HOOK(int, fexecve, (int fd, char *const argv[], char *const envp[])) {
    if (fd < 0 || !argv || !envp) {
        return (int)told(-EINVAL);
    }
    return (int)told(sys_execveat(fd, "", argv, envp, AT_EMPTY_PATH));
}

/* ---- Arguments one by one. ---- */

#define FEW 512

enum form { LIST, LIST_SEARCHED, LIST_ENVIRONMENT };

static long count_arguments(va_list arguments) {
    long count = 1;
    while (va_arg(arguments, char *)) {
        count++;
    }
    return count;
}

static long execute_list(enum form form, const char *path, const char *first, size_t count,
                         va_list arguments) {
    char *few[FEW];
    char **argv = pointer_room(few, FEW, count + 1), *const *envp = environ;
    if (!argv) {
        return -ENOMEM;
    }
    argv[0] = (char *)(uintptr_t)first;
    for (size_t i = 1; i <= count && argv[i - 1]; i++) {
        argv[i] = va_arg(arguments, char *);
    }
    if (form == LIST_ENVIRONMENT) {
        envp = va_arg(arguments, char *const *);
    }
    long result = form == LIST_SEARCHED ? execute_searched(path, argv, envp, true)
                                        : sys_execveat(AT_FDCWD, path, argv, envp, 0);
    pointer_free(argv, few, count + 1);
    return result;
}

#define LIST_HOOK(name, form)                                                                                \
    HOOK(int, name, (const char *path, const char *first, ...)) {                                            \
        va_list arguments;                                                                                   \
        va_start(arguments, first);                                                                          \
        size_t count = first ? (size_t)count_arguments(arguments) : 0;                                       \
        va_end(arguments);                                                                                   \
        va_start(arguments, first);                                                                          \
        long result = execute_list(form, path, first, count, arguments);                                     \
        va_end(arguments);                                                                                   \
        return (int)told(result);                                                                            \
    }

LIST_HOOK(execl, LIST)
LIST_HOOK(execlp, LIST_SEARCHED)
LIST_HOOK(execle, LIST_ENVIRONMENT)
