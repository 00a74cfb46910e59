#include "temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static long make_file(const char *name, int flags) {
    return sys_openat(AT_FDCWD, name, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
}

static long make_directory(const char *name, int flags) {
    (void)flags;
    return sys_mkdirat(AT_FDCWD, name, 0700);
}

static long is_free(const char *name, int flags) {
    (void)flags;
    struct stat state;
    long result = sys_fstatat(AT_FDCWD, name, &state, AT_SYMLINK_NOFOLLOW);
    return result == -ENOENT ? 0 : result < 0 ? result : -EEXIST;
}

HOOK(int, mkostemps, (char *template, int suffix, int flags)) {
    return (int)told(temporary_name(template, suffix, make_file, flags));
}

HOOK(int, mkostemp, (char *template, int flags)) {
    return hook_mkostemps(template, 0, flags);
}

HOOK(int, mkstemps, (char *template, int suffix)) {
    return hook_mkostemps(template, suffix, 0);
}

HOOK(int, mkstemp, (char *template)) {
    return hook_mkostemps(template, 0, 0);
}

HOOK(char *, mkdtemp, (char *template)) {
    return told(temporary_name(template, 0, make_directory, 0)) < 0 ? NULL : template;
}

HOOK(char *, mktemp, (char *template)) {
    if (told(temporary_name(template, 0, is_free, 0)) < 0) {
        template[0] = 0;
    }
    return template;
}

HOOK(FILE *, tmpfile, (void)) {
    long fd = told(temporary_file());
    return fd < 0 ? NULL : fdopen((int)fd, "w+");
}

HOOK(char *, tmpnam_r, (char *out)) {
    static const char template[] = P_tmpdir "/fileXXXXXX";
    if (!out) {
        return NULL;
    }
    memcpy(out, template, sizeof template);
    return temporary_name(out, 0, is_free, 0) < 0 ? NULL : out;
}

HOOK(char *, tmpnam, (char *out)) {
    static char own[L_tmpnam];
    return hook_tmpnam_r(out ? out : own);
}

static bool usable(const char *directory) {
    struct stat state;
    return directory && directory[0] && sys_fstatat(AT_FDCWD, directory, &state, 0) == 0 &&
           S_ISDIR(state.st_mode) && sys_faccessat(AT_FDCWD, directory, 2, 0) == 0;
}

HOOK(char *, tempnam, (const char *directory, const char *begin)) {
    const char *named = environment_value(environ, "TMPDIR");
    if (usable(named)) {
        directory = named;
    } else if (!usable(directory)) {
        directory = P_tmpdir;
    }
    size_t length = strlen(directory), first = strnlen(begin ? begin : "file", 5);
    char *out = malloc(length + first + 8);
    if (!out) {
        return NULL;
    }
    memcpy(out, directory, length);
    out[length] = '/';
    memcpy(out + length + 1, begin ? begin : "file", first);
    memcpy(out + length + 1 + first, "XXXXXX", 7);
    long result = temporary_name(out, 0, is_free, 0);
    if (told(result) >= 0) {
        return out;
    }
    free(out);
    return NULL;
}
