#include "manifest.h"
#include "manifest_fields.h"
#include "sha256.h"

#define FIRST UINT64_C(0x9E3779B97F4A7C15)
#define SECOND UINT64_C(0xC2B2AE3D27D4EB4F)

enum { VERSION = 1, SHA_256 = 1, CHECKED = 120, PATH_LIMIT = 65535, NAME_LIMIT = 255 };

bool manifest_open(struct manifest *manifest, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    uint8_t digest[32];
    if (length < MANIFEST_HEADER || memcmp(at, "VELOTREE", 8) != 0 || read32(at + 8) != VERSION ||
        read32(at + 12) != SHA_256 || read64(at + 16) != length) {
        return false;
    }
    sha256(at, CHECKED, digest);
    if (memcmp(digest, at + CHECKED, 8) != 0) {
        return false;
    }
    const uint32_t entries = read32(at + 24), slots = read32(at + 28);
    const uint64_t fixed =
        MANIFEST_HEADER + (uint64_t)entries * MANIFEST_ENTRY + (uint64_t)slots * MANIFEST_SLOT;
    if (entries == 0 || entries == NO_ENTRY || slots < 2 || (slots & (slots - 1)) != 0 || fixed > length ||
        2 * (uint64_t)slots < 3 * (uint64_t)entries) {
        return false;
    }
    *manifest = (struct manifest){
        .bytes = at,
        .length = length,
        .entries = entries,
        .slots = slots,
        .entry = at + MANIFEST_HEADER,
        .slot = at + MANIFEST_HEADER + (size_t)entries * MANIFEST_ENTRY,
        .strings = at + (size_t)fixed,
        .strings_length = length - (size_t)fixed,
    };
    return true;
}

static const char *string_at(const struct manifest *manifest, uint64_t offset, uint64_t length) {
    const uint8_t *string = manifest->strings + offset;
    return offset + length < manifest->strings_length && string[length] == 0 ? (const char *)string : NULL;
}

static bool tree_shape(const struct manifest *manifest, uint32_t index, const struct manifest_entry *entry) {
    const bool child = index != 0;
    if (child ? entry->parent >= index : entry->parent != NO_ENTRY) {
        return false;
    }
    if (child ? entry->name_length == 0 || entry->name_length > NAME_LIMIT : entry->path_length != 0) {
        return false;
    }
    if (entry->name_length > entry->path_length) {
        return false;
    }
    return entry->children == 0 || (entry->type == ENTRY_DIRECTORY && entry->first_child > index &&
                                    entry->first_child < manifest->entries &&
                                    entry->children <= manifest->entries - entry->first_child);
}

bool manifest_entry(const struct manifest *manifest, uint32_t index, struct manifest_entry *out) {
    if (index >= manifest->entries) {
        return false;
    }
    const uint8_t *at = entry_at(manifest, index);
    *out = (struct manifest_entry){
        .type = at[ENTRY_TYPE],
        .mode = read16(at + ENTRY_MODE) & 07777U,
        .parent = read32(at + ENTRY_PARENT),
        .first_child = read32(at + ENTRY_FIRST_CHILD),
        .children = read32(at + ENTRY_CHILDREN),
        .size = read64(at + ENTRY_SIZE),
        .seconds = (int64_t)read64(at + ENTRY_SECONDS),
        .nanoseconds = read32(at + ENTRY_NANOSECONDS),
        .path_length = read16(at + ENTRY_PATH_LENGTH),
        .name_length = read16(at + ENTRY_NAME_LENGTH),
        .digest = at + ENTRY_DIGEST,
    };
    if (at[ENTRY_TYPE] < ENTRY_DIRECTORY || at[ENTRY_TYPE] > ENTRY_WHITEOUT ||
        !tree_shape(manifest, index, out)) {
        return false;
    }
    out->path = index == 0 ? "" : string_at(manifest, read32(at + ENTRY_PATH), out->path_length);
    if (out->type == ENTRY_LINK) {
        out->target =
            out->size > PATH_LIMIT ? NULL : string_at(manifest, read32(at + ENTRY_TARGET), out->size);
        if (out->target == NULL) {
            return false;
        }
    }
    return out->path != NULL;
}

static uint64_t mix(uint64_t hash, uint64_t word) {
    hash ^= word * SECOND;
    return (hash << 29 | hash >> 35) * FIRST;
}

static uint64_t finish(uint64_t hash) {
    hash ^= hash >> 32;
    hash *= SECOND;
    return hash ^ hash >> 29;
}

/* The last bytes of a text, fewer than 8, without a look behind it. */
static uint64_t last_word(const char *end, size_t left, size_t length) {
    if (length >= 8) {
        return read64(end - 8) >> 8 * (8 - left);
    }
    uint64_t word = 0;
    for (size_t i = 0; i < left; i++) {
        word |= (uint64_t)(uint8_t)end[-(ptrdiff_t)(left - i)] << 8 * i;
    }
    return word;
}

uint64_t manifest_hash(const char *path, size_t length) {
    uint64_t hash = FIRST ^ (uint64_t)length * SECOND;
    const size_t whole = length & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        hash = mix(hash, read64(path + i));
    }
    if (whole != length) {
        hash = mix(hash, last_word(path + length, length - whole, length));
    }
    return finish(hash);
}

/* The hash of the directory's path, a slash and the name, which stand nowhere together. */
static uint64_t hash_below(const char *path, size_t path_length, const char *name, size_t length) {
    uint64_t hash = FIRST ^ (uint64_t)(path_length + 1 + length) * SECOND, word = 0;
    size_t left = path_length;
    for (; left >= 8; path += 8, left -= 8) {
        hash = mix(hash, read64(path));
    }
    memcpy(&word, path, left);
    word |= (uint64_t)'/' << 8 * left;
    for (size_t i = 0, filled = left + 1; i <= length; i++, filled++) {
        if (filled == 8) {
            hash = mix(hash, word);
            word = filled = 0;
        }
        if (i == length) {
            return finish(filled == 0 ? hash : mix(hash, word));
        }
        word |= (uint64_t)(uint8_t)name[i] << 8 * filled;
    }
    return 0;
}

/* What is looked for: a whole path, or, where directory is not NO_ENTRY, a name of this directory. */
struct wanted {
    uint32_t directory;
    const char *text;
    size_t length;
};

static bool is_wanted(const struct manifest *manifest, uint32_t index, const struct wanted *wanted) {
    const uint8_t *at = entry_at(manifest, index);
    __builtin_prefetch(at + ENTRY_NANOSECONDS); /* often another line, which is asked for next */
    const uint64_t path = read32(at + ENTRY_PATH);
    const uint32_t path_length = read16(at + ENTRY_PATH_LENGTH);
    const bool whole = wanted->directory == NO_ENTRY;
    const uint32_t length = whole ? path_length : read16(at + ENTRY_NAME_LENGTH);
    return length == wanted->length && length <= path_length &&
           path + path_length < manifest->strings_length &&
           (whole || read32(at + ENTRY_PARENT) == wanted->directory) &&
           is_same(manifest->strings + path + path_length - length, wanted->text, length);
}

static uint32_t probe(const struct manifest *manifest, uint64_t hash, const struct wanted *wanted) {
    const uint32_t last = manifest->slots - 1, tag = (uint32_t)(hash >> 32);
    uint32_t slot = (uint32_t)hash & last;
    for (uint32_t tries = 0; tries <= last; tries++, slot = (slot + 1) & last) {
        const uint64_t both = read64(manifest->slot + (size_t)slot * MANIFEST_SLOT);
        if (both == 0) {
            break;
        }
        const uint32_t index = (uint32_t)(both >> 32);
        if ((uint32_t)both == tag && index < manifest->entries && is_wanted(manifest, index, wanted)) {
            return index;
        }
    }
    return NO_ENTRY;
}

uint32_t manifest_probe(const struct manifest *manifest, uint64_t hash, const char *path, size_t length) {
    return probe(manifest, hash, &(struct wanted){NO_ENTRY, path, length});
}

uint32_t manifest_find(const struct manifest *manifest, const char *path, size_t length) {
    if (length == 0) {
        return 0;
    }
    return length > PATH_LIMIT ? NO_ENTRY
                               : manifest_probe(manifest, manifest_hash(path, length), path, length);
}

uint32_t manifest_child(const struct manifest *manifest, uint32_t directory, const char *name,
                        size_t length) {
    if (directory >= manifest->entries || length == 0 || length > NAME_LIMIT) {
        return NO_ENTRY;
    }
    const uint8_t *at = entry_at(manifest, directory);
    const uint64_t path = read32(at + ENTRY_PATH);
    const uint32_t path_length = read16(at + ENTRY_PATH_LENGTH);
    if (path + path_length > manifest->strings_length || read32(at + ENTRY_CHILDREN) == 0) {
        return NO_ENTRY;
    }
    const uint64_t hash = directory == 0
                              ? manifest_hash(name, length)
                              : hash_below((const char *)manifest->strings + path, path_length, name, length);
    return probe(manifest, hash, &(struct wanted){directory, name, length});
}
