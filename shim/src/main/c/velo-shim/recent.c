#include "recent.h"
#include "manifest_fields.h"

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

_Static_assert(RECENT_WAYS == sizeof(uint64_t), "the tags of a set are one word");

enum { SIZE_BITS = 40, NANOSECONDS_BITS = 30, SECONDS_BITS = 34, MODE_BITS = 12 };

/* Never 0, which says that there is none. */
static uint8_t tag_of(uint64_t hash) {
    const uint8_t tag = (uint8_t)(hash >> 48);
    return tag == 0 ? 1 : tag;
}

static uint64_t tags_of(const struct recent *recent, uint64_t set) {
    return LOAD(*(const uint64_t *)(const void *)recent->tags[set]);
}

/* A small tree takes little memory, since paths are kept close to each other then. */
static void begin(struct recent *recent, const struct manifest *manifest) {
    const uint32_t asked = LOAD(recent->asked);
    uint32_t sets = 64;
    STORE(recent->asked, asked + 1);
    if (asked >= RECENT_AFTER) {
        while (sets < RECENT_SETS && sets < manifest->entries / (RECENT_WAYS / 2)) {
            sets *= 2;
        }
        STORE(recent->last, sets - 1);
    }
}

/* 0x80 at least in the bytes that are this one; there may be more behind the first. */
static uint64_t ways_with(uint64_t tags, uint8_t tag) {
    const uint64_t differ = tags ^ EACH_BYTE(tag);
    return (differ - EACH_BYTE(1)) & ~differ & EACH_BYTE(0x80);
}

static bool look_at_entry(const struct manifest *manifest, uint64_t hash, const char *path, size_t length,
                          struct recent_entry *out) {
    const uint32_t entry = manifest_probe(manifest, hash, path, length);
    if (entry == NO_ENTRY) {
        return false;
    }
    const uint8_t *at = entry_at(manifest, entry);
    out->entry = entry;
    out->mode = read16(at + ENTRY_MODE) & 07777U;
    out->type = (enum entry_type)at[ENTRY_TYPE];
    out->nanoseconds = read32(at + ENTRY_NANOSECONDS);
    out->size = read64(at + ENTRY_SIZE);
    out->seconds = (int64_t)read64(at + ENTRY_SECONDS);
    return true;
}

static bool take(const struct recent_path *from, const char *path, size_t length, struct recent_entry *out) {
    const uint32_t version = __atomic_load_n(&from->version, __ATOMIC_ACQUIRE);
    const uint64_t size = LOAD(from->size), times = LOAD(from->times);
    const uint32_t mode = LOAD(from->mode);
    if ((version & 1) != 0 || (size >> SIZE_BITS & 255) != length || !is_same(from->path, path, length)) {
        return false;
    }
    out->entry = LOAD(from->entry);
    out->mode = mode & ((1U << MODE_BITS) - 1);
    out->type = (enum entry_type)(mode >> MODE_BITS);
    out->nanoseconds = (uint32_t)times & ((UINT32_C(1) << NANOSECONDS_BITS) - 1);
    out->size = size & ((UINT64_C(1) << SIZE_BITS) - 1);
    out->seconds = (int64_t)(times >> NANOSECONDS_BITS);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return LOAD(from->version) == version;
}

static bool fits(const struct recent_entry *what) {
    return what->size >> SIZE_BITS == 0 && (uint64_t)what->seconds >> SECONDS_BITS == 0 &&
           what->nanoseconds >> NANOSECONDS_BITS == 0;
}

/* Who ends in the middle leaves a place that nobody uses any more. */
static void put(struct recent_path *to, uint8_t tag, const char *path, size_t length,
                const struct recent_entry *what) {
    uint32_t version = LOAD(to->version);
    if ((version & 1) != 0 || !__atomic_compare_exchange_n(&to->version, &version, version + 1, false,
                                                           __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return;
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    STORE(to->entry, what->entry);
    STORE(to->size, what->size | (uint64_t)length << SIZE_BITS | (uint64_t)tag << (SIZE_BITS + 8));
    STORE(to->times, (uint64_t)what->seconds << NANOSECONDS_BITS | what->nanoseconds);
    STORE(to->mode, (uint16_t)(what->mode | (unsigned)what->type << MODE_BITS));
    memcpy(to->path, path, length);
    __atomic_store_n(&to->version, version + 2, __ATOMIC_RELEASE);
}

/*
 * A path is noted, by its tag alone, when it is asked for the first time, and kept when it is asked for
 * again: who looks at each file of a large tree once shall not pay for it with memory.
 */
static void note(struct recent *recent, uint64_t set, uint64_t hash, const char *path, size_t length,
                 const struct recent_entry *what) {
    const uint8_t tag = tag_of(hash);
    uint8_t *tags = recent->tags[set];
    struct recent_path *paths = recent->paths[set];
    unsigned empty = (unsigned)(hash >> 32) % RECENT_WAYS;
    for (unsigned way = 0; way < RECENT_WAYS; way++) {
        const uint8_t other = LOAD(tags[way]);
        if (other == 0) {
            empty = way;
        }
        /* What is kept here under the same tag is another path; under another tag it is one that was given
         * up. */
        if (other == tag && (LOAD(paths[way].size) >> (SIZE_BITS + 8) & 255) != tag) {
            put(&paths[way], tag, path, length, what);
            return;
        }
    }
    STORE(tags[empty], tag);
}

bool recent_find(struct recent *recent, const struct manifest *manifest, const char *path, size_t length,
                 struct recent_entry *out) {
    const uint64_t hash = manifest_hash(path, length);
    if (recent == NULL || length > RECENT_PATH) {
        return look_at_entry(manifest, hash, path, length, out);
    }
    const uint32_t last = LOAD(recent->last);
    if (last == 0) {
        begin(recent, manifest);
        return look_at_entry(manifest, hash, path, length, out);
    }
    const uint64_t set = hash & last;
    for (uint64_t ways = ways_with(tags_of(recent, set), tag_of(hash)); ways != 0; ways &= ways - 1) {
        const unsigned way = (unsigned)__builtin_ctzll(ways) / 8;
        const struct recent_path *kept = &recent->paths[set][way];
        __builtin_prefetch(kept->path + length - 1); /* often another line */
        if (take(kept, path, length, out)) {
            return true;
        }
    }
    if (!look_at_entry(manifest, hash, path, length, out)) {
        return false;
    }
    if (fits(out)) {
        note(recent, set, hash, path, length, out);
    }
    return true;
}
