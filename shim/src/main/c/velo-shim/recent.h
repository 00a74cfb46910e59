#ifndef VELO_RECENT_H
#define VELO_RECENT_H

#include "manifest.h"

/*
 * What a process that asks for many paths again and again keeps of the manifest: a path and what a look at it
 * needs, side by side, where the manifest has them in three places, each of which is a wait for memory. All
 * of it is of the manifest, which never changes, so nothing in it gets old. Zeros to begin with; memory that
 * was not used yet costs nothing. Threads, signal handlers and children of vfork(2) may use it at once.
 */
enum { RECENT_SETS = 1 << 15, RECENT_WAYS = 8, RECENT_PATH = 102, RECENT_AFTER = 1024 };

/* A path of up to 38 bytes is in one line of a processor's cache with all else. */
struct recent_path {
    _Alignas(128) uint32_t version; /* odd while it is written */
    uint32_t entry;
    uint64_t size;  /* and above 40 bits of it the length of the path and its tag, 8 bits each */
    uint64_t times; /* seconds, and in the low 30 bits nanoseconds */
    uint16_t mode;  /* and above 12 bits of it the type */
    char path[RECENT_PATH];
};
_Static_assert(sizeof(struct recent_path) == 128, "nothing is between");

struct recent {
    uint32_t asked; /* up to RECENT_AFTER */
    uint32_t last;  /* set that is in use, as many as the manifest is worth; 0: not yet */
    _Alignas(64) uint8_t tags[RECENT_SETS][RECENT_WAYS];
    struct recent_path paths[RECENT_SETS][RECENT_WAYS];
};

struct recent_entry {
    uint32_t entry, mode; /* low 12 bits */
    enum entry_type type;
    uint32_t nanoseconds;
    uint64_t size;
    int64_t seconds;
};

/* What the manifest says of a path, which is not empty. False: it has no such path. recent may be NULL. */
bool recent_find(struct recent *recent, const struct manifest *manifest, const char *path, size_t length,
                 struct recent_entry *out);

#endif
