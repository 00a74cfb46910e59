#include "backing.h"

#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BESIDE_MOST = 64 };

void path_add(struct real_path *path, const char *text) {
    size_t length = strlen(text);
    if (length >= sizeof path->text - path->length) {
        length = sizeof path->text - path->length - 1;
    }
    memcpy(path->text + path->length, text, length);
    path->length += length;
    path->text[path->length] = 0;
}

void path_number(struct real_path *path, unsigned long number, unsigned base, unsigned digits) {
    char text[24];
    size_t at = sizeof text;
    text[--at] = 0;
    do {
        text[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (at > 0 && (number != 0 || sizeof text - 1 - at < digits));
    path_add(path, text + at);
}

static void session_path(const struct world *world, const char *kind, struct real_path *out) {
    out->length = 0;
    path_add(out, world->session);
    path_add(out, kind);
}

static void node_path(const struct world *world, const char *kind, node_id id, struct real_path *out) {
    session_path(world, kind, out);
    path_number(out, id, 16, 8);
}

void real_file(const struct world *world, node_id id, struct real_path *out) {
    node_path(world, "/files/", id, out);
}

void real_directory(const struct world *world, node_id id, struct real_path *out) {
    node_path(world, "/dirs/", id, out);
}

void real_copy(const struct world *world, node_id id, struct real_path *out) {
    node_path(world, "/exec/", id, out);
}

void real_files(const struct world *world, struct real_path *out) {
    session_path(world, "/files", out);
}

static void stored(const struct world *world, const char *kind, const uint8_t *digest,
                   struct real_path *out) {
    char hex[2 * 32 + 2];
    size_t at = 0;
    for (unsigned i = 0; i < 32; i++) {
        hex[at++] = "0123456789abcdef"[digest[i] >> 4];
        hex[at++] = "0123456789abcdef"[digest[i] & 15];
        if (i == 0) {
            hex[at++] = '/';
        }
    }
    hex[at] = 0;
    out->length = 0;
    path_add(out, world->store);
    path_add(out, kind);
    path_add(out, hex);
}

void real_blob(const struct world *world, const uint8_t *digest, struct real_path *out) {
    stored(world, "/cas/sha256/", digest, out);
}

void real_twin(const struct world *world, const uint8_t *digest, struct real_path *out) {
    stored(world, "/exec/sha256/", digest, out);
}

bool real_stands_for(const struct world *world, const char *path, node_id id) {
    struct node node;
    struct real_path real;
    if (!tree_node(&world->tree, id, &node) || node.type != NODE_FILE) {
        return false;
    }
    real_copy(world, id, &real);
    bool stands = strcmp(real.text, path) == 0;
    if (!stands && node.backing == BACKING_UPPER) {
        real_file(world, id, &real);
    } else if (!stands) {
        real_twin(world, node.digest, &real);
    }
    return stands || strcmp(real.text, path) == 0;
}

void real_descriptor(int fd, struct real_path *out) {
    out->length = 0;
    path_add(out, DOOR_PLACE);
    path_number(out, (unsigned long)fd, 10, 1);
}

/* The thread's number keeps threads apart, the count a signal handler from the thread that it interrupts, and
 * both from what a killed process has left. */
static void name_beside(const struct kernel *kernel, struct real_path *path, size_t base, unsigned count) {
    path->length = base;
    path_add(path, ".new-");
    path_number(path, (unsigned long)KERNEL0(kernel, SYS_gettid), 10, 1);
    path_add(path, "-");
    path_number(path, count, 10, 1);
}

long make_beside(const struct kernel *kernel, struct real_path *path, unsigned mode) {
    size_t base = path->length;
    long fd = -EEXIST;
    for (unsigned count = 0; fd == -EEXIST && count < BESIDE_MOST; count++) {
        name_beside(kernel, path, base, count);
        fd = KERNEL4(kernel, SYS_openat, AT_FDCWD, path->text,
                     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    }
    return fd;
}

void link_beside(const struct kernel *kernel, const struct real_path *path) {
    struct real_path other = *path;
    long result = -EEXIST;
    for (unsigned count = 0; result == -EEXIST && count < BESIDE_MOST; count++) {
        name_beside(kernel, &other, path->length, count);
        result = KERNEL5(kernel, SYS_linkat, AT_FDCWD, path->text, AT_FDCWD, other.text, 0);
    }
    if (result == 0) {
        (void)KERNEL3(kernel, SYS_unlinkat, AT_FDCWD, other.text, 0);
    }
}

long note_path(struct world *world, const char *path, node_id id) {
    struct stat status;
    long result = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW);
    if (result < 0) {
        return result;
    }
    return tree_note(&world->tree, status.st_dev, status.st_ino, id);
}

long note_descriptor(struct world *world, int fd, node_id id) {
    struct stat status;
    long result = KERNEL2(world->kernel, SYS_fstat, fd, &status);
    if (result < 0) {
        return result;
    }
    return tree_note(&world->tree, status.st_dev, status.st_ino, id);
}

void forget_descriptor(struct world *world, int fd) {
    (void)note_descriptor(world, fd, NO_NODE);
}

/*
 * Noted before it gets its name: whoever finds it there must be able to recognise it. There is nothing in it
 * to be kept from anybody, whatever umask its maker has; a process of the run that became another user may be
 * allowed into the tree's directory, and make marks for those who watch it (watching.c).
 */
static long make_directory(struct world *world, struct real_path *path, node_id id) {
    struct real_path fresh = *path;
    long result = -EEXIST;
    for (unsigned count = 0; result == -EEXIST && count < BESIDE_MOST; count++) {
        name_beside(world->kernel, &fresh, path->length, count);
        result = KERNEL3(world->kernel, SYS_mkdirat, AT_FDCWD, fresh.text, 0755);
    }
    if (result < 0) {
        return result;
    }
    (void)KERNEL3(world->kernel, SYS_fchmodat, AT_FDCWD, fresh.text, 0777);
    result = note_path(world, fresh.text, id);
    if (result == 0) {
        result = KERNEL5(world->kernel, SYS_renameat2, AT_FDCWD, fresh.text, AT_FDCWD, path->text,
                         1 /* RENAME_NOREPLACE */);
    }
    if (result < 0) {
        (void)note_path(world, fresh.text, NO_NODE);
        (void)KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, fresh.text, AT_REMOVEDIR);
    }
    return result == -EEXIST ? 0 : result;
}

long have_directory(struct world *world, node_id id, struct real_path *out) {
    struct stat status;
    real_directory(world, id, out);
    long result = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, out->text, &status, 0);
    if (result == -ENOENT) {
        do {
            result = make_directory(world, out, id);
        } while (result == -ENOSPC && tree_give_little(&world->tree));
    }
    return result;
}

long have_link(struct world *world, node_id id, const char *target, struct real_path *out) {
    struct stat status;
    real_file(world, id, out);
    long result = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, out->text, &status, AT_SYMLINK_NOFOLLOW);
    if (result == -ENOENT) {
        result = KERNEL3(world->kernel, SYS_symlinkat, target, AT_FDCWD, out->text);
        result = result == -EEXIST ? 0 : result;
    }
    return result < 0 ? result : note_path(world, out->text, id);
}

long real_standing(const struct world *world, node_id id, int fd, struct real_path *out) {
    struct stat status;
    real_file(world, id, out);
    if (fd < 0) {
        return 0;
    }
    long result = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, out->text, &status, AT_SYMLINK_NOFOLLOW);
    if (result != -ENOENT) {
        return result;
    }
    result = KERNEL2(world->kernel, SYS_fstat, fd, &status);
    /* A descriptor of a blob has a name left: nothing may be changed through it. */
    if (result < 0 || status.st_nlink != 0) {
        return result < 0 ? result : -ENOENT;
    }
    real_descriptor(fd, out);
    return 0;
}
