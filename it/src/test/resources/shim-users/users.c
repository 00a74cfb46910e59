/*
 * users DIRECTORY: one process that root started becomes other users, back and forth, and does what system
 * calls do with names, files and attributes. Prints a line for each: what came of it, and what is there
 * afterwards. DIRECTORY has the files of a tree in it, "rw", "ro", "secret" and "link", and the empty
 * directory "place".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { OTHER = 65534, GROUP = 4, THIRD = 12345 };

static void need(int result, const char *what) {
    if (result != 0) {
        perror(what);
        exit(2);
    }
}

static void become(unsigned uid, unsigned gid, unsigned group) {
    const gid_t groups[] = {group};
    need(seteuid(0), "seteuid 0");
    need(setegid(0), "setegid 0");
    need(setgroups(group == 0 ? 0 : 1, groups), "setgroups");
    need(setegid(gid), "setegid");
    need(seteuid(uid), "seteuid");
    printf("-- user %u of group %u and %u\n", uid, gid, group);
}

static void said(const char *what, const char *path, long result) {
    printf("%s %s: %s", what, path, result < 0 ? strerrorname_np(errno) : "done");
    struct stat status;
    if (lstat(path, &status) == 0) {
        printf(", %o %u:%u", status.st_mode, status.st_uid, status.st_gid);
        printf(S_ISREG(status.st_mode) ? " %ld bytes, %ld names" : "", (long)status.st_size,
               (long)status.st_nlink);
    }
    printf("\n");
}

static void opened(const char *what, const char *path, int flags) {
    const int file = open(path, flags, 0644);
    struct stat status;
    if (file >= 0 && fstat(file, &status) == 0) {
        printf("[%o %u:%u] ", status.st_mode, status.st_uid, status.st_gid);
        if ((flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0) {
            printf("[wrote %zd] ", write(file, "0123456789", 10));
        }
    }
    said(what, path, file);
    if (file >= 0) {
        close(file);
    }
}

static void at_files(void) {
    static const char *const FILES[] = {
        "rw",        "ro",           "secret", "link", "place/open/of-root", "place/sticky/of-root",
        "place/own", "place/grouped"};
    for (unsigned i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        const char *path = FILES[i];
        const struct timespec times[2] = {{1000000000, 1}, {1000000000, 2}};
        char value[16];
        opened("read", path, O_RDONLY);
        opened("write", path, O_WRONLY);
        opened("both", path, O_RDWR);
        opened("create", path, O_WRONLY | O_CREAT);
        opened("exclusive", path, O_WRONLY | O_CREAT | O_EXCL);
        opened("path", path, O_PATH);
        said("access", path, access(path, R_OK));
        said("effective", path, faccessat(AT_FDCWD, path, W_OK, AT_EACCESS));
        said("truncate", path, truncate(path, 3));
        opened("cut", path, O_RDWR | O_TRUNC);
        said("now", path, utimensat(AT_FDCWD, path, NULL, 0));
        said("then", path, utimensat(AT_FDCWD, path, times, 0));
        said("mode", path, chmod(path, 0604));
        said("set-id", path, chmod(path, 06755));
        said("mode again", path, chmod(path, i == 0 ? 0666 : 0644));
        said("to me", path, chown(path, geteuid(), (gid_t)-1));
        said("group", path, chown(path, (uid_t)-1, GROUP));
        said("to another", path, chown(path, THIRD, (gid_t)-1));
        said("attribute", path, setxattr(path, "user.word", "x", 1, 0));
        said("value", path, getxattr(path, "user.word", value, sizeof value));
        said("trusted", path, setxattr(path, "trusted.word", "x", 1, 0));
    }
}

static void at_socket(const char *path) {
    struct sockaddr_un name = {AF_UNIX, ""};
    socklen_t length = sizeof name;
    const int one = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(name.sun_path, path);
    said("bind", path, bind(one, (struct sockaddr *)&name, sizeof name));
    if (listen(one, 5) == 0) {
        said("connect", path, connect(other, (struct sockaddr *)&name, sizeof name));
        memset(&name, 0, sizeof name);
        getsockname(one, (struct sockaddr *)&name, &length);
        printf("its name: %s\n", name.sun_path);
    }
    close(one);
    close(other);
}

/* What is made is there for the next user, and what he may take away goes. */
static void in_directory(const char *directory, const char *who) {
    char path[128], to[128];
#define NAME(name) (snprintf(path, sizeof path, "%s/%s-%s", directory, name, who), path)
#define TO(name) (snprintf(to, sizeof to, "%s/%s", directory, name), to)
    opened("make", NAME("file"), O_RDWR | O_CREAT | O_EXCL);
    said("mkdir", NAME("directory"), mkdir(path, 0755));
    said("mkfifo", NAME("fifo"), mkfifo(path, 0600));
    said("mknod", NAME("node"), mknod(path, S_IFREG | 0640, 0));
    said("device", NAME("device"), mknod(path, S_IFCHR | 0600, makedev(1, 3)));
    said("symlink", NAME("link"), symlink("target", path));
    at_socket(NAME("socket"));
    said("hard link", TO("hard"), link(NAME("file"), TO("hard")));
    said("of another", TO("hard-of-root"), link(TO("of-root"), NAME("hard-of-root")));
    said("rename", TO("renamed"), rename(NAME("file"), TO("renamed")));
    said("rename another's", TO("of-root"), rename(TO("of-root"), NAME("taken")));
    said("over another's", TO("of-root"), rename(TO("renamed"), TO("of-root")));
    said("unlink hard", TO("hard"), unlink(TO("hard")));
    said("unlink", TO("of-root"), unlink(TO("of-root")));
    said("rmdir", NAME("directory"), rmdir(path));
    said("unlink node", NAME("node"), unlink(path));
    said("remove directory of root", TO("directory-of-root"), rmdir(TO("directory-of-root")));
    const int unnamed = open(directory, O_TMPFILE | O_RDWR, 0644);
    snprintf(to, sizeof to, "/proc/self/fd/%d", unnamed);
    said("unnamed", NAME("unnamed"),
         unnamed < 0 ? -1 : linkat(AT_FDCWD, to, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
    close(unnamed);
    DIR *list = opendir(directory);
    int entries = 0;
    while (list != NULL && readdir(list) != NULL) {
        entries++;
    }
    printf("list %s: %d\n", directory, entries);
    if (list != NULL) {
        closedir(list);
    }
    const int here = open(".", O_PATH | O_DIRECTORY);
    const int changed = chdir(directory);
    char *cwd = changed == 0 ? getcwd(NULL, 0) : NULL;
    printf("chdir %s: %s\n", directory,
           changed != 0  ? strerrorname_np(errno)
           : cwd == NULL ? "nowhere"
                         : strrchr(cwd, '/') + 1);
    free(cwd);
    need(fchdir(here), "back");
    close(here);
}

static void prepare(const char *path, unsigned mode, unsigned gid) {
    char name[128];
    need(mkdir(path, 0700), path);
    snprintf(name, sizeof name, "%s/of-root", path);
    const int file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    need(file < 0 || write(file, "root", 4) != 4 || close(file) != 0, name);
    snprintf(name, sizeof name, "%s/directory-of-root", path);
    need(mkdir(name, 0755), name);
    need(chown(path, 0, gid), "chown");
    need(chmod(path, mode), "chmod");
}

int main(int count, char **words) {
    static const struct {
        const char *path;
        unsigned mode, gid;
    } PLACES[] = {{"place/open", 0777, 0},      {"place/sticky", 01777, 0},   {"place/closed", 0700, 0},
                  {"place/group", 0770, GROUP}, {"place/sgid", 02777, GROUP}, {"place/read", 0755, 0}};
    static const struct {
        unsigned uid, gid, group;
        const char *name;
    } USERS[] = {{OTHER, OTHER, 0, "other"},
                 {THIRD, THIRD, GROUP, "third"},
                 {0, 0, 0, "root"},
                 {OTHER, OTHER, GROUP, "again"}};
    if (count != 2 || chdir(words[1]) != 0) {
        return 3;
    }
    setbuf(stdout, NULL);
    umask(022);
    for (unsigned i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        prepare(PLACES[i].path, PLACES[i].mode, PLACES[i].gid);
    }
    need(close(open("place/own", O_CREAT | O_WRONLY, 0600)) != 0 || chown("place/own", OTHER, OTHER) != 0,
         "own");
    need(close(open("place/grouped", O_CREAT | O_WRONLY, 0600)) != 0 ||
             chown("place/grouped", 0, GROUP) != 0 || chmod("place/grouped", 0660) != 0,
         "grouped");
    for (unsigned i = 0; i < sizeof USERS / sizeof *USERS; i++) {
        become(USERS[i].uid, USERS[i].gid, USERS[i].group);
        at_files();
        for (unsigned j = 0; j < sizeof PLACES / sizeof *PLACES; j++) {
            in_directory(PLACES[j].path, USERS[i].name);
        }
    }
    return 0;
}
