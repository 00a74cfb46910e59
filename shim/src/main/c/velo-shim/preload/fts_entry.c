#include "fts_entry.h"

#include "sys.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The name goes on behind the entry. */
struct entry_room {
    struct stat state;
    FTSENT entry;
};

void fts_release(FTSENT *entry) {
    free(entry->fts_path);
    free((char *)entry - offsetof(struct entry_room, entry));
}

void fts_release_list(FTSENT *entry) {
    while (entry) {
        FTSENT *next = entry->fts_link;
        fts_release(entry);
        entry = next;
    }
}

unsigned short fts_kind(FTSENT *entry, bool follow) {
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
    return FTS_D;
}

FTSENT *fts_make(FTSENT *parent, const char *name, short level) {
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
    entry->fts_instr = FTS_NO_INSTRUCTION;
    return entry;
}
