#ifndef VELO_MANIFEST_H
#define VELO_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mapped manifest, docs/formats/manifest.md. Nothing here makes a system call. */
struct manifest {
    const uint8_t *bytes;
    size_t length;
    uint32_t entries, slots;
    const uint8_t *entry, *slot, *strings;
    size_t strings_length;
};

#define NO_ENTRY UINT32_MAX

enum entry_type { ENTRY_DIRECTORY = 1, ENTRY_FILE = 2, ENTRY_LINK = 3, ENTRY_WHITEOUT = 4 };

/* What an entry says; strings are NUL-terminated in the mapped file. */
struct manifest_entry {
    enum entry_type type;
    uint32_t mode, parent, first_child, children;
    uint64_t size;
    int64_t seconds;
    uint32_t nanoseconds;
    const char *path; /* from the root, no leading slash */
    uint32_t path_length, name_length;
    const char *target;
    const uint8_t *digest;
};

/* The checks that a reader makes in constant time. False: it is none, or is cut short. */
bool manifest_open(struct manifest *manifest, const void *bytes, size_t length);

/* Whoever made the file checked it in full; all the same no offset in it is believed: false where one leads
 * out of it. */
bool manifest_entry(const struct manifest *manifest, uint32_t index, struct manifest_entry *out);

/* One probe of the table; "" is the root. A whiteout is found like any other entry. */
uint32_t manifest_find(const struct manifest *manifest, const char *path, size_t length);
/* The two halves of it. */
uint64_t manifest_hash(const char *path, size_t length);
uint32_t manifest_probe(const struct manifest *manifest, uint64_t hash, const char *path, size_t length);
/* The same by a directory's index and one name in it. */
uint32_t manifest_child(const struct manifest *manifest, uint32_t directory, const char *name, size_t length);

#endif
