#include "manifest_writer.h"
#include "sha256.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    struct made_entry made;
    size_t depth, length, name; /* name: where it starts */
    uint32_t parent, first, children;
};

static void little(uint8_t *at, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static size_t depth_of(const char *path) {
    size_t depth = *path != 0;
    for (; *path != 0; path++) {
        depth += *path == '/';
    }
    return depth;
}

/* Bytewise, and a slash before everything else: so directories of one depth stand in the order of their
 * entries. */
static int by_path(const void *left, const void *right) {
    const struct row *a = left, *b = right;
    const unsigned char *p = (const unsigned char *)a->made.path, *q = (const unsigned char *)b->made.path;
    if (a->depth != b->depth) {
        return a->depth < b->depth ? -1 : 1;
    }
    for (; *p != 0 && *p == *q; p++, q++) {
    }
    const int x = *p == '/' ? 1 : *p == 0 ? 0 : *p + 1, y = *q == '/' ? 1 : *q == 0 ? 0 : *q + 1;
    return x - y;
}

int64_t made_seconds(const char *path) {
    return 1000000000 + (int64_t)strlen(path);
}

static uint64_t hash(const char *path, size_t length) {
    uint64_t h = 0x9E3779B97F4A7C15ULL ^ (length * 0xC2B2AE3D27D4EB4FULL);
    for (size_t i = 0; i < length; i += 8) {
        uint64_t w = 0;
        for (size_t j = 0; j < 8 && i + j < length; j++) {
            w |= (uint64_t)(unsigned char)path[i + j] << 8 * j;
        }
        h ^= w * 0xC2B2AE3D27D4EB4FULL;
        h = (h << 29 | h >> 35) * 0x9E3779B97F4A7C15ULL;
    }
    h ^= h >> 32;
    h *= 0xC2B2AE3D27D4EB4FULL;
    return h ^ h >> 29;
}

/* The parents stand in the order in which their children come. */
static void join(struct row *rows, size_t count) {
    size_t parent = 0;
    for (size_t i = 1; i < count; i++) {
        struct row *row = &rows[i];
        const size_t length = row->name == 0 ? 0 : row->name - 1;
        for (; parent < i; parent++) {
            const struct row *above = &rows[parent];
            if (above->length == length && above->depth + 1 == row->depth &&
                strncmp(above->made.path, row->made.path, length) == 0) {
                break;
            }
        }
        if (parent == i || rows[parent].made.type != 'd') {
            fprintf(stderr, "no directory for %s\n", row->made.path);
            abort();
        }
        row->parent = (uint32_t)parent;
        rows[parent].first = rows[parent].children == 0 ? (uint32_t)i : rows[parent].first;
        rows[parent].children++;
    }
}

static size_t put_entry(uint8_t *at, const struct row *row, bool root, size_t string, uint8_t *strings) {
    const bool link = row->made.type == 'l', whiteout = row->made.type == 'w';
    const size_t target = link ? strlen(row->made.target) : 0;
    little(at, root ? 0 : string, 4);
    little(at + 4, row->length, 2);
    little(at + 6, row->length - row->name, 2);
    at[8] = row->made.type == 'd' ? 1 : row->made.type == 'f' ? 2 : link ? 3 : 4;
    little(at + 10, link ? 0777 : whiteout ? 0 : row->made.mode, 2);
    little(at + 12, root ? UINT32_MAX : row->parent, 4);
    little(at + 16, row->first, 4);
    little(at + 20, row->children, 4);
    little(at + 24, link ? target : row->made.type == 'f' ? row->made.size : 0, 8);
    if (!whiteout) {
        little(at + 32, (uint64_t)made_seconds(row->made.path), 8);
        little(at + 40, row->length, 4);
    }
    if (row->made.type == 'f' || row->made.type == 'd') {
        memset(at + 48, (int)(row->length + 1), 32);
    }
    if (root) {
        return 0;
    }
    memcpy(strings + string, row->made.path, row->length + 1);
    string += row->length + 1;
    if (link) {
        little(at + 44, string, 4);
        memcpy(strings + string, row->made.target, target + 1);
        string += target + 1;
    }
    return string;
}

static void put_slot(uint8_t *slots, uint32_t size, const char *path, size_t length, uint32_t index) {
    const uint64_t h = hash(path, length);
    uint32_t at = (uint32_t)(h % size);
    for (uint8_t *slot; memcmp(slot = slots + (size_t)at * 8, "\0\0\0\0\0\0\0", 8) != 0;) {
        at = (at + 1) % size;
        (void)slot;
    }
    little(slots + (size_t)at * 8, h >> 32, 4);
    little(slots + (size_t)at * 8 + 4, index, 4);
}

static void put_header(uint8_t *file, size_t length, size_t entries, uint32_t slots) {
    uint8_t digest[32];
    memcpy(file, "VELOTREE", 8);
    little(file + 8, 1, 4);
    little(file + 12, 1, 4);
    little(file + 16, length, 8);
    little(file + 24, entries, 4);
    little(file + 28, slots, 4);
    sha256(file + 128, length - 128, file + 32);
    sha256(file, 120, digest);
    memcpy(file + 120, digest, 8);
}

uint8_t *write_manifest(const struct made_entry *entries, size_t given, size_t *length) {
    const size_t count = given + 1;
    struct row *rows = calloc(count, sizeof *rows);
    size_t strings = 0, string = 0;
    uint32_t slots = 2;
    if (rows == NULL) {
        abort();
    }
    rows[0].made = (struct made_entry){'d', "", 0755, NULL, 0};
    for (size_t i = 1; i < count; i++) {
        const char *path = entries[i - 1].path, *slash = strrchr(path, '/');
        rows[i] = (struct row){.made = entries[i - 1], .depth = depth_of(path), .length = strlen(path)};
        rows[i].name = slash == NULL ? 0 : (size_t)(slash + 1 - path);
        strings += rows[i].length + 1 + (rows[i].made.target == NULL ? 0 : strlen(rows[i].made.target) + 1);
    }
    qsort(rows, count, sizeof *rows, by_path);
    join(rows, count);
    while (2 * (uint64_t)slots < 3 * (uint64_t)count) {
        slots *= 2;
    }
    const size_t fixed = 128 + 96 * count + 8 * (size_t)slots;
    uint8_t *file = calloc(1, fixed + strings);
    if (file == NULL) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        string = put_entry(file + 128 + 96 * i, &rows[i], i == 0, string, file + fixed);
        if (i != 0) {
            put_slot(file + 128 + 96 * count, slots, rows[i].made.path, rows[i].length, (uint32_t)i);
        }
    }
    *length = fixed + string;
    put_header(file, *length, count, slots);
    free(rows);
    return file;
}
