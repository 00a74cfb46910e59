#include "execution.h"

#include <string.h>

extern char **environ;

/* One place of PATH; the empty one is the current directory. */
static long try_place(const char *place, size_t length, const char *file, char *const argv[],
                      char *const envp[], bool shell) {
    char path[PATH_MAX];
    size_t name = strlen(file);
    if (length + name + 2 > sizeof path) {
        return -ENAMETOOLONG;
    }
    memcpy(path, place, length);
    if (length > 0) {
        path[length++] = '/';
    }
    memcpy(path + length, file, name + 1);
    long result = sys_execveat(AT_FDCWD, path, argv, envp, 0);
    return result == -ENOEXEC && shell ? execute_shell(path, argv, envp) : result;
}

/* What tells that the program may be elsewhere. */
static bool may_be_elsewhere(long result) {
    return result == -EACCES || result == -ENOENT || result == -ENOTDIR || result == -ESTALE ||
           result == -ENODEV || result == -ETIMEDOUT || result == -ENAMETOOLONG;
}

long execute_searched(const char *file, char *const argv[], char *const envp[], bool shell) {
    long length = path_length(file), result = -ENOENT;
    if (length <= 0) {
        return length == 0 ? -ENOENT : length;
    }
    if (strchr(file, '/')) {
        result = sys_execveat(AT_FDCWD, file, argv, envp, 0);
        return result == -ENOEXEC && shell ? execute_shell(file, argv, envp) : result;
    }
    if (length > NAME_MAX) {
        return -ENAMETOOLONG;
    }
    const char *place = environment_value(environ, "PATH");
    if (!place) {
        place = "/bin:/usr/bin";
    }
    bool denied = false;
    for (;;) {
        size_t part = strcspn(place, ":");
        result = try_place(place, part, file, argv, envp, shell);
        if (!may_be_elsewhere(result)) {
            return result;
        }
        denied = denied || result == -EACCES;
        if (place[part] == 0) {
            return denied ? -EACCES : result;
        }
        place += part + 1;
    }
}
