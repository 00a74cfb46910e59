#include "stream.h"

#include <fts.h>
#include <stddef.h>
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

/* The name goes on behind the entry. */
struct entry_room {
    struct stat state;
    FTSENT entry;
};

static void release(FTSENT *entry) {
    free(entry->fts_path);
    free((char *)entry - offsetof(struct entry_room, entry));
}

static void release_list(FTSENT *entry) {
    while (entry) {
        FTSENT *next = entry->fts_link;
        release(entry);
        entry = next;
    }
}

static unsigned short kind_of(const struct walk *walk, FTSENT *entry, bool follow) {
    struct stat *state = entry->fts_statp;
    long error = sys_fstatat(AT_FDCWD, entry->fts_path, state, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    if (error < 0 && follow && sys_fstatat(AT_FDCWD, entry->fts_path, state, AT_SYMLINK_NOFOLLOW) == 0) {
        return FTS_SLNONE;
    }
    if (error < 0) {
        entry->fts_errno = (int)-error;
        memset(state, 0, sizeof *state);
        return FTS_NS;
    }
    entry->fts_dev = state->st_dev;
    entry->fts_ino = state->st_ino;
    entry->fts_nlink = state->st_nlink;
    if (!S_ISDIR(state->st_mode)) {
        return S_ISLNK(state->st_mode) ? FTS_SL : S_ISREG(state->st_mode) ? FTS_F : FTS_DEFAULT;
    }
    if (entry->fts_level > 0 && (strcmp(entry->fts_name, ".") == 0 || strcmp(entry->fts_name, "..") == 0)) {
        return FTS_DOT;
    }
    for (FTSENT *above = entry->fts_parent; above && above->fts_level >= FTS_ROOTLEVEL;
         above = above->fts_parent) {
        if (above->fts_ino == entry->fts_ino && above->fts_dev == entry->fts_dev) {
            entry->fts_cycle = above;
            return FTS_DC;
        }
    }
    (void)walk;
    return FTS_D;
}

/* The path is the directory's and the name, or the name alone. */
static FTSENT *make(FTSENT *parent, const char *name, short level) {
    size_t length = strlen(name);
    struct entry_room *room = calloc(1, sizeof *room + length + 1);
    size_t before = level > FTS_ROOTLEVEL ? parent->fts_pathlen : 0;
    char *path = malloc(before + length + 2);
    if (!room || !path) {
        free(room);
        free(path);
        return NULL;
    }
    FTSENT *entry = &room->entry;
    if (before > 0) {
        memcpy(path, parent->fts_path, before);
        if (path[before - 1] != '/') {
            path[before++] = '/';
        }
    }
    memcpy(path + before, name, length + 1);
    char *shown = entry->fts_name;
    memcpy(shown, name, length + 1);
    entry->fts_namelen = (unsigned short)length;
    entry->fts_path = entry->fts_accpath = path;
    entry->fts_pathlen = (unsigned short)(before + length);
    entry->fts_parent = parent;
    entry->fts_level = level;
    entry->fts_statp = &room->state;
    entry->fts_instr = 3;
    return entry;
}

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
        FTSENT *entry = make(directory, found->d_name, (short)(directory->fts_level + 1));
        if (!entry) {
            error = ENOMEM;
            break;
        }
        bool known = options & FTS_NOSTAT && found->d_type != DT_DIR && found->d_type != DT_UNKNOWN &&
                     !(options & FTS_LOGICAL && found->d_type == DT_LNK);
        entry->fts_info = known ? FTS_NSOK : kind_of(walk, entry, (options & FTS_LOGICAL) != 0);
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
    FTSENT *root = walk ? make(NULL, "", FTS_ROOTPARENTLEVEL) : NULL, *first = NULL, **end = &first;
    if (!root) {
        free(walk);
        return NULL;
    }
    walk->shown.fts_options = options | FTS_NOCHDIR;
    walk->shown.fts_compar = (int (*)(const void *, const void *))(void *)compare;
    for (; *paths; paths++) {
        FTSENT *entry = make(root, *paths, FTS_ROOTLEVEL);
        if (!entry) {
            continue;
        }
        entry->fts_info = **paths ? kind_of(walk, entry, logical || (options & FTS_COMFOLLOW)) : FTS_NS;
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
        release(entry);
        if (!next && parent->fts_level == FTS_ROOTPARENTLEVEL) {
            release(parent);
            walk->shown.fts_cur = NULL;
            errno = 0;
            return NULL;
        }
        if (!next) {
            parent->fts_info = parent->fts_errno ? FTS_ERR : FTS_DP;
            return hand_out(walk, parent);
        }
        if (next->fts_instr == FTS_FOLLOW) {
            next->fts_info = kind_of(walk, next, true);
        }
        if (next->fts_instr != FTS_SKIP) {
            next->fts_instr = 3;
            return hand_out(walk, next);
        }
        entry = next;
    }
}

static FTSENT *descend(struct walk *walk, FTSENT *directory, int instruction) {
    bool other = walk->shown.fts_options & FTS_XDEV && directory->fts_dev != walk->shown.fts_dev;
    if (instruction == FTS_SKIP || other) {
        release_list(walk->children);
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
    entry->fts_instr = 3;
    if (!walk->begun) {
        walk->begun = true;
        FTSENT *first = walk->children;
        walk->children = NULL;
        if (first) {
            return hand_out(walk, first);
        }
        release(entry);
        shown->fts_cur = NULL;
        return NULL;
    }
    if (instruction == FTS_AGAIN ||
        (instruction == FTS_FOLLOW && (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE))) {
        entry->fts_info = kind_of(walk, entry, instruction == FTS_FOLLOW);
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
    release_list(walk->children);
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
    entry->fts_instr = (unsigned short)(instruction == 0 ? 3 : instruction);
    return 0;
}

HOOK(int, fts_close, (FTS * shown)) {
    struct walk *walk = (struct walk *)shown;
    if (libc_is_musl()) {
        int (*next)(FTS *) = (int (*)(FTS *))hidden_function(HIDDEN_fts_close);
        return next(shown);
    }
    release_list(walk->children);
    for (FTSENT *entry = shown->fts_cur; entry;) {
        FTSENT *parent = entry->fts_parent;
        release_list(entry);
        entry = parent;
    }
    free(walk);
    return 0;
}
