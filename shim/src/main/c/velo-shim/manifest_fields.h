#ifndef VELO_MANIFEST_FIELDS_H
#define VELO_MANIFEST_FIELDS_H

#include "manifest.h"

#include <string.h>

/*
 * Single fields of an entry, for loops that must not read all of it. The index is below the number of
 * entries; what is read is not checked.
 */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a manifest is read as it lies in the file");

enum {
    MANIFEST_HEADER = 128,
    MANIFEST_ENTRY = 96,
    MANIFEST_SLOT = 8,

    ENTRY_PATH = 0,
    ENTRY_PATH_LENGTH = 4,
    ENTRY_NAME_LENGTH = 6,
    ENTRY_TYPE = 8,
    ENTRY_MODE = 10,
    ENTRY_PARENT = 12,
    ENTRY_FIRST_CHILD = 16,
    ENTRY_CHILDREN = 20,
    ENTRY_SIZE = 24,
    ENTRY_SECONDS = 32,
    ENTRY_NANOSECONDS = 40,
    ENTRY_TARGET = 44,
    ENTRY_DIGEST = 48
};

static inline const uint8_t *entry_at(const struct manifest *manifest, uint32_t index) {
    return manifest->entry + (size_t)index * MANIFEST_ENTRY;
}

static inline uint16_t read16(const uint8_t *at) {
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t read32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t read64(const void *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* memcmp(3) for texts this short is mostly the way there and back. */
static inline bool is_same(const void *one, const void *other, size_t length) {
    const uint8_t *a = one, *b = other;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        if (read64(a + i) != read64(b + i)) {
            return false;
        }
    }
    if (length >= 8) {
        return read64(a + length - 8) == read64(b + length - 8);
    }
    while (i < length && a[i] == b[i]) {
        i++;
    }
    return i == length;
}

static inline unsigned entry_type(const struct manifest *manifest, uint32_t index) {
    return entry_at(manifest, index)[ENTRY_TYPE];
}

static inline uint32_t entry_parent(const struct manifest *manifest, uint32_t index) {
    return read32(entry_at(manifest, index) + ENTRY_PARENT);
}

static inline uint32_t entry_mode(const struct manifest *manifest, uint32_t index) {
    return read16(entry_at(manifest, index) + ENTRY_MODE);
}

#endif
