#include "asked.h"
#include "calls.h"
#include "opening.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>

#define RESOLVE_KNOWN                                                                                        \
    (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT |     \
     RESOLVE_CACHED)

/* Of the machines that the shim is for, one or the other is what programs for 32 bits need. */
enum { LARGE_FILES = 0100000 | 0400000 };

#define FLAGS_KNOWN                                                                                          \
    ((uint64_t)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |         \
                O_ASYNC | O_DIRECT | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE | \
                LARGE_FILES))

#define UNNAMED ((uint64_t)(O_TMPFILE & ~O_DIRECTORY))

/* openat2(2) takes no flag that it does not know, where open(2) does not look at it. */
static bool is_possible(const struct open_how *how) {
    const uint64_t with_path = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
    if ((how->flags & ~FLAGS_KNOWN) != 0 || (how->resolve & ~(uint64_t)RESOLVE_KNOWN) != 0) {
        return false;
    }
    if ((how->resolve & RESOLVE_BENEATH) != 0 && (how->resolve & RESOLVE_IN_ROOT) != 0) {
        return false;
    }
    if ((how->flags & O_PATH) != 0 && (how->flags & ~with_path) != 0) {
        return false;
    }
    bool makes = (how->flags & (O_CREAT | UNNAMED)) != 0;
    return (how->mode & ~(uint64_t)07777) == 0 && (makes || how->mode == 0);
}

static unsigned walk_of(uint64_t resolve) {
    unsigned how = (resolve & RESOLVE_BENEATH) != 0 ? RESOLVE_STAYING : 0;
    how |= (resolve & RESOLVE_IN_ROOT) != 0 ? RESOLVE_ROOTED : 0;
    how |= (resolve & RESOLVE_NO_SYMLINKS) != 0 ? RESOLVE_LINKLESS : 0;
    return how | ((resolve & RESOLVE_NO_MAGICLINKS) != 0 ? RESOLVE_MAGICLESS : 0);
}

/* What is wholly the kernel's it judges itself: a younger one knows more. */
static long judged(struct caller *c, int at, const char *path, long otherwise, char *elsewhere) {
    struct target target;
    long result = ask(c, at, path, RESOLVE_MAY_LACK, elsewhere, &target);
    return result == PASS && target.kind == TARGET_KERNEL ? PASS : otherwise;
}

/* The tree is a file system of its own, so a path has to start in it and end in it. */
static bool crosses(struct caller *c, int at, const char *path, long result, const char *elsewhere) {
    struct origin origin = {.kind = ORIGIN_HOST};
    bool starts_inside = *path != '/' && c->origin(c, at, &origin) == 0 && origin.kind == ORIGIN_TREE;
    bool ends_inside = result != PASS;
    return starts_inside != ends_inside || (result == PASS && elsewhere[0] != 0);
}

static long one_device(struct caller *c, int at, const char *path, unsigned how, char *elsewhere) {
    struct target target;
    long result = ask(c, at, path, RESOLVE_MAY_LACK | how, elsewhere, &target);
    if (result == 0 || result == PASS) {
        return crosses(c, at, path, result, elsewhere) ? -EXDEV : result;
    }
    return result;
}

long call_open2(struct caller *c, int at, const char *path, const struct open_how *how, char *elsewhere) {
    unsigned walk = walk_of(how->resolve);
    if (!is_possible(how)) {
        return judged(c, at, path, -EINVAL, elsewhere);
    }
    if ((how->resolve & RESOLVE_CACHED) != 0 && (how->flags & (O_CREAT | O_TRUNC | UNNAMED)) != 0) {
        return judged(c, at, path, -EAGAIN, elsewhere);
    }
    if ((how->resolve & RESOLVE_NO_XDEV) != 0) {
        const unsigned end = (how->flags & O_NOFOLLOW) != 0 ? RESOLVE_KEEP_LINK : 0;
        long result = one_device(c, at, path, walk | end, elsewhere);
        if (result != 0) {
            return result;
        }
    }
    return open_by(c, at, path, (int)how->flags, (unsigned)how->mode, walk, elsewhere);
}
