#include "watching.h"

#include "backing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Pairs that no inode has (world.c): there are watched directories, and this is one. */
enum { WATCH_DEVICE = 0, ANY_WATCH = 2, MARKS_MOST = 65536 };
#define WATCH_OF(directory) (UINT64_C(2) << 32 | (directory))

struct mark {
    char text[sizeof(struct real_path) + 260];
};

static bool is_watched(const struct world *world, node_id directory) {
    return tree_noted(&world->tree, WATCH_DEVICE, ANY_WATCH) != NO_NODE &&
           tree_noted(&world->tree, WATCH_DEVICE, WATCH_OF(directory)) != NO_NODE;
}

static void mark_of(const struct world *world, node_id directory, const char *name, size_t length,
                    struct mark *out) {
    struct real_path path;
    real_directory(world, directory, &path);
    memcpy(out->text, path.text, path.length);
    out->text[path.length] = '/';
    memcpy(out->text + path.length + 1, name, length);
    out->text[path.length + 1 + length] = 0;
}

/* A mark that no directory shows, of this thread. */
static void hidden_mark(const struct world *world, struct mark *out) {
    struct real_path path;
    real_directory(world, ROOT_NODE, &path);
    path.length = (size_t)(strrchr(path.text, '/') - path.text) + 1;
    path.text[path.length] = 0;
    path_add(&path, "moved-");
    path_number(&path, (unsigned long)KERNEL0(world->kernel, SYS_gettid), 10, 1);
    memcpy(out->text, path.text, path.length + 1);
}

static long make(const struct world *world, const struct mark *mark, bool is_directory) {
    return is_directory ? KERNEL3(world->kernel, SYS_mkdirat, AT_FDCWD, mark->text, 0)
                        : KERNEL4(world->kernel, SYS_mknodat, AT_FDCWD, mark->text, S_IFREG, 0);
}

static void take(const struct world *world, const struct mark *mark) {
    if (KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, mark->text, 0) < 0) {
        (void)KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, mark->text, AT_REMOVEDIR);
    }
}

void watch_directory(struct world *world, node_id directory) {
    struct tree *tree = &world->tree;
    struct mark mark;
    struct entry entry;
    if (is_watched(world, directory) || tree_note(tree, WATCH_DEVICE, WATCH_OF(directory), directory) < 0 ||
        tree_note(tree, WATCH_DEVICE, ANY_WATCH, ROOT_NODE) < 0) {
        return;
    }
    uint64_t position = 0;
    for (unsigned i = 0; i < MARKS_MOST && tree_list(tree, directory, position, &entry, &position); i++) {
        if (i >= 2) {
            mark_of(world, directory, entry.name, entry.name_length, &mark);
            (void)make(world, &mark, entry.type == NODE_DIRECTORY);
        }
    }
}

static __attribute__((noinline)) void mark_made(const struct world *world, const struct target *target,
                                                bool is_directory) {
    struct mark mark;
    mark_of(world, target->parent, target->name, target->name_length, &mark);
    if (make(world, &mark, is_directory) == -EEXIST) {
        /* It was removed while the directory got its marks. */
        take(world, &mark);
        (void)make(world, &mark, is_directory);
    }
}

void watch_made(const struct world *world, const struct target *target, bool is_directory) {
    if (is_watched(world, target->parent)) {
        mark_made(world, target, is_directory);
    }
}

static __attribute__((noinline)) void mark_removed(const struct world *world, const struct target *target) {
    struct mark mark;
    mark_of(world, target->parent, target->name, target->name_length, &mark);
    take(world, &mark);
}

void watch_removed(const struct world *world, const struct target *target) {
    if (is_watched(world, target->parent)) {
        mark_removed(world, target);
    }
}

static void move_out(const struct world *world, const struct target *from) {
    struct mark mark, hidden;
    mark_of(world, from->parent, from->name, from->name_length, &mark);
    hidden_mark(world, &hidden);
    (void)KERNEL4(world->kernel, SYS_renameat, AT_FDCWD, mark.text, AT_FDCWD, hidden.text);
    take(world, &hidden);
}

static void move_in(const struct world *world, const struct target *to, bool is_directory) {
    struct mark mark, hidden;
    mark_of(world, to->parent, to->name, to->name_length, &mark);
    hidden_mark(world, &hidden);
    (void)make(world, &hidden, is_directory);
    (void)KERNEL4(world->kernel, SYS_renameat, AT_FDCWD, hidden.text, AT_FDCWD, mark.text);
    take(world, &hidden);
}

static void move_along(const struct world *world, const struct target *from, const struct target *to,
                       unsigned flags) {
    struct mark old, new;
    mark_of(world, from->parent, from->name, from->name_length, &old);
    mark_of(world, to->parent, to->name, to->name_length, &new);
    if (KERNEL5(world->kernel, SYS_renameat2, AT_FDCWD, old.text, AT_FDCWD, new.text,
                flags & RENAME_EXCHANGE) == -ENOENT) {
        move_in(world, to, from->is.type == NODE_DIRECTORY);
    }
}

void watch_renamed(const struct world *world, const struct target *from, const struct target *to,
                   unsigned flags) {
    const bool exchange = (flags & RENAME_EXCHANGE) != 0;
    if (tree_noted(&world->tree, WATCH_DEVICE, ANY_WATCH) == NO_NODE) {
        return;
    }
    const bool first = is_watched(world, from->parent), second = is_watched(world, to->parent);
    if (first && second) {
        move_along(world, from, to, flags);
        return;
    }
    if (first || (second && exchange)) {
        move_out(world, first ? from : to);
    }
    if (second || (first && exchange)) {
        move_in(world, second ? to : from, (second ? from : to)->is.type == NODE_DIRECTORY);
    }
}
