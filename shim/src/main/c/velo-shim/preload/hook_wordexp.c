#include "spawn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <wordexp.h>

extern char **environ;

/*
 * Only wildcards ask for files. Words with them are for a shell, which looks for files by calls of the
 * session; all others are libc's.
 */
static bool has_wildcard(const char *words) {
    return strpbrk(words, "*?[") != NULL;
}

/* Characters that end a command, outside of quotes and substitutions. 0, or the error. */
static int check(const char *at, int flags) {
    char quote = 0;
    int depth = 0;
    for (; *at; at++) {
        if (*at == '\\' && quote != '\'' && at[1]) {
            at++;
        } else if (quote == '\'' || (*at == '\'' && !quote)) {
            quote = *at == '\'' ? (char)(quote ? 0 : '\'') : quote;
        } else if (*at == '"') {
            quote = quote ? 0 : '"';
        } else if (*at == '`' || (at[0] == '$' && at[1] == '(' && at[2] != '(')) {
            if (flags & WRDE_NOCMD) {
                return WRDE_CMDSUB;
            }
            depth += *at == '$';
            at += *at == '$';
        } else if (*at == '{' || *at == '(') {
            depth++;
        } else if ((*at == '}' || *at == ')') && depth > 0) {
            depth--;
        } else if (!quote && depth == 0 && strchr("\n|&;<>(){}", *at)) {
            return WRDE_BADCHAR;
        }
    }
    return quote ? WRDE_SYNTAX : 0;
}

/* What the shell prints: all words, a NUL behind each. *length -1: it failed. */
static char *run(const char *words, int flags, ssize_t *length) {
    static const char form[] = "eval \"printf %s\\\\\\\\0 x $1\"";
    char shell[] = "sh", strict[] = "-uc", command[] = "-c", script[sizeof form];
    memcpy(script, form, sizeof form);
    char *argv[] = {shell, flags & WRDE_UNDEF ? strict : command, script, shell, (char *)(uintptr_t)words,
                    NULL};
    int ends[2], status;
    pid_t pid;
    *length = -1;
    if (RAW2(SYS_pipe2, ends, O_CLOEXEC) < 0) {
        return NULL;
    }
    struct action list[2] = {{.kind = ACTION_COPY, .fd = ends[1], .to = 1}};
    char nowhere[] = "/dev/null";
    list[1] = (struct action){.kind = ACTION_OPEN, .fd = 2, .flags = O_WRONLY, .path = nowhere};
    struct actions actions = {.count = flags & WRDE_SHOWERR ? 1 : 2, .list = list};
    struct spawn what = {.file = "/bin/sh", .actions = &actions, .argv = argv, .envp = environ};
    int error = spawn(&what, &pid);
    RAW1(SYS_close, ends[1]);
    size_t room = 4096, filled = 0;
    char *text = error ? NULL : malloc(room);
    long got;
    while (text && (got = RAW3(SYS_read, ends[0], text + filled, room - filled)) > 0) {
        filled += (size_t)got;
        if (filled == room) {
            char *more = realloc(text, room *= 2);
            if (!more) {
                free(text);
            }
            text = more;
        }
    }
    RAW1(SYS_close, ends[0]);
    if (!error && RAW4(SYS_wait4, pid, &status, 0, 0) == pid && status == 0) {
        *length = (ssize_t)filled;
    }
    return text;
}

static void drop(wordexp_t *out) {
    for (size_t i = 0; out->we_wordv && i < out->we_wordc; i++) {
        free(out->we_wordv[out->we_offs + i]);
    }
    free(out->we_wordv);
    out->we_wordv = NULL;
    out->we_wordc = 0;
}

/* The first word is the x that keeps printf(1) from an empty list. */
static int deliver(const char *text, size_t length, int flags, wordexp_t *out) {
    size_t count = 0, before = flags & WRDE_APPEND ? out->we_wordc : 0;
    size_t offset = flags & WRDE_DOOFFS ? out->we_offs : 0;
    for (size_t i = 0; i < length; i++) {
        count += text[i] == 0;
    }
    if (count == 0) {
        return WRDE_SYNTAX;
    }
    char **list =
        realloc(flags & WRDE_APPEND ? out->we_wordv : NULL, (offset + before + count) * sizeof *list);
    if (!list) {
        return WRDE_NOSPACE;
    }
    if (!(flags & WRDE_APPEND)) {
        memset(list, 0, offset * sizeof *list);
    }
    if (!(flags & WRDE_DOOFFS)) {
        out->we_offs = 0;
    }
    out->we_wordv = list;
    out->we_wordc = before;
    const char *at = text + strlen(text) + 1;
    for (size_t i = 1; i < count; i++, at += strlen(at) + 1) {
        if (!(list[offset + out->we_wordc++] = strdup(at))) {
            return WRDE_NOSPACE;
        }
    }
    list[offset + out->we_wordc] = NULL;
    return 0;
}

HOOK(int, wordexp, (const char *words, wordexp_t *out, int flags)) {
    int (*next)(const char *, wordexp_t *, int) =
        (int (*)(const char *, wordexp_t *, int))hidden_function(HIDDEN_wordexp);
    if (!shim_virtual() || !has_wildcard(words)) {
        return next(words, out, flags);
    }
    int error = check(words, flags);
    if (error) {
        return error;
    }
    if (flags & WRDE_REUSE) {
        drop(out);
    }
    ssize_t length;
    char *text = run(words, flags, &length);
    if (!text) {
        return WRDE_NOSPACE;
    }
    error = length < 0 ? flags & WRDE_UNDEF ? WRDE_BADVAL : WRDE_SYNTAX
                       : deliver(text, (size_t)length, flags, out);
    free(text);
    return error;
}
