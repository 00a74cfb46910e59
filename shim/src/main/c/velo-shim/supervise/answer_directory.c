#include "answers.h"

#include "inject.h"

#include <errno.h>
#include <string.h>

long sys_getcwd(remote out, size_t room) {
    char path[PATH_MAX];
    long length = call_getcwd(&served->caller, path, room < sizeof path ? room : sizeof path);
    if (length < 0) {
        /* For what no room would be enough the kernel has another error, by which libraries go on. */
        return length == -ERANGE && room >= sizeof path ? -ENAMETOOLONG : length;
    }
    long error = copy_out(out, path, (size_t)length);
    return error < 0 ? error : length;
}

/* A directory of the host that only the tree leads to, or dirs/<node>: the process changes there itself. */
static long change_to(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) {
        /* To change there needs no permission to read it. */
        return inject_chdir_path(path);
    }
    return fd < 0 ? -errno : inject_chdir(fd, path);
}

long sys_chdir(remote path) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    node_id node = NO_NODE;
    PATH_IN(local, path);
    if (local[0] == 0) {
        return -ENOENT;
    }
    elsewhere[0] = 0;
    long result = call_chdir(&served->caller, call_directory(AT_FDCWD, local), local, &node, elsewhere);
    if (result != PASS || elsewhere[0] == 0) {
        return result;
    }
    return node == NO_NODE ? inject_chdir_path(elsewhere) : change_to(elsewhere);
}

/* Behind another root the tree's prefix and its files mean nothing. */
long sys_chroot(remote path) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    node_id node = NO_NODE;
    PATH_IN(local, path);
    if (local[0] == 0) {
        return -ENOENT;
    }
    long result = call_chdir(&served->caller, call_directory(AT_FDCWD, local), local, &node, elsewhere);
    return result == PASS ? (refused)(AT_FDCWD, path) : result;
}

enum { RECORDS = 32768 };

static long records_here(int fd, char *out, size_t room) {
    int own = call_descriptor(fd);
    return own < 0 ? CONTINUE : call_getdents(&served->caller, own, out, room < RECORDS ? room : RECORDS);
}

static long records_out(remote out, const char *records, long length) {
    long error = length > 0 ? copy_out(out, records, (size_t)length) : 0;
    return error < 0 ? error : length;
}

long sys_getdents64(int fd, remote out, size_t room) {
    char records[RECORDS];
    return records_out(out, records, records_here(fd, records, room));
}

/*
 * Both forms of a record are of one length: the older one has the name one byte earlier, and the type behind
 * everything else.
 */
long sys_getdents(int fd, remote out, size_t room) {
    enum { LENGTH = 16, TYPE = 18, NAME = 19 };
    char records[RECORDS];
    long result = records_here(fd, records, room);
    for (long at = 0; at < result;) {
        unsigned short length;
        char *record = records + at;
        memcpy(&length, record + LENGTH, sizeof length);
        char type = record[TYPE];
        memmove(record + TYPE, record + NAME, (size_t)length - NAME);
        record[length - 1] = type;
        at += length;
    }
    return records_out(out, records, result);
}
