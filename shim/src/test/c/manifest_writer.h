#ifndef VELO_MANIFEST_WRITER_H
#define VELO_MANIFEST_WRITER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes manifests for tests, after docs/formats/manifest.md and nothing else. Digests of the content are
 * made up: nothing of the tree looks into them.
 */
struct made_entry {
    char type; /* 'd', 'f', 'l', 'w' */
    const char *path;
    unsigned mode;
    const char *target; /* of a link */
    uint64_t size;
};

/* The root is made by itself, all directories on a way must be given. malloc'd, or the test ends. */
uint8_t *write_manifest(const struct made_entry *entries, size_t count, size_t *length);

/* The time that all entries of this path have. */
int64_t made_seconds(const char *path);

#endif
