#include "../velo-shim/world_file.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sparse file, which nothing but its use fills. */
enum { GIBIBYTE = 1 << 30 };

static long call(long number, long a, long b, long c, long d, long e, long f) {
    const long result = syscall(number, a, b, c, d, e, f);
    return result == -1 ? -errno : result;
}

static const struct kernel kernel = {call};

static bool map_manifest(const char *path, struct manifest *manifest) {
    struct stat status;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) {
        return false;
    }
    const size_t length = (size_t)status.st_size;
    const void *bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (bytes == MAP_FAILED) {
        return false;
    }
    errno = EINVAL;
    return manifest_open(manifest, bytes, length);
}

static const char *remedy(int errnum) {
    return errnum == ENOMEM  ? "allow more address space (ulimit -v)"
           : errnum == EFBIG ? "allow larger files (ulimit -f): a session is a sparse file of 1 GiB"
                             : "free some space in the store";
}

void session_make(const struct run *run) {
    struct manifest manifest;
    if (!map_manifest(run->plan->manifest, &manifest)) {
        fail_errno("run velo verify", "cannot map the manifest %s", run->plan->manifest);
    }
    const int file = openat(run->directory, "session", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const long made =
        file < 0 ? -errno : tree_make(&kernel, file, &manifest, (struct tree_limits){.bytes = GIBIBYTE});
    if (made != 0) {
        errno = (int)-made;
        fail_errno(remedy(errno), "cannot make the session in %s", run->plan->directory);
    }
    close(file);
    /* Whoever has this directory has the tree: run by root, a store is not root's. */
    if (fchown(run->directory, geteuid(), getegid()) != 0) {
        fail_errno("use a store that belongs to you", "cannot take over %s", run->plan->directory);
    }
}

bool session_map(const struct run *run, struct tree *tree) {
    struct manifest manifest;
    const int file = openat(run->directory, "session", O_RDWR | O_CLOEXEC);
    if (file < 0 || !map_manifest(run->plan->manifest, &manifest)) {
        return false;
    }
    const long mapped = tree_map(tree, &kernel, file, &manifest);
    close(file);
    errno = (int)-mapped;
    return mapped == 0;
}

static bool read_world(const struct run *run, struct world *world) {
    char bytes[WORLD_FILE_MOST];
    const char *manifest;
    const int file = openat(run->directory, "world", O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? -1 : read(file, bytes, sizeof bytes);
    if (file >= 0) {
        close(file);
    }
    return world_file_read(bytes, got < 0 ? 0 : (size_t)got, world, &manifest) == WORLD_FILE_WHOLE;
}

bool session_world(const struct run *run, struct world *world) {
    world->session_length = strlen(run->plan->directory);
    if (world->session_length >= sizeof world->session || !read_world(run, world)) {
        errno = EINVAL;
        return false;
    }
    memcpy(world->session, run->plan->directory, world->session_length + 1);
    world->kernel = &kernel;
    const bool mapped = session_map(run, &world->tree);
    if (mapped) {
        world_begin(world);
    }
    return mapped;
}
