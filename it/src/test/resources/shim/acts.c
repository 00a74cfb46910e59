#include "acts.h"

#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

static long closed(int fd) {
    drop(fd);
    return ok(fd);
}

#define OPEN_ACT(name, flags)                                                                                \
    static long name(const char *path) {                                                                     \
        return closed(open(path, (flags) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640));                        \
    }
OPEN_ACT(open_read, O_RDONLY)
OPEN_ACT(open_write, O_WRONLY)
OPEN_ACT(open_both, O_RDWR | O_APPEND)
OPEN_ACT(open_truncate, O_WRONLY | O_TRUNC)
OPEN_ACT(open_create, O_WRONLY | O_CREAT)
OPEN_ACT(open_exclusive, O_WRONLY | O_CREAT | O_EXCL)
OPEN_ACT(open_directory, O_RDONLY | O_DIRECTORY)
OPEN_ACT(open_no_follow, O_RDONLY | O_NOFOLLOW)
OPEN_ACT(open_path, O_PATH | O_NOFOLLOW)
OPEN_ACT(open_unnamed, O_WRONLY | O_TMPFILE)

static long do_chmod(const char *path) {
    return chmod(path, 0751);
}

static long do_chown(const char *path) {
    return chown(path, getuid(), getgid());
}

static long do_lchown(const char *path) {
    return lchown(path, getuid(), (gid_t)-1);
}

static long do_mkdir(const char *path) {
    return mkdir(path, 0750);
}

static long do_mkfifo(const char *path) {
    return mkfifo(path, 0640);
}

static long do_mknod(const char *path) {
    return mknod(path, S_IFREG | 0640, 0);
}

static long do_device(const char *path) {
    return mknod(path, S_IFCHR | 0640, makedev(1, 3));
}

static long do_bind(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof name.sun_path) {
        errno = ENAMETOOLONG; /* no address holds it */
        return -1;
    }
    strcpy(name.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    long bound = bind(fd, (struct sockaddr *)&name, sizeof name);
    drop(fd);
    return bound;
}

static long do_symlink(const char *path) {
    return symlink("anything", path);
}

static long do_link_from(const char *path) {
    long linked = link(path, "spare-name");
    if (linked == 0) {
        NEED(unlink("spare-name"));
    }
    return linked;
}

static long do_link_to(const char *path) {
    return link("spare", path);
}

static long do_rename_from(const char *path) {
    long renamed = rename(path, "spare-name");
    if (renamed == 0) {
        NEED(rename("spare-name", path));
    }
    return renamed;
}

static long do_rename_to(const char *path) {
    return rename("spare", path);
}

/* And back: by the name without a slash behind it, since what is there now may be a file. */
static long do_exchange(const char *path) {
    long exchanged = renameat2(AT_FDCWD, path, AT_FDCWD, "spare", RENAME_EXCHANGE);
    if (exchanged == 0) {
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%s", path);
        name[strcspn(name, "/") + 1 == strlen(name) ? strcspn(name, "/") : strlen(name)] = 0;
        NEED(renameat2(AT_FDCWD, name, AT_FDCWD, "spare", RENAME_EXCHANGE));
    }
    return exchanged;
}

static long do_truncate(const char *path) {
    return truncate(path, 3);
}

static long do_truncate_negative(const char *path) {
    return truncate(path, -1);
}

static long do_utimens(const char *path) {
    return utimensat(AT_FDCWD, path, NULL, 0);
}

static long do_utimens_of_link(const char *path) {
    struct timespec times[2] = {{1200000001, 1}, {1300000001, 999999999}};
    return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static long do_stat(const char *path) {
    struct stat is;
    return stat(path, &is);
}

static long do_lstat(const char *path) {
    struct stat is;
    return lstat(path, &is);
}

static long do_access(const char *path) {
    return access(path, R_OK | W_OK);
}

static long do_readlink(const char *path) {
    char target[PATH_MAX];
    return readlink(path, target, sizeof target);
}

static long do_chdir(const char *path) {
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    long changed = chdir(path);
    int error = errno;
    /* Who may not search it cannot have left it, either. */
    need(here < 0 ? changed != 0 : fchdir(here) == 0, "fchdir");
    drop(here);
    errno = error;
    return changed;
}

static long do_statfs(const char *path) {
    struct statfs is;
    return statfs(path, &is);
}

static long do_getxattr(const char *path) {
    char value[16];
    return getxattr(path, "user.act", value, sizeof value);
}

static long do_setxattr(const char *path) {
    return setxattr(path, "user.act", "set", 3, 0);
}

static long do_listxattr(const char *path) {
    char names[256];
    return listxattr(path, names, sizeof names);
}

static long do_removexattr(const char *path) {
    return removexattr(path, "user.act");
}

static long do_watch(const char *path) {
    int watch = inotify_init1(IN_CLOEXEC);
    long added = ok(inotify_add_watch(watch, path, IN_ATTRIB));
    drop(watch);
    return added;
}

static long do_exec(const char *path) {
    char *const words[] = {(char[]){"act"}, NULL};
    return execve(path, words, words + 1);
}

static long do_unlink(const char *path) {
    return unlink(path);
}

static long do_rmdir(const char *path) {
    return rmdir(path);
}

/* Those that take something away are the last ones. */
const struct act acts[] = {
    {"stat", do_stat},
    {"lstat", do_lstat},
    {"access", do_access},
    {"statfs", do_statfs},
    {"readlink", do_readlink},
    {"chdir", do_chdir},
    {"open read", open_read},
    {"open write", open_write},
    {"open append", open_both},
    {"open directory", open_directory},
    {"open nofollow", open_no_follow},
    {"open path", open_path},
    {"open unnamed", open_unnamed},
    {"watch", do_watch},
    {"exec", do_exec},
    {"listxattr", do_listxattr},
    {"setxattr", do_setxattr},
    {"getxattr", do_getxattr},
    {"removexattr", do_removexattr},
    {"chmod", do_chmod},
    {"chown", do_chown},
    {"lchown", do_lchown},
    {"utimens", do_utimens},
    {"utimens nofollow", do_utimens_of_link},
    {"truncate", do_truncate},
    {"truncate negative", do_truncate_negative},
    {"open truncate", open_truncate},
    {"link from", do_link_from},
    {"link to", do_link_to},
    {"rename from", do_rename_from},
    {"exchange", do_exchange},
    {"open create", open_create},
    {"open exclusive", open_exclusive},
    {"mkdir", do_mkdir},
    {"mkfifo", do_mkfifo},
    {"mknod", do_mknod},
    {"device", do_device},
    {"bind", do_bind},
    {"symlink", do_symlink},
    {"unlink", do_unlink},
    {"rmdir", do_rmdir},
    {"rename to", do_rename_to},
};
const size_t act_count = LENGTH(acts);

void make_spare(void) {
    if (access("spare", F_OK) != 0) {
        put("spare", "spare\n");
    }
}

static void device_or_file(const char *name, mode_t type, dev_t number) {
    if (mknod(name, type | 0644, number) != 0) {
        need(errno == EPERM, name);
        put(name, "no device\n");
    }
}

void make_nodes(void) {
    NEED(mkfifo("pipe", 0644));
    NEED(do_bind("sock"));
    device_or_file("char", S_IFCHR, makedev(1, 3));
    device_or_file("block", S_IFBLK, makedev(241, 0));
    device_or_file("nodriver", S_IFCHR, makedev(241, 0));
}
