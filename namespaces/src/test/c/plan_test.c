/* Reads the golden plan that Java's PlanCodec writes, and everything that is nearly one. Built with
 * sanitizers. */
#include "launch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failures;
static int checks;

static void check(bool condition, const char *what) {
    checks++;
    if (!condition) {
        failures++;
        printf("failed: %s\n", what);
    }
}

static uint32_t crc32_of(const unsigned char *p, size_t length) {
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < length; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
        }
    }
    return ~crc;
}

static void put32(unsigned char *p, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(value >> 8 * i);
    }
}

/* Decodes a copy of exactly that length, so that AddressSanitizer sees a read behind its end. */
static struct plan *decode(const unsigned char *bytes, size_t length, const char **fault) {
    unsigned char *copy = malloc(length == 0 ? 1 : length);
    memcpy(copy, bytes, length);
    struct plan *plan = plan_decode(copy, length, fault);
    free(copy);
    return plan;
}

static void check_golden(const unsigned char *bytes, size_t length) {
    const char *fault = NULL;
    struct plan *p = decode(bytes, length, &fault);
    check(p != NULL, fault == NULL ? "golden plan" : fault);
    if (p == NULL) {
        return;
    }
    check(p->arguments.count == 2 && strcmp(p->arguments.items[0], "/bin/sh") == 0 &&
              p->arguments.items[2] == NULL,
          "arguments");
    check(strcmp(p->arguments.items[1], "\xff\x01 odd") == 0, "raw bytes of an argument");
    check(p->environment.count == 1 && strcmp(p->environment.items[0], "K=V=W") == 0, "environment");
    check(strcmp(p->workdir, "/work") == 0 && strcmp(p->hostname, "host") == 0, "workdir and hostname");
    check(strcmp(p->base, "/store") == 0 && strcmp(p->run_directory, "leases/run-1") == 0,
          "base and run directory");
    check(p->inside_uid == 0 && p->inside_gid == 1 && p->outside_uid == 1000 && p->outside_gid == 1001,
          "identity");
    check(p->layers.count == 2 && strcmp(p->layers.items[1], "farms/a,b:c\\d/tree") == 0, "layers");
    check(p->composed_count == 1 && strcmp(p->composed[0].tree, "farms/a,b:c\\d/tree") == 0 &&
              strcmp(p->composed[0].data, "cas/sha256") == 0 && p->composed[0].mounted == 0,
          "composed layers");
    check(p->network == NETWORK_HOST && p->keep_count == 1 && p->keep[0] == 9 && p->lifeline == 8,
          "descriptors");
    check(p->finish.count == 2 && p->descriptor_limit == 1024 && p->time_limit_ms == 1500 && p->stdin_null &&
              p->terminal,
          "the rest");
    check(p->change_count == 2 && strcmp(p->changes[0].name, "mkdir") == 0 && !p->changes[0].allowed &&
              strcmp(p->changes[1].name, "keyctl") == 0 && p->changes[1].allowed,
          "changes of the filter");
    check(p->mount_count == 5, "number of mounts");
    check(p->mounts[0].kind == MOUNT_PROC && strcmp(p->mounts[0].target, "/proc") == 0, "proc");
    check(p->mounts[1].kind == MOUNT_DEV && p->mounts[1].size == 1 << 20, "dev");
    check(p->mounts[2].kind == MOUNT_TMPFS && p->mounts[2].mode == 01777 && p->mounts[2].inodes == 100,
          "tmpfs");
    check(p->mounts[3].kind == MOUNT_BIND && p->mounts[3].flags == (MOUNT_READ_ONLY | MOUNT_FILE), "bind");
    check(p->mounts[4].kind == MOUNT_OVERLAY_READ_ONLY && p->mounts[4].source_count == 2 &&
              strcmp(p->mounts[4].sources[1], "/usr") == 0,
          "overlay");
}

static void check_damage(const unsigned char *golden, size_t length) {
    unsigned char *bytes = malloc(length);
    const char *fault;
    for (size_t cut = 0; cut < length; cut++) {
        check(decode(golden, cut, &fault) == NULL, "a truncated plan");
    }
    for (size_t bit = 0; bit < 8 * length; bit++) {
        memcpy(bytes, golden, length);
        bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        check(decode(bytes, length, &fault) == NULL, "a plan with a flipped bit");
    }
    /* The same with the checksum put right: whatever is accepted then must at least not crash the decoder. */
    for (size_t bit = 8 * 16; bit < 8 * (length - 4); bit++) {
        memcpy(bytes, golden, length);
        bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        put32(bytes + length - 4, crc32_of(bytes, length - 4));
        decode(bytes, length, &fault);
        checks++;
    }
    free(bytes);
}

/* The golden plan with one more record. */
static const char *with_record(const unsigned char *golden, size_t length, uint32_t kind, const char *payload,
                               size_t size) {
    unsigned char *bytes = malloc(length + 8 + size);
    memcpy(bytes, golden, length - 4);
    put32(bytes + 12, (uint32_t)(length - 20 + 8 + size));
    put32(bytes + length - 4, kind);
    put32(bytes + length, (uint32_t)size);
    memcpy(bytes + length + 4, payload, size);
    put32(bytes + length + 4 + size, crc32_of(bytes, length + 4 + size));
    const char *fault = NULL;
    struct plan *plan = decode(bytes, length + 8 + size, &fault);
    free(bytes);
    return plan == NULL ? fault : NULL;
}

static void check_records(const unsigned char *golden, size_t length) {
    check(with_record(golden, length, 1, "more", 5) == NULL, "positive control: one more argument");
    check(with_record(golden, length, 0, "", 0) != NULL, "kind 0");
    for (uint32_t kind = 19; kind < 48; kind++) {
        /* A limit or a path of nothing is refused, too; BEST_EFFORT alone has no payload. */
        if (kind != 37) {
            check(with_record(golden, length, kind, "", 0) != NULL, "an unknown or reserved kind");
        }
    }
    check(with_record(golden, length, 3, "/twice", 7) != NULL, "a second workdir");
    check(with_record(golden, length, 1, "open", 4) != NULL, "a string that does not end");
    check(with_record(golden, length, 1, "a\0b", 4) != NULL, "two strings for one");
    check(with_record(golden, length, 7, "/absolute", 10) != NULL, "a layer outside the base");
    check(with_record(golden, length, 7, "farms/../../etc", 16) != NULL, "a layer that climbs");
    check(with_record(golden, length, 7, "a//b", 5) != NULL, "a layer with an empty component");
    check(with_record(golden, length, 18, "a\0b", 4) == NULL, "positive control: one more composed layer");
    check(with_record(golden, length, 18, "farms/a,b:c\\d/tree\0b", 21) != NULL, "a layer composed twice");
    check(with_record(golden, length, 18, "a", 2) != NULL, "a composed layer without data");
    check(with_record(golden, length, 18, "a\0/b", 5) != NULL, "data outside the base");
    check(with_record(golden, length, 18, "../a\0b", 7) != NULL, "a composed layer that climbs");
    check(with_record(golden, length, 18, "a\0b\0c", 6) != NULL, "a composed layer of three");
    check(with_record(golden, length, 32, "\1\0\0\0read", 9) == NULL, "positive control: a denied call");
    check(with_record(golden, length, 32, "\2\0\0\0read", 9) == NULL, "positive control: an allowed call");
    check(with_record(golden, length, 32, "\3\0\0\0read", 9) != NULL, "a verdict that nobody knows");
    check(with_record(golden, length, 32, "\0\0\0\0read", 9) != NULL, "no verdict");
    check(with_record(golden, length, 32, "\1\0\0", 3) != NULL, "a short verdict");
    check(with_record(golden, length, 32, "\1\0\0\0", 4) != NULL, "a verdict on nothing");
    check(with_record(golden, length, 32, "\1\0\0\0read", 8) != NULL, "a name that does not end");
    check(with_record(golden, length, 32, "\1\0\0\0a\0b", 8) != NULL, "two names");
    check(with_record(golden, length, 33, "\1\0\0\0\5\0\0\0\0\0\0\0", 12) == NULL,
          "positive control: a limit");
    static const char *const limits[] = {"\2\0\0\0\5\0\0\0\0\0\0\0", "\3\0\0\0\5\0\0\0\0\0\0\0",
                                         "\4\0\0\0\5\0\0\0\0\0\0\0", "\5\0\0\0\5\0\0\0\0\0\0\0",
                                         "\6\0\0\0\5\0\0\0\0\0\0\0"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        check(with_record(golden, length, 33, limits[i], 12) == NULL, "a limit of each resource");
    }
    check(with_record(golden, length, 33, "\0\0\0\0\5\0\0\0\0\0\0\0", 12) != NULL,
          "a limit of nothing known");
    check(with_record(golden, length, 33, "\7\0\0\0\5\0\0\0\0\0\0\0", 12) != NULL,
          "a limit of what nobody knows");
    check(with_record(golden, length, 36, "/record", 8) == NULL, "positive control: a place for the record");
    check(with_record(golden, length, 36, "record", 7) != NULL, "a relative place for the record");
    check(with_record(golden, length, 36, "/record", 7) != NULL, "a place that does not end");
    static char deep[4100];
    memset(deep, '/', sizeof deep - 1);
    check(with_record(golden, length, 36, deep, sizeof deep) != NULL, "a place deeper than a path may be");
    check(with_record(golden, length, 37, "", 0) == NULL, "positive control: best effort");
    check(with_record(golden, length, 37, "\1", 1) != NULL, "best effort with a payload");
    check(with_record(golden, length, 33, "\1\0\0\0\0\0\0\0\0\0\0\0", 12) != NULL, "a limit of nothing");
    check(with_record(golden, length, 33, "\1\0\0\0\5\0\0\0\0\0\0\x80", 12) != NULL, "a negative limit");
    check(with_record(golden, length, 33, "\1\0\0\0\5\0\0\0\0\0\0", 11) != NULL, "a short limit");
    check(with_record(golden, length, 38, "", 0) != NULL, "a second terminal");
    check(with_record(golden, length, 8, "short", 5) != NULL, "a short mount");
    check(with_record(golden, length, 10, "\1\0\0", 3) != NULL, "a narrow number");
    check(with_record(golden, length, 10, "\xff\xff\xff\xff", 4) != NULL, "a descriptor out of range");
}

static void make(int dir, const char *name, mode_t mode) {
    check(mkdirat(dir, name, 0700) == 0, "mkdir");
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY);
    check(symlinkat("..", fd, "up") == 0 && mknodat(fd, "file", S_IFREG | 0400, 0) == 0, "contents");
    check(fchmod(fd, mode) == 0, "chmod");
    close(fd);
}

static void check_removal(void) {
    char path[] = "/tmp/velo-removal-XXXXXX";
    check(mkdtemp(path) != NULL, "mkdtemp");
    int top = open(path, O_RDONLY | O_DIRECTORY);
    make(top, "keep", 0700);
    check(mkdirat(top, "tree", 0700) == 0, "mkdir tree");
    int at = openat(top, "tree", O_RDONLY | O_DIRECTORY);
    check(symlinkat("../keep", at, "link") == 0, "link to what must stay");
    make(at, "closed", 0);
    make(at, "listed", 0400);
    for (int depth = 0; depth < 3000; depth++) {
        mkdirat(at, "deeper", 0700);
        int next = openat(at, "deeper", O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
    }
    close(at);
    check(remove_tree(top, "tree") == 0, "removal");
    check(faccessat(top, "tree", F_OK, AT_SYMLINK_NOFOLLOW) != 0, "the tree is gone");
    check(faccessat(top, "keep/file", F_OK, 0) == 0, "what a link pointed to stays");
    check(remove_tree(top, "never") == 0, "what is not there is removed already");
    check(remove_tree(top, "keep") == 0, "cleaning up");
    close(top);
    check(rmdir(path) == 0, "empty");
}

int main(int argc, char **argv) {
    static unsigned char golden[65536];
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    ssize_t length = fd < 0 ? -1 : read(fd, golden, sizeof golden);
    if (length <= 0) {
        printf("cannot read the golden plan\n");
        return 2;
    }
    close(fd);
    check_golden(golden, (size_t)length);
    check_damage(golden, (size_t)length);
    check_records(golden, (size_t)length);
    check_removal();
    printf("launcher: %d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
