/* Manifests: one that the Java code has written, one that the test's own writer has, and broken ones. */
#include "manifest_fields.h"
#include "sha256.h"
#include "shim_test.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);
    if (file == NULL || bytes == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    *length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void test_sha256(void) {
    static const uint8_t of_abc[4] = {0xba, 0x78, 0x16, 0xbf}, of_nothing[4] = {0xe3, 0xb0, 0xc4, 0x42};
    static const uint8_t of_million[4] = {0xcd, 0xc7, 0x6e, 0x5c};
    uint8_t digest[32];
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    sha256("abc", 3, digest);
    CHECK(memcmp(digest, of_abc, 4) == 0);
    sha256("", 0, digest);
    CHECK(memcmp(digest, of_nothing, 4) == 0);
    sha256(million, 1000000, digest);
    CHECK(memcmp(digest, of_million, 4) == 0);
    free(million);
}

/* Each entry by its path and by its directory and name. */
static void test_all(const struct manifest *manifest) {
    struct manifest_entry entry, parent;
    for (uint32_t i = 0; i < manifest->entries; i++) {
        CHECK(manifest_entry(manifest, i, &entry));
        CHECK(manifest_find(manifest, entry.path, entry.path_length) == i);
        if (i != 0) {
            const char *name = entry.path + entry.path_length - entry.name_length;
            CHECK(manifest_entry(manifest, entry.parent, &parent));
            CHECK(i >= parent.first_child && i < parent.first_child + parent.children);
            CHECK(manifest_child(manifest, entry.parent, name, entry.name_length) == i);
            CHECK(manifest_child(manifest, entry.parent, name, entry.name_length - 1) != i);
        }
        char longer[5000];
        if (entry.path_length < 4990) {
            snprintf(longer, sizeof longer, "%sx", entry.path);
            CHECK(manifest_find(manifest, longer, entry.path_length + 1) != i);
        }
    }
    CHECK(!manifest_entry(manifest, manifest->entries, &entry));
    CHECK(manifest_find(manifest, "no such path", 12) == NO_ENTRY);
}

static void test_golden(const char *directory, const char *name, bool full) {
    char path[4096];
    size_t length;
    struct manifest manifest;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    uint8_t *bytes = read_file(path, &length);
    CHECK(manifest_open(&manifest, bytes, length));
    test_all(&manifest);
    CHECK(!full || manifest.entries > 5);
    /* A byte of the header, or a length, that is not as it was. */
    for (size_t i = 0; i < 128; i++) {
        bytes[i] ^= 1;
        CHECK(!manifest_open(&manifest, bytes, length));
        bytes[i] ^= 1;
    }
    for (size_t i = 0; i < length; i += i < 300 ? 1 : 37) {
        CHECK(!manifest_open(&manifest, bytes, i));
    }
    free(bytes);
}

/* Bytes behind the header may be anything: nothing reads outside. */
static void test_broken(const char *directory) {
    char path[4096];
    size_t length;
    struct manifest manifest;
    struct manifest_entry entry;
    uint64_t seed = 1;
    snprintf(path, sizeof path, "%s/sample.velo", directory);
    uint8_t *bytes = read_file(path, &length);
    CHECK(manifest_open(&manifest, bytes, length));
    unsigned refused = 0;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(length);
        memcpy(copy, bytes, length);
        for (unsigned i = draw(&seed, 8) + 1; i-- > 0;) {
            copy[128 + draw(&seed, (uint32_t)length - 128)] = (uint8_t)draw(&seed, 256);
        }
        CHECK(manifest_open(&manifest, copy, length));
        for (uint32_t i = 0; i < manifest.entries; i++) {
            if (!manifest_entry(&manifest, i, &entry)) {
                refused++;
                continue;
            }
            CHECK(strlen(entry.path) <= entry.path_length);
            manifest_find(&manifest, entry.path, entry.path_length);
            manifest_child(&manifest, i, "name", 4);
        }
        free(copy);
    }
    CHECK(refused > 1000);
    free(bytes);
}

static void test_written(void) {
    static const struct made_entry entries[] = {{'d', "a", 0755, NULL, 0},      {'d', "a/b", 0700, NULL, 0},
                                                {'f', "a/b/c", 04755, NULL, 5}, {'f', "a.x", 0644, NULL, 0},
                                                {'l', "l", 0, "a/b", 0},        {'w', "a/w", 0, NULL, 0}};
    size_t length;
    struct manifest manifest;
    struct manifest_entry entry;
    uint8_t *bytes = write_manifest(entries, 6, &length);
    CHECK(manifest_open(&manifest, bytes, length));
    test_all(&manifest);
    CHECK(manifest_entry(&manifest, manifest_find(&manifest, "a/b/c", 5), &entry));
    CHECK(entry.type == ENTRY_FILE && entry.mode == 04755 && entry.size == 5 && entry.digest[31] == 6);
    CHECK(manifest_entry(&manifest, manifest_find(&manifest, "l", 1), &entry));
    CHECK(entry.type == ENTRY_LINK && strcmp(entry.target, "a/b") == 0 && entry.size == 3);
    CHECK(manifest_child(&manifest, manifest_find(&manifest, "a/b", 3), "b", 1) == NO_ENTRY);
    free(bytes);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "use: manifest_test golden-directory\n");
        return 2;
    }
    test_sha256();
    test_written();
    test_golden(arguments[1], "sample.velo", true);
    test_golden(arguments[1], "tree.velo", true);
    test_golden(arguments[1], "layer.velo", false);
    test_golden(arguments[1], "empty.velo", false);
    test_broken(arguments[1]);
    return report("manifest");
}
