#include "reach.h"
#include "sys.h"

#include <string.h>
#include <sys/ipc.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

HOOK(int, statfs, (const char *path, struct statfs *out)) {
    return (int)told(sys_statfs(path, out));
}

HOOK(int, fstatfs, (int fd, struct statfs *out)) {
    return (int)told(sys_fstatfs(fd, out));
}

#define ST_VALID 0x20 /* the kernel's mark that flags are told */

static void convert(const struct statfs *from, struct statvfs *out) {
    memset(out, 0, sizeof *out);
    out->f_bsize = (unsigned long)from->f_bsize;
    out->f_frsize = (unsigned long)(from->f_frsize ? from->f_frsize : from->f_bsize);
    out->f_blocks = from->f_blocks;
    out->f_bfree = from->f_bfree;
    out->f_bavail = from->f_bavail;
    out->f_files = from->f_files;
    out->f_ffree = out->f_favail = from->f_ffree;
    out->f_namemax = (unsigned long)from->f_namelen;
    out->f_flag = (unsigned long)from->f_flags & ~(unsigned long)ST_VALID;
    memcpy(&out->f_fsid, &from->f_fsid, sizeof out->f_fsid);
}

HOOK(int, statvfs, (const char *path, struct statvfs *out)) {
    struct statfs state;
    if (told(sys_statfs(path, &state)) < 0) {
        return -1;
    }
    convert(&state, out);
    return 0;
}

HOOK(int, fstatvfs, (int fd, struct statvfs *out)) {
    struct statfs state;
    if (told(sys_fstatfs(fd, &state)) < 0) {
        return -1;
    }
    convert(&state, out);
    return 0;
}

/* libc asks the kernel for the file system behind a path. A real path has the same one, and the limits that
 * the tree keeps are Linux's. */
HOOK(long, pathconf, (const char *path, int name)) {
    char elsewhere[PATH_MAX];
    long (*ask)(const char *, int) = (long (*)(const char *, int))hidden_function(HIDDEN_pathconf);
    long result = real_path(AT_FDCWD, path, 0, elsewhere);
    if (result != PASS && result < 0) {
        return told(result);
    }
    struct door_way way = {.fd = -1};
    if (result != PASS || !elsewhere[0]) {
        return ask(path, name);
    }
    const long told_limit = ask(reach_way(elsewhere, &way) == 0 ? way.text : elsewhere, name);
    reach_end(&way);
    return told_limit;
}

HOOK(key_t, ftok, (const char *path, int project)) {
    struct stat state;
    if (told(sys_fstatat(AT_FDCWD, path, &state, 0)) < 0) {
        return -1;
    }
    return (key_t)((state.st_ino & 0xffff) | (state.st_dev & 0xff) << 16 | ((unsigned)project & 0xff) << 24);
}
