#include "temporary.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

extern char **environ;

#define ATTEMPTS 10000

/* Without entropy yet, early in a machine's life, the clock does: the names need not be secret, since the
 * files are made with O_EXCL. */
static uint64_t random_bits(void) {
    uint64_t bits;
    struct timespec now;
    if (RAW3(SYS_getrandom, &bits, sizeof bits, 1) == sizeof bits) {
        return bits;
    }
    RAW2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    bits = (uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15u + (uint64_t)now.tv_sec;
    return bits ^ (uint64_t)RAW0(SYS_gettid) << 32 ^ bits >> 29;
}

static void fill(char *out) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint64_t bits = random_bits();
    for (int i = 0; i < 6; i++, bits /= 62) {
        out[i] = letters[bits % 62];
    }
}

long temporary_name(char *template, int suffix, long (*make)(const char *name, int flags), int flags) {
    size_t length = strlen(template);
    if (suffix < 0 || length < 6 + (size_t)suffix) {
        return -EINVAL;
    }
    char *place = template + length - (size_t)suffix - 6;
    if (memcmp(place, "XXXXXX", 6) != 0) {
        return -EINVAL;
    }
    for (int i = 0; i < ATTEMPTS; i++) {
        fill(place);
        long result = make(template, flags);
        if (result != -EEXIST) {
            return result;
        }
    }
    return -EEXIST;
}

static long make_and_unlink(const char *name, int flags) {
    long fd = sys_openat(AT_FDCWD, name, flags, 0600);
    if (fd >= 0) {
        sys_unlinkat(AT_FDCWD, name, 0);
    }
    return fd;
}

/* tmpfile(3) knows P_tmpdir alone. A program whose TMPDIR is of the tree gets its files there: what it makes
 * belongs to the run. */
long temporary_file(void) {
    char name[PATH_MAX];
    static const char last[] = "/tmpfXXXXXX";
    const char *directory = environment_value(environ, "TMPDIR");
    if (!directory || !path_is_virtual(AT_FDCWD, directory)) {
        directory = P_tmpdir;
    }
    long fd = sys_openat(AT_FDCWD, directory, O_TMPFILE | O_RDWR | O_EXCL, 0600);
    size_t length = strlen(directory);
    if (fd >= 0 || length + sizeof last > sizeof name) {
        return fd;
    }
    memcpy(name, directory, length);
    memcpy(name + length, last, sizeof last);
    return temporary_name(name, 0, make_and_unlink, O_RDWR | O_CREAT | O_EXCL);
}
