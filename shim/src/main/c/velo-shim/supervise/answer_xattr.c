#include "answers.h"

#include <errno.h>

enum { NAME_ROOM = 256, VALUE_MOST = 65536 };

/* What an extended attribute is of: a path, or a descriptor. */
struct subject {
    char path[PATH_MAX];
    int at, flags;
    char name[NAME_ROOM];
};

static long copy_name(struct subject *subject, remote name) {
    long length = copy_string(subject->name, name, NAME_ROOM);
    return length == 0 || length == -ENAMETOOLONG ? -ERANGE : length < 0 ? length : 0;
}

static long subject_of(struct subject *subject, int at, remote path, int flags) {
    subject->path[0] = 0;
    subject->flags = flags;
    subject->at = at;
    if (path != NULL) {
        PATH_IN(subject->path, path);
        subject->at = call_directory(at, subject->path);
        return 0;
    }
    subject->flags = AT_EMPTY_PATH;
    subject->at = call_descriptor(at);
    if (subject->at < 0) {
        return -EBADF;
    }
    long status = RAW(SYS_fcntl, subject->at, F_GETFL);
    return status < 0 ? status : (status & O_PATH) != 0 ? -EBADF : 0;
}

static long number(const struct subject *subject, long follow, long keep) {
    return (subject->flags & AT_SYMLINK_NOFOLLOW) != 0 ? keep : follow;
}

/* Values are 64 KiB at most: one piece of memory for all, since one call is answered at a time. */
static char *value_room(void) {
    static char room[VALUE_MOST];
    return room;
}

static long value_out(remote to, const char *value, long length, size_t size) {
    if (length < 0 || size == 0) {
        return length;
    }
    long error = copy_out(to, value, (size_t)length);
    return error < 0 ? error : length;
}

static long get(struct subject *s, char *value, size_t size) {
    char elsewhere[PATH_MAX];
    ANSWER(call_getxattr(&served->caller, s->at, s->path, s->flags, s->name, value, size, elsewhere),
           RAW(number(s, SYS_getxattr, SYS_lgetxattr), host, s->name, value, size));
}

long sys_getxattr(int at, remote path, int flags, remote name, remote value, size_t size) {
    struct subject subject;
    long result = subject_of(&subject, at, path, flags);
    if (result == 0) {
        result = copy_name(&subject, name);
    }
    if (result == 0) {
        result = get(&subject, value_room(), size < VALUE_MOST ? size : VALUE_MOST);
    }
    return value_out(value, value_room(), result, size);
}

static long list_all(struct subject *s, char *value, size_t size) {
    char elsewhere[PATH_MAX];
    ANSWER(call_listxattr(&served->caller, s->at, s->path, s->flags, value, size, elsewhere),
           RAW(number(s, SYS_listxattr, SYS_llistxattr), host, value, size));
}

long sys_listxattr(int at, remote path, int flags, remote list, size_t size) {
    struct subject subject;
    long result = subject_of(&subject, at, path, flags);
    if (result == 0) {
        result = list_all(&subject, value_room(), size < VALUE_MOST ? size : VALUE_MOST);
    }
    return value_out(list, value_room(), result, size);
}

static long set(struct subject *s, const char *value, size_t size, int how) {
    char elsewhere[PATH_MAX];
    ANSWER(call_setxattr(&served->caller, s->at, s->path, s->flags, s->name, value, size, how, elsewhere),
           RAW(number(s, SYS_setxattr, SYS_lsetxattr), host, s->name, value, size, how));
}

long sys_setxattr(int at, remote path, int flags, remote name, remote value, size_t size, int how) {
    struct subject subject;
    long result = subject_of(&subject, at, path, flags);
    if (result == 0) {
        result = copy_name(&subject, name);
    }
    if (result == 0 && size > VALUE_MOST) {
        result = -E2BIG;
    }
    if (result == 0 && size > 0) {
        result = copy_in(value_room(), value, size);
    }
    return result == 0 ? set(&subject, value_room(), size, how) : result;
}

static long take(struct subject *s) {
    char elsewhere[PATH_MAX];
    ANSWER(call_removexattr(&served->caller, s->at, s->path, s->flags, s->name, elsewhere),
           RAW(number(s, SYS_removexattr, SYS_lremovexattr), host, s->name));
}

long sys_removexattr(int at, remote path, int flags, remote name) {
    struct subject subject;
    long result = subject_of(&subject, at, path, flags);
    if (result == 0) {
        result = copy_name(&subject, name);
    }
    return result == 0 ? take(&subject) : result;
}
