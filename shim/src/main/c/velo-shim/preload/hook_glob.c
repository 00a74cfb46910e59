#include "stream.h"

#include <fnmatch.h>
#include <glob.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* Numbers are the same in both C libraries; musl has no braces and no functions of the caller. */
#define BRACE (1 << 10)
#define NOMAGIC (1 << 11)
#define TILDE (1 << 12)
#define ONLYDIR (1 << 13)
#define TILDE_CHECK (1 << 14)
#define ALTDIRFUNC (1 << 9)
#define MAGCHAR (1 << 8)
#define PERIOD (1 << 7)

extern char **environ;

struct search {
    int flags;
    int (*failed)(const char *, int);
    char **found;
    size_t count, room;
    bool magic;
};

static int add(struct search *search, const char *path, bool mark) {
    if (search->count + 1 >= search->room) {
        size_t room = search->room ? 2 * search->room : 16;
        char **list = realloc(search->found, room * sizeof *list);
        if (!list) {
            return GLOB_NOSPACE;
        }
        search->found = list;
        search->room = room;
    }
    size_t length = strlen(path);
    char *copy = malloc(length + 2);
    if (!copy) {
        return GLOB_NOSPACE;
    }
    memcpy(copy, path, length + 1);
    if (mark && length > 0 && copy[length - 1] != '/') {
        memcpy(copy + length, "/", 2);
    }
    search->found[search->count++] = copy;
    return 0;
}

/* A wildcard before the end of the component. */
static bool has_magic(const char *text, size_t length, int flags) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' && !(flags & GLOB_NOESCAPE)) {
            i++;
        } else if (text[i] == '*' || text[i] == '?' ||
                   (text[i] == '[' && memchr(text + i, ']', length - i))) {
            return true;
        }
    }
    return false;
}

static int expand(struct search *search, char *path, size_t length, const char *rest);

static bool is_directory(const char *path) {
    struct stat state;
    return sys_fstatat(AT_FDCWD, path, &state, 0) == 0 && S_ISDIR(state.st_mode);
}

static int end_of_path(struct search *search, char *path, size_t length) {
    struct stat state;
    path[length] = 0;
    if (sys_fstatat(AT_FDCWD, path, &state, AT_SYMLINK_NOFOLLOW) < 0) {
        return 0;
    }
    return add(search, path, search->flags & GLOB_MARK && is_directory(path));
}

static int plain(struct search *search, char *path, size_t length, const char *name, size_t count,
                 const char *rest) {
    for (size_t i = 0; i < count; i++) {
        if (name[i] == '\\' && !(search->flags & GLOB_NOESCAPE) && i + 1 < count) {
            i++;
        }
        if (length + 2 >= PATH_MAX) {
            return 0;
        }
        path[length++] = name[i];
    }
    return expand(search, path, length, rest);
}

static int wild(struct search *search, char *path, size_t length, const char *name, size_t count,
                const char *rest) {
    char pattern[NAME_MAX * 4];
    int result = 0, error = 0;
    if (count >= sizeof pattern) {
        return 0;
    }
    memcpy(pattern, name, count);
    pattern[count] = 0;
    path[length] = 0;
    search->magic = true;
    struct stream *stream = stream_open(AT_FDCWD, length == 0 ? "." : path);
    if (!stream) {
        int number = errno;
        bool stop = number != ENOENT && number != ENOTDIR &&
                    ((search->failed && search->failed(path, number)) || search->flags & GLOB_ERR);
        return stop ? GLOB_ABORTED : 0;
    }
    /* GLOB_PERIOD is for the last name alone, and GLOB_ONLYDIR says nothing of names without a wildcard. */
    bool directories = *rest || search->flags & ONLYDIR;
    int how = (search->flags & PERIOD && !*rest ? 0 : FNM_PERIOD) |
              (search->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0);
    struct dirent *entry;
    while (result == 0 && (entry = stream_next(stream, &error)) != NULL) {
        size_t size = strlen(entry->d_name);
        if (length + size + 2 >= PATH_MAX || fnmatch(pattern, entry->d_name, how) != 0) {
            continue;
        }
        if (directories && entry->d_type != DT_DIR && entry->d_type != DT_LNK &&
            entry->d_type != DT_UNKNOWN) {
            continue;
        }
        memcpy(path + length, entry->d_name, size + 1);
        if (!*rest && search->flags & ONLYDIR && !is_directory(path)) {
            continue;
        }
        result = expand(search, path, length + size, rest);
    }
    stream_close(stream);
    if (result == 0 && error &&
        (search->flags & GLOB_ERR || (search->failed && search->failed(path, error)))) {
        result = GLOB_ABORTED;
    }
    return result;
}

/* path has what is settled; rest is what follows, from a slash or from the first component on. */
static int expand(struct search *search, char *path, size_t length, const char *rest) {
    while (*rest == '/' && length + 2 < PATH_MAX) {
        path[length++] = *rest++;
    }
    if (*rest == 0) {
        return end_of_path(search, path, length);
    }
    size_t count = strcspn(rest, "/");
    return has_magic(rest, count, search->flags) ? wild(search, path, length, rest, count, rest + count)
                                                 : plain(search, path, length, rest, count, rest + count);
}

/* ---- What comes before the path: ~, {a,b}. ---- */

/* Length of the home directory in out, 0 where there is none. */
static size_t home_of(const char *name, size_t length, char *out) {
    const char *home = length == 0 ? environment_value(environ, "HOME") : NULL;
    if (!home && length < 64) {
        char user[64];
        memcpy(user, name, length);
        user[length] = 0;
        struct passwd *entry = length == 0 ? getpwuid((uid_t)RAW0(SYS_getuid)) : getpwnam(user);
        home = entry ? entry->pw_dir : NULL;
    }
    size_t size = home ? strnlen(home, PATH_MAX - 1) : 0;
    if (size > 0) {
        memcpy(out, home, size);
    }
    return size;
}

static int expand_tilde(struct search *search, char *path, const char *pattern) {
    size_t length = 0, name = strcspn(pattern, "/");
    if (*pattern == '~' && search->flags & (TILDE | TILDE_CHECK)) {
        length = home_of(pattern + 1, name - 1, path);
        if (length == 0 && search->flags & TILDE_CHECK) {
            return GLOB_NOMATCH;
        }
        if (length > 0) {
            pattern += name;
        }
    }
    return expand(search, path, length, pattern);
}

/* The comma or brace that ends an alternative. */
static const char *end_of_part(const char *at) {
    int depth = 0;
    for (; *at; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        } else if (*at == '{') {
            depth++;
        } else if ((*at == '}' && depth-- == 0) || (*at == ',' && depth == 0)) {
            return at;
        }
    }
    return NULL;
}

static const char *closing(const char *open) {
    const char *at = end_of_part(open + 1);
    while (at && *at == ',') {
        at = end_of_part(at + 1);
    }
    return at;
}

static int expand_braces(struct search *search, char *path, const char *pattern) {
    const char *open = search->flags & BRACE ? strchr(pattern, '{') : NULL;
    while (open && open[1] == '}') {
        open = strchr(open + 2, '{');
    }
    const char *close = open ? closing(open) : NULL;
    if (!close) {
        return expand_tilde(search, path, pattern);
    }
    size_t before = (size_t)(open - pattern), after = strlen(close + 1);
    char *one = malloc(strlen(pattern) + 1);
    if (!one) {
        return GLOB_NOSPACE;
    }
    int result = 0;
    for (const char *part = open + 1, *end; result == 0 && part <= close; part = end + 1) {
        end = end_of_part(part);
        memcpy(one, pattern, before);
        memcpy(one + before, part, (size_t)(end - part));
        memcpy(one + before + (end - part), close + 1, after + 1);
        result = expand_braces(search, path, one);
    }
    free(one);
    return result;
}

static int by_text(const void *a, const void *b) {
    return strcoll(*(char *const *)a, *(char *const *)b);
}

/* The list goes to the caller, behind what he has already. */
static int deliver(struct search *search, glob_t *out) {
    size_t offset = search->flags & GLOB_DOOFFS ? out->gl_offs : 0;
    size_t before = search->flags & GLOB_APPEND ? out->gl_pathc : 0;
    char **old = search->flags & GLOB_APPEND ? out->gl_pathv : NULL;
    char **list = realloc(old, (offset + before + search->count + 1) * sizeof *list);
    if (!list) {
        return GLOB_NOSPACE;
    }
    if (!old) {
        memset(list, 0, offset * sizeof *list);
    }
    if (!(search->flags & GLOB_NOSORT) && search->count > 1) {
        qsort(search->found, search->count, sizeof *search->found, by_text);
    }
    if (search->count > 0) {
        memcpy(list + offset + before, search->found, search->count * sizeof *list);
    }
    out->gl_pathv = list;
    out->gl_pathc = before + search->count;
    list[offset + out->gl_pathc] = NULL;
    search->count = 0;
    return 0;
}

HOOK(int, glob, (const char *pattern, int flags, int (*failed)(const char *, int), glob_t *out)) {
    int (*next)(const char *, int, int (*)(const char *, int), glob_t *) =
        (int (*)(const char *, int, int (*)(const char *, int), glob_t *))hidden_function(HIDDEN_glob);
    /* The caller's own functions say what there is: no file is asked for. */
    if (flags & ALTDIRFUNC && !libc_is_musl()) {
        return next(pattern, flags, failed, out);
    }
    struct search search = {.flags = flags, .failed = failed};
    char path[PATH_MAX];
    if (!(flags & GLOB_APPEND)) {
        out->gl_pathc = 0;
        out->gl_pathv = NULL;
        if (!(flags & GLOB_DOOFFS)) {
            out->gl_offs = 0;
        }
    }
    int result = expand_braces(&search, path, pattern);
    if (result == 0 && search.count == 0) {
        bool itself =
            flags & GLOB_NOCHECK || (flags & NOMAGIC && !has_magic(pattern, strlen(pattern), flags));
        result = itself ? add(&search, pattern, false) : GLOB_NOMATCH;
    }
    out->gl_flags = flags | (search.magic ? MAGCHAR : 0);
    if (result == 0 || result == GLOB_ABORTED) {
        int given = deliver(&search, out);
        result = given ? given : result;
    }
    while (search.count > 0) {
        free(search.found[--search.count]);
    }
    free(search.found);
    return result;
}

HOOK(void, globfree, (glob_t * out)) {
    size_t offset = out->gl_flags & GLOB_DOOFFS ? out->gl_offs : 0;
    for (size_t i = 0; out->gl_pathv && i < out->gl_pathc; i++) {
        free(out->gl_pathv[offset + i]);
    }
    free(out->gl_pathv);
    out->gl_pathv = NULL;
    out->gl_pathc = 0;
}
