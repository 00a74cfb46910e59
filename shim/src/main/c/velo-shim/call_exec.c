#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "copy_up.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The kernel goes from script to interpreter so often. */
enum { SCRIPTS_MOST = 5 };

/* A program of which the store has no executable twin. */
static long make_copy(struct world *world, node_id id, const struct node *node, const struct real_path *to) {
    struct real_path fresh = *to, blob;
    real_blob(world, node->digest, &blob);
    long from = KERNEL4(world->kernel, SYS_openat, AT_FDCWD, blob.text, O_RDONLY | O_CLOEXEC, 0);
    if (from < 0) {
        return from == -ENOENT ? -EIO : from;
    }
    long fd = make_beside(world->kernel, &fresh, 0500);
    long result = fd < 0 ? fd : copy_content(world->kernel, (int)from, (int)fd, node->size);
    (void)KERNEL1(world->kernel, SYS_close, from);
    if (fd < 0) {
        return result;
    }
    if (result == 0) {
        /* Whoever may execute the tree's file, and whatever umask its maker has. */
        result = KERNEL2(world->kernel, SYS_fchmod, fd, 0555);
    }
    if (result == 0) {
        result = note_descriptor(world, (int)fd, id);
    }
    /* Nothing may have it open for writing when it is executed: -ETXTBSY. */
    (void)KERNEL1(world->kernel, SYS_close, fd);
    if (result == 0) {
        result = KERNEL4(world->kernel, SYS_renameat, AT_FDCWD, fresh.text, AT_FDCWD, to->text);
    }
    if (result < 0) {
        (void)note_path(world, fresh.text, NO_NODE);
        (void)KERNEL3(world->kernel, SYS_unlinkat, AT_FDCWD, fresh.text, 0);
    }
    return result;
}

/* The store's twin stands for whatever was run from it first. */
static void note_twin(struct world *world, const struct stat *status, node_id id) {
    if (tree_noted(&world->tree, status->st_dev, status->st_ino) == NO_NODE) {
        (void)tree_note(&world->tree, status->st_dev, status->st_ino, id);
    }
}

static long file_to_execute(struct caller *c, const struct target *target, struct real_path *out) {
    struct world *world = c->world;
    struct stat status;
    if (target->is.backing == BACKING_UPPER) {
        return real_standing(world, target->node, target->fd, out);
    }
    real_twin(world, target->is.digest, out);
    if (KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, out->text, &status, 0) == 0) {
        note_twin(world, &status, target->node);
        return 0;
    }
    real_copy(world, target->node, out);
    long result = KERNEL4(world->kernel, SYS_newfstatat, AT_FDCWD, out->text, &status, 0);
    return result == -ENOENT ? make_copy(world, target->node, &target->is, out) : result;
}

/* One file on the way from what was asked for to what will run. */
struct stage {
    int at;
    const char *path;
    int flags;
    node_id node; /* NO_NODE: of the host */
};

static long executable(struct caller *c, const struct target *target, char *path) {
    struct real_path real;
    if (target->is.type == NODE_LINK) {
        return -ELOOP;
    }
    if (target->is.type != NODE_FILE) {
        return -EACCES;
    }
    long result = world_permits(c, target->node, 1, false);
    if (result == 0) {
        result = file_to_execute(c, target, &real);
    }
    if (result == 0) {
        memcpy(path, real.text, real.length + 1);
    }
    return result;
}

/* The file's first bytes, where this process may read them; else what the kernel makes of it. */
static long look_at(struct caller *c, int at, const char *path, int flags, struct program_head *out) {
    const struct kernel *kernel = c->world->kernel;
    struct origin origin = {.kind = ORIGIN_HOST, .fd = at};
    memset(out, 0, sizeof *out);
    if (*path != '/' && c->origin(c, at, &origin) < 0) {
        return 0;
    }
    bool itself = *path == 0 && (flags & AT_EMPTY_PATH) != 0;
    long fd = itself ? origin.fd
                     : KERNEL4(kernel, SYS_openat, origin.fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0) {
        return 0;
    }
    long result = program_read(kernel, (int)fd, out);
    if (!itself) {
        (void)KERNEL1(kernel, SYS_close, fd);
    }
    return result < 0 && result != -ENOEXEC ? 0 : result;
}

/* The words of this line come before those of the lines that were read before. */
static long put_words(struct program *out, size_t *length, const struct program_head *head) {
    size_t words = strlen(head->text) + 1, argument = strlen(head->text + head->argument);
    size_t own = words + (argument == 0 ? 0 : argument + 1);
    if (*length + own > sizeof out->words) {
        return -ENOEXEC;
    }
    memmove(out->words + own, out->words, *length);
    memcpy(out->words, head->text, words);
    if (argument > 0) {
        memcpy(out->words + words, head->text + head->argument, argument + 1);
    }
    *length += own;
    out->word_count += argument > 0 ? 2 : 1;
    return 0;
}

/* Resolves what will run into out->path, or leaves that empty where the kernel finds it as it is named. */
static long find(struct caller *c, struct stage *stage, struct program *out) {
    struct target target;
    long result = ask(c, stage->at, stage->path, how_of(stage->flags, 0), out->path, &target);
    stage->node = NO_NODE;
    if (result != 0) {
        return result == PASS ? 0 : result;
    }
    stage->node = target.node;
    return executable(c, &target, out->path);
}

/* From script to interpreter, until something is none. *of_tree: anything on the way was. */
static long follow_scripts(struct caller *c, struct stage *stage, struct program_head *head, bool *of_tree,
                           struct program *out) {
    size_t length = 0;
    for (unsigned depth = 0;; depth++) {
        long result = find(c, stage, out);
        if (result < 0) {
            return result;
        }
        bool moved = out->path[0] != 0;
        *of_tree = *of_tree || moved;
        result = moved ? look_at(c, AT_FDCWD, out->path, 0, head)
                       : look_at(c, stage->at, stage->path, stage->flags, head);
        if (result < 0 || head->kind != HEAD_SCRIPT) {
            return result;
        }
        result = depth == SCRIPTS_MOST ? -ELOOP : put_words(out, &length, head);
        if (result < 0) {
            return result;
        }
        *stage = (struct stage){AT_FDCWD, out->words, 0, NO_NODE};
    }
}

long call_execve(struct caller *c, int at, const char *path, int flags, struct program *out) {
    struct stage stage = {at, path, flags, NO_NODE};
    struct program_head head;
    bool of_tree = false;
    out->path[0] = out->words[0] = 0;
    out->word_count = 0;
    long result = follow_scripts(c, &stage, &head, &of_tree, out);
    if (result < 0) {
        return result;
    }
    out->is_static = head.kind == HEAD_ELF && head.is_static;
    out->is_foreign = head.kind == HEAD_ELF && head.is_foreign;
    out->node = stage.node == NO_NODE ? ROOT_NODE : stage.node;
    if (!of_tree) {
        out->word_count = 0;
    } else if (out->word_count > 0 && out->path[0] == 0) {
        memcpy(out->path, out->words, strlen(out->words) + 1);
    }
    out->script = out->word_count > 0;
    return PASS;
}
