#include "battery.h"

#include <grp.h>
#include <sys/wait.h>

/*
 * As an ordinary user: root gives the room to that user and becomes it in a child. Who runs this as an
 * ordinary user owns everything already.
 */
#define USER 65534

static const unsigned modes[] = {0, 0111, 0222, 0333, 0444, 0555, 0666, 0777, 0070, 0007};

static void try_file(const char *label, const char *path) {
    CASE(0, "%s", label);
    static const int ways[] = {R_OK, W_OK, X_OK, F_OK};
    for (size_t i = 0; i < LENGTH(ways); i++) {
        fact("%s", access(path, ways[i]) ? error_name(errno) : "0");
    }
    static const int opens[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_PATH};
    for (size_t i = 0; i < LENGTH(opens); i++) {
        int fd = open(path, opens[i]);
        fact("%s", fd < 0 ? error_name(errno) : "0");
        drop(fd);
    }
    fact("effective=%s", faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) ? error_name(errno) : "0");
    fact("truncate=%s", truncate(path, 3) ? error_name(errno) : "0");
    fact("utime=%s", utimensat(AT_FDCWD, path, NULL, 0) ? error_name(errno) : "0");
    end();
}

static void try_directory(const char *label, const char *path) {
    char name[64];
    CASE(0, "%s", label);
    fact("open=%ld", ok(open(path, O_RDONLY | O_DIRECTORY)));
    snprintf(name, sizeof name, "%s/inner", path);
    fact("search=%s", access(name, F_OK) ? error_name(errno) : "0");
    snprintf(name, sizeof name, "%s/none", path);
    fact("missing=%s", access(name, F_OK) ? error_name(errno) : "0");
    fact("mkdir=%s", mkdir(name, 0755) ? error_name(errno) : "0");
    fact("rename=%s", rename("other", name) ? error_name(errno) : "0");
    fact("rmdir=%s", rmdir(name) ? error_name(errno) : "0");
    fact("unlink=%s", unlink(name) ? error_name(errno) : "0");
    fact("symlink=%s", symlink("x", name) ? error_name(errno) : "0");
    fact("unlink=%s", unlink(name) ? error_name(errno) : "0");
    fact("chdir=%s", chdir(path) ? error_name(errno) : "0");
    fact("back=%d", access("inner", F_OK) == 0 ? chdir("..") : 1);
    end();
}

struct task {
    enum origin origin;
    const char *label, *path;
    bool directory;
};

static int as_user(void *with) {
    struct task *task = with;
    if (geteuid() == 0) {
        NEED(setgroups(0, NULL));
        NEED(setresgid(USER, USER, USER));
        NEED(setresuid(USER, USER, USER));
    }
    (task->directory ? try_directory : try_file)(task->label, task->path);
    return 0;
}

static void give(const char *path) {
    if (geteuid() == 0) {
        NEED(lchown(path, USER, USER));
    }
}

/* Files and directories of one's own. */
static void own(enum origin origin) {
    for (size_t i = 0; i < LENGTH(modes); i++) {
        char label[64];
        room(origin);
        give(".");
        give("file");
        give("full");
        NEED(chmod("file", modes[i]));
        NEED(chmod("full", modes[i]));
        snprintf(label, sizeof label, "%s own file %o", origins[origin], modes[i]);
        LINE(in_child(as_user, &(struct task){origin, label, "file", false}), "%s ends", label);
        snprintf(label, sizeof label, "%s own directory %o", origins[origin], modes[i]);
        LINE(in_child(as_user, &(struct task){origin, label, "full", true}), "%s ends", label);
        NEED(chmod("full", 0755));
    }
}

/* Those of root; of oneself where root does not run this. */
static void others(enum origin origin) {
    for (size_t i = 0; i < LENGTH(modes); i++) {
        char label[64];
        room(origin);
        NEED(chmod("file", modes[i]));
        NEED(chmod("full", modes[i]));
        snprintf(label, sizeof label, "%s another's file %o", origins[origin], modes[i]);
        LINE(in_child(as_user, &(struct task){origin, label, "file", false}), "%s ends", label);
        snprintf(label, sizeof label, "%s another's directory %o", origins[origin], modes[i]);
        LINE(in_child(as_user, &(struct task){origin, label, "full", true}), "%s ends", label);
        NEED(chmod("full", 0755));
    }
}

static int acts_on_others(void *with) {
    if (geteuid() == 0) {
        NEED(setgroups(0, NULL));
        NEED(setresgid(USER, USER, USER));
        NEED(setresuid(USER, USER, USER));
    }
    const char *name = origins[*(enum origin *)with];
    LINE(chmod("other", 0644), "%s chmod", name);
    LINE(chown("other", getuid(), getgid()), "%s chown to oneself", name);
    LINE(chown("other", 0, 0), "%s chown to root", name);
    struct timespec times[2] = {{1, 1}, {2, 2}};
    LINE(utimensat(AT_FDCWD, "other", times, 0), "%s utimensat", name);
    LINE(utimensat(AT_FDCWD, "other", NULL, 0), "%s utimensat now", name);
    LINE(rename("other", "o2"), "%s rename", name);
    LINE(unlink("sticky/file"), "%s unlink in a sticky directory", name);
    LINE(rename("sticky/other", "sticky/o2"), "%s rename in a sticky directory", name);
    LINE(rename("sticky/mine", "sticky/other"), "%s rename over another's in a sticky directory", name);
    LINE(rename("sticky/mine", "sticky/m2"), "%s rename of one's own in a sticky directory", name);
    LINE(rmdir("sticky/dir"), "%s rmdir in a sticky directory", name);
    LINE(unlink("sticky/m2"), "%s unlink of one's own in a sticky directory", name);
    OPENS(creat("open/mine", 0644), "%s create", name);
    struct stat is = {0};
    CASE(lstat("open/mine", &is), "%s made by the user", name);
    fact("mine=%d,%d", is.st_uid == getuid(), is.st_gid == getgid());
    show("open/mine");
    end();
    LINE(chmod("open/mine", 06711), "%s chmod with set-id bits", name);
    CASE(truncate("open/mine", 2), "%s a write takes the bits", name);
    int seen = lstat("open/mine", &is);
    fact("%d %o", seen, is.st_mode);
    end();
    LINE(link("other", "open/linked"), "%s link to a file of another", name);
    LINE(mkdir("open/d", 0755), "%s mkdir", name);
    LINE(mknod("open/device", S_IFCHR | 0600, 0), "%s mknod of a device", name);
    LINE(chroot("open"), "%s chroot", name);
    return 0;
}

static void sticky(enum origin origin) {
    room(origin);
    NEED(mkdir("sticky", 0755));
    NEED(rename("dir", "sticky/dir"));
    NEED(rename("file", "sticky/file"));
    NEED(rename("twin", "sticky/other"));
    NEED(rename("linked", "sticky/mine"));
    give("sticky/mine");
    NEED(chmod("sticky", 01777));
    NEED(mkdir("open", 0755));
    NEED(chmod("open", 0777));
    LINE(in_child(acts_on_others, &origin), "%s acts end", origins[origin]);
}

/* What the effective user may is not what the real one may. */
static void real_and_effective(enum origin origin) {
    room(origin);
    NEED(chmod("file", 0400));
    CASE(0, "%s access and eaccess", origins[origin]);
    if (geteuid() == 0) {
        NEED(setresuid((uid_t)-1, USER, (uid_t)-1));
        fact("real=%d effective=%s", access("file", R_OK), eaccess("file", R_OK) ? error_name(errno) : "0");
        fact("open=%ld", ok(open("file", O_RDONLY)));
        NEED(setresuid((uid_t)-1, 0, (uid_t)-1));
    }
    fact("back=%d", access("file", R_OK));
    end();
}

void permission_subject(void) {
    BOTH(origin) {
        own(origin);
        others(origin);
        sticky(origin);
        real_and_effective(origin);
    }
}
