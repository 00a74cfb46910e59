#include "asked.h"
#include "backing.h"
#include "calls.h"
#include "copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

static bool is_real(const struct target *target) {
    return target->is.backing == BACKING_UPPER || target->is.type == NODE_OTHER;
}

static long ask_with(struct caller *c, int at, const char *path, int flags, char *elsewhere,
                     struct target *target) {
    long result = ask(c, at, path, how_of(flags, RESOLVE_CHANGES), elsewhere, target);
    bool possible = (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) == 0;
    return result != PASS && !possible ? -EINVAL : result;
}

long call_chmod(struct caller *c, int at, const char *path, unsigned mode, int flags, char *elsewhere) {
    struct target target;
    struct standing owner;
    struct real_path real;
    long result = ask_with(c, at, path, flags, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if (target.is.type == NODE_LINK) {
        return -EOPNOTSUPP;
    }
    if (is_real(&target)) {
        result = real_standing(c->world, target.node, target.fd, &real);
        return result < 0 ? result
                          : KERNEL3(c->world->kernel, SYS_fchmodat, AT_FDCWD, real.text, mode & 07777);
    }
    result = standing(c, target.node, &owner);
    if (result < 0 || !owner.owns) {
        return result < 0 ? result : -EPERM;
    }
    if (!owner.who.overrides && !has_group(&owner.who, owner.of.gid)) {
        mode &= ~(unsigned)S_ISGID;
    }
    struct node values = {.mode = mode & 07777};
    return tree_change(&c->world->tree, target.node, CHANGE_MODE, &values);
}

static long may_give(const struct standing *owner, uint32_t uid, uint32_t gid) {
    if (owner->who.overrides) {
        return 0;
    }
    bool same_owner = uid == UINT32_MAX || (owner->owns && uid == owner->of.uid);
    bool own_group =
        gid == UINT32_MAX || (owner->owns && (gid == owner->of.gid || has_group(&owner->who, gid)));
    return same_owner && own_group ? 0 : -EPERM;
}

/* A file that changes hands loses the bits that would lend its owner's rights. */
static unsigned lends_nothing(const struct owned *of) {
    unsigned mode = of->mode & 07777;
    if (S_ISDIR(of->mode)) {
        return mode;
    }
    mode &= ~(unsigned)S_ISUID;
    return (mode & S_IXGRP) != 0 ? mode & ~(unsigned)S_ISGID : mode;
}

long call_chown(struct caller *c, int at, const char *path, uint32_t uid, uint32_t gid, int flags,
                char *elsewhere) {
    struct target target;
    struct standing owner;
    struct real_path real;
    long result = ask_with(c, at, path, flags, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if (is_real(&target)) {
        result = real_standing(c->world, target.node, target.fd, &real);
        return result < 0 ? result
                          : KERNEL5(c->world->kernel, SYS_fchownat, AT_FDCWD, real.text, uid, gid, 0);
    }
    result = standing(c, target.node, &owner);
    if (result == 0) {
        result = may_give(&owner, uid, gid);
    }
    if (result < 0) {
        return result;
    }
    struct node values = {.mode = lends_nothing(&owner.of), .uid = uid, .gid = gid};
    unsigned what = uid == UINT32_MAX ? 0 : CHANGE_OWNER;
    what |= gid == UINT32_MAX ? 0 : CHANGE_GROUP;
    what |= values.mode == (owner.of.mode & 07777) ? 0 : CHANGE_MODE;
    /* Who gives it to nobody moves the change time all the same. */
    return tree_change(&c->world->tree, target.node, what, &values);
}

static bool is_time(const struct timespec *time) {
    return (time->tv_nsec >= 0 && time->tv_nsec < 1000000000) || time->tv_nsec == UTIME_NOW ||
           time->tv_nsec == UTIME_OMIT;
}

/* Now is for everybody who may write, another time for the owner. */
static long may_set(struct caller *c, node_id id, const struct timespec *times) {
    struct standing owner;
    bool now_both = times == NULL || (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW);
    long result = standing(c, id, &owner);
    if (result < 0 || owner.owns) {
        return result;
    }
    return now_both ? world_permits(c, id, 2, false) : -EPERM;
}

static struct moment moment_of(const struct timespec *time, struct moment now) {
    bool is_now = time == NULL || time->tv_nsec == UTIME_NOW;
    return is_now ? now : (struct moment){time->tv_sec, (uint32_t)time->tv_nsec};
}

static long set_times(struct caller *c, node_id id, const struct timespec *times) {
    const struct moment current = now(c->world->kernel);
    const struct node values = {.accessed = moment_of(times, current),
                                .modified = moment_of(times == NULL ? NULL : times + 1, current)};
    unsigned what = times != NULL && times[0].tv_nsec == UTIME_OMIT ? 0 : CHANGE_ACCESSED;
    what |= times != NULL && times[1].tv_nsec == UTIME_OMIT ? 0 : CHANGE_MODIFIED;
    long result = may_set(c, id, times);
    return result < 0 ? result : tree_change(&c->world->tree, id, what, &values);
}

long call_utimens(struct caller *c, int at, const char *path, const struct timespec *times, int flags,
                  char *elsewhere) {
    struct target target;
    struct real_path real;
    if (times != NULL && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT) {
        elsewhere[0] = 0;
        return 0;
    }
    long result = ask_with(c, at, path, flags, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if (times != NULL && (!is_time(&times[0]) || !is_time(&times[1]))) {
        return -EINVAL;
    }
    if (!is_real(&target)) {
        return set_times(c, target.node, times);
    }
    result = real_standing(c->world, target.node, target.fd, &real);
    return result < 0 ? result : KERNEL4(c->world->kernel, SYS_utimensat, AT_FDCWD, real.text, times, 0);
}

long call_truncate(struct caller *c, const char *path, int64_t length, char *elsewhere) {
    struct target target;
    struct real_path real;
    if (length < 0) {
        return -EINVAL;
    }
    long result = ask(c, AT_FDCWD, path, RESOLVE_CHANGES, elsewhere, &target);
    if (result != 0) {
        return result;
    }
    if (target.is.type != NODE_FILE) {
        return target.is.type == NODE_DIRECTORY ? -EISDIR : -EINVAL;
    }
    if (target.is.backing == BACKING_BLOB) {
        result = world_permits(c, target.node, 2, false);
        if (result == 0) {
            result = copy_up(c->world, target.node, (uint64_t)length);
        }
        if (result < 0) {
            return result;
        }
    }
    result = real_standing(c->world, target.node, target.fd, &real);
    return result < 0 ? result : KERNEL2(c->world->kernel, SYS_truncate, real.text, length);
}
