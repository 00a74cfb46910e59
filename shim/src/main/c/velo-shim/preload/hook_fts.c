#include "fts_entry.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

/*
 * fts(3) of glibc; musl has none, and a library that adds it to musl has its own structures, so there the
 * call goes on to it. The walk never changes the current directory: fts_accpath is good from where the caller
 * is, which is all that it promises.
 */
typedef int order(const FTSENT **, const FTSENT **);

struct walk {
    FTS shown;        /* programs may look at its options */
    FTSENT *children; /* what fts_children has read and fts_read has not handed out */
    bool begun;
};

static FTSENT *sort(const struct walk *walk, FTSENT *list) {
    size_t count = 0, next = 0;
    if (!walk->shown.fts_compar) {
        return list;
    }
    for (FTSENT *at = list; at; at = at->fts_link) {
        count++;
    }
    FTSENT **all = malloc((count + 1) * sizeof *all);
    if (!all) {
        return list;
    }
    for (FTSENT *at = list; at; at = at->fts_link) {
        all[next++] = at;
    }
    all[next] = NULL;
    if (count > 1) {
        qsort(all, count, sizeof *all, (int (*)(const void *, const void *))(void *)walk->shown.fts_compar);
    }
    for (size_t i = 0; i < count; i++) {
        all[i]->fts_link = all[i + 1];
    }
    list = all[0];
    free(all);
    return list;
}

/* NULL: empty, or directory->fts_errno. */
static FTSENT *read_children(struct walk *walk, FTSENT *directory) {
    struct stream *stream = stream_open(AT_FDCWD, directory->fts_path);
    FTSENT *first = NULL, **end = &first;
    struct dirent *found;
    int error = 0, options = walk->shown.fts_options;
    directory->fts_errno = 0;
    if (!stream) {
        directory->fts_errno = errno;
        return NULL;
    }
    while (!error && (found = stream_next(stream, &error)) != NULL) {
        bool dot = strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0;
        if (dot && !(options & FTS_SEEDOT)) {
            continue;
        }
        FTSENT *entry = fts_make(directory, found->d_name, (short)(directory->fts_level + 1));
        if (!entry) {
            error = ENOMEM;
            break;
        }
        bool known = options & FTS_NOSTAT && found->d_type != DT_DIR && found->d_type != DT_UNKNOWN &&
                     !(options & FTS_LOGICAL && found->d_type == DT_LNK);
        entry->fts_info = known ? FTS_NSOK : fts_kind(entry, (options & FTS_LOGICAL) != 0);
        *end = entry;
        end = &entry->fts_link;
    }
    stream_close(stream);
    if (error) {
        directory->fts_errno = error;
    }
    return sort(walk, first);
}

HOOK(FTS *, fts_open, (char *const *paths, int options, order *compare)) {
    if (libc_is_musl()) {
        FTS *(*next)(char *const *, int, order *) =
            (FTS * (*)(char *const *, int, order *)) hidden_function(HIDDEN_fts_open);
        errno = ENOSYS;
        return next ? next(paths, options, compare) : NULL;
    }
    bool logical = (options & FTS_LOGICAL) != 0;
    if ((options & ~0xff) != 0 || logical == ((options & FTS_PHYSICAL) != 0)) {
        errno = EINVAL;
        return NULL;
    }
    struct walk *walk = calloc(1, sizeof *walk);
    FTSENT *root = walk ? fts_make(NULL, "", FTS_ROOTPARENTLEVEL) : NULL, *first = NULL, **end = &first;
    if (!root) {
        free(walk);
        return NULL;
    }
    walk->shown.fts_options = options | FTS_NOCHDIR;
    walk->shown.fts_compar = (int (*)(const void *, const void *))(void *)compare;
    for (; *paths; paths++) {
        FTSENT *entry = fts_make(root, *paths, FTS_ROOTLEVEL);
        if (!entry) {
            continue;
        }
        entry->fts_info = **paths ? fts_kind(entry, logical || (options & FTS_COMFOLLOW)) : FTS_NS;
        if (!**paths) {
            entry->fts_errno = ENOENT;
        }
        *end = entry;
        end = &entry->fts_link;
    }
    walk->children = sort(walk, first);
    walk->shown.fts_cur = root;
    return &walk->shown;
}

/* A root is sorted by all of its path, and shows its last name from then on. */
static void show_last_name(FTSENT *root) {
    char *last = strrchr(root->fts_name, '/');
    if (!last || !last[1]) {
        return;
    }
    root->fts_namelen = (unsigned short)strlen(last + 1);
    memmove(root->fts_name, last + 1, root->fts_namelen + 1u);
}

static FTSENT *hand_out(struct walk *walk, FTSENT *entry) {
    walk->shown.fts_cur = entry;
    if (entry->fts_level == FTS_ROOTLEVEL) {
        walk->shown.fts_dev = entry->fts_dev;
        show_last_name(entry);
    }
    return entry;
}

/* Behind an entry and all that is in it. */
static FTSENT *go_on(struct walk *walk, FTSENT *entry) {
    for (;;) {
        FTSENT *next = entry->fts_link, *parent = entry->fts_parent;
        fts_release(entry);
        if (!next && parent->fts_level == FTS_ROOTPARENTLEVEL) {
            fts_release(parent);
            walk->shown.fts_cur = NULL;
            errno = 0;
            return NULL;
        }
        if (!next) {
            parent->fts_info = parent->fts_errno ? FTS_ERR : FTS_DP;
            return hand_out(walk, parent);
        }
        if (next->fts_instr == FTS_FOLLOW) {
            next->fts_info = fts_kind(next, true);
        }
        if (next->fts_instr != FTS_SKIP) {
            next->fts_instr = FTS_NO_INSTRUCTION;
            return hand_out(walk, next);
        }
        entry = next;
    }
}

static FTSENT *descend(struct walk *walk, FTSENT *directory, int instruction) {
    bool other = walk->shown.fts_options & FTS_XDEV && directory->fts_dev != walk->shown.fts_dev;
    if (instruction == FTS_SKIP || other) {
        fts_release_list(walk->children);
        walk->children = NULL;
        directory->fts_info = FTS_DP;
        return directory;
    }
    FTSENT *first = walk->children ? walk->children : read_children(walk, directory);
    walk->children = NULL;
    if (!first) {
        directory->fts_info = directory->fts_errno ? FTS_DNR : FTS_DP;
        return directory;
    }
    return hand_out(walk, first);
}

HOOK(FTSENT *, fts_read, (FTS * shown)) {
    struct walk *walk = (struct walk *)shown;
    if (libc_is_musl()) {
        FTSENT *(*next)(FTS *) = (FTSENT * (*)(FTS *)) hidden_function(HIDDEN_fts_read);
        return next(shown);
    }
    FTSENT *entry = shown->fts_cur;
    if (!entry) {
        return NULL;
    }
    int instruction = entry->fts_instr;
    entry->fts_instr = FTS_NO_INSTRUCTION;
    if (!walk->begun) {
        walk->begun = true;
        FTSENT *first = walk->children;
        walk->children = NULL;
        if (first) {
            return hand_out(walk, first);
        }
        fts_release(entry);
        shown->fts_cur = NULL;
        return NULL;
    }
    if (instruction == FTS_AGAIN ||
        (instruction == FTS_FOLLOW && (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE))) {
        entry->fts_info = fts_kind(entry, instruction == FTS_FOLLOW);
        return entry;
    }
    return entry->fts_info == FTS_D ? descend(walk, entry, instruction) : go_on(walk, entry);
}

HOOK(FTSENT *, fts_children, (FTS * shown, int options)) {
    struct walk *walk = (struct walk *)shown;
    if (libc_is_musl()) {
        FTSENT *(*next)(FTS *, int) = (FTSENT * (*)(FTS *, int)) hidden_function(HIDDEN_fts_children);
        return next(shown, options);
    }
    errno = 0;
    FTSENT *entry = shown->fts_cur;
    if (!walk->begun || !entry) {
        return walk->children;
    }
    if (entry->fts_info != FTS_D) {
        return NULL;
    }
    fts_release_list(walk->children);
    walk->children = read_children(walk, entry);
    if (!walk->children && entry->fts_errno) {
        errno = entry->fts_errno;
    }
    return walk->children;
}

HOOK(int, fts_set, (FTS * shown, FTSENT *entry, int instruction)) {
    if (libc_is_musl()) {
        int (*next)(FTS *, FTSENT *, int) = (int (*)(FTS *, FTSENT *, int))hidden_function(HIDDEN_fts_set);
        return next(shown, entry, instruction);
    }
    if (instruction < 0 || instruction > FTS_SKIP) {
        errno = EINVAL;
        return 1;
    }
    entry->fts_instr = (unsigned short)(instruction == 0 ? FTS_NO_INSTRUCTION : instruction);
    return 0;
}

HOOK(int, fts_close, (FTS * shown)) {
    struct walk *walk = (struct walk *)shown;
    if (libc_is_musl()) {
        int (*next)(FTS *) = (int (*)(FTS *))hidden_function(HIDDEN_fts_close);
        return next(shown);
    }
    fts_release_list(walk->children);
    for (FTSENT *entry = shown->fts_cur; entry;) {
        FTSENT *parent = entry->fts_parent;
        fts_release_list(entry);
        entry = parent;
    }
    free(walk);
    return 0;
}
