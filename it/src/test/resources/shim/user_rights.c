#include "users.h"

#include <sys/xattr.h>

/* What only owners may, and what a change by somebody else takes away. */

static void chmods(enum origin origin, const struct user *user) {
    static const unsigned modes[] = {0640, 01640, 02640, 02750, 04755, 06777};
    static const char *const things[] = {"file", "dir", "mine", "minedir"};
    for (size_t i = 0; i < LENGTH(things); i++) {
        for (size_t k = 0; k < LENGTH(modes); k++) {
            CASE(chmod(things[i], modes[k]), "%s %s chmod %s %o", origins[origin], user->name, things[i],
                 modes[k]);
            fact("%o", status(things[i]).st_mode & 07777u);
            end();
        }
    }
}

static void chowns(enum origin origin, const struct user *user) {
    const struct {
        const char *name;
        uid_t uid;
        gid_t gid;
    } gifts[] = {{"nobody", (uid_t)-1, (gid_t)-1},
                 {"oneself", user->uid, (gid_t)-1},
                 {"one's group", (uid_t)-1, user->gid},
                 {"one's other group", (uid_t)-1, user->more},
                 {"a foreign group", (uid_t)-1, 65500},
                 {"another", 65500, (gid_t)-1},
                 {"root", 0, 0},
                 {"oneself and group", user->uid, user->more}};
    static const char *const things[] = {"file", "dir", "link", "mine", "minedir"};
    for (size_t i = 0; i < LENGTH(things); i++) {
        for (size_t k = 0; k < LENGTH(gifts); k++) {
            (void)!chmod(things[i], 06775);
            CASE(lchown(things[i], gifts[k].uid, gifts[k].gid), "%s %s gives %s to %s", origins[origin],
                 user->name, things[i], gifts[k].name);
            struct stat is = status(things[i]);
            fact("%o uid=%d gid=%d,%d", is.st_mode & 07777u, is.st_uid == user->uid, is.st_gid == user->gid,
                 is.st_gid == user->more);
            end();
        }
    }
}

static void times(enum origin origin, const struct user *user) {
    static const struct {
        const char *name;
        struct timespec times[2];
    } all[] = {
        {"now", {{0, UTIME_NOW}, {0, UTIME_NOW}}},      {"neither", {{0, UTIME_OMIT}, {0, UTIME_OMIT}}},
        {"one now", {{0, UTIME_NOW}, {0, UTIME_OMIT}}}, {"other now", {{0, UTIME_OMIT}, {0, UTIME_NOW}}},
        {"given", {{1200000000, 1}, {1300000000, 2}}},  {"given and now", {{1200000000, 1}, {0, UTIME_NOW}}}};
    static const char *const things[] = {"file", "other", "lent", "open", "dir", "mine"};
    for (size_t i = 0; i < LENGTH(things); i++) {
        LINE(utimensat(AT_FDCWD, things[i], NULL, 0), "%s %s times of %s, NULL", origins[origin], user->name,
             things[i]);
        for (size_t k = 0; k < LENGTH(all); k++) {
            LINE(utimensat(AT_FDCWD, things[i], all[k].times, 0), "%s %s times of %s, %s", origins[origin],
                 user->name, things[i], all[k].name);
        }
    }
}

/* Who writes to a file that lends rights takes them away. */
static void writes(enum origin origin, const struct user *user) {
    static const char *const things[] = {"lends-1", "lends-2", "lends-3", "lends-4"};
    for (size_t i = 0; i < LENGTH(things); i++) {
        int fd = open(things[i], O_RDWR | (i == 2 ? O_TRUNC : 0));
        CASE(ok(fd), "%s %s writes to %s", origins[origin], user->name, things[i]);
        fact("%ld", i == 0   ? pwrite(fd, "w", 1, 0)
                    : i == 1 ? ftruncate(fd, 3)
                    : i == 3 ? fallocate(fd, 0, 0, 100)
                             : 0);
        drop(fd);
        fact("%o", status(things[i]).st_mode & 07777u);
        end();
    }
    LINE(truncate("lends-1", 1), "%s %s truncates", origins[origin], user->name);
}

static void attributes(enum origin origin, const struct user *user) {
    static const char *const things[] = {"file", "other", "open", "mine", "dir", "minedir", "sticky"};
    char value[8];
    for (size_t i = 0; i < LENGTH(things); i++) {
        LINE(setxattr(things[i], "user.u", "v", 1, 0), "%s %s sets an attribute of %s", origins[origin],
             user->name, things[i]);
        LINE(getxattr(things[i], "user.u", value, sizeof value), "%s %s gets it of %s", origins[origin],
             user->name, things[i]);
        LINE(removexattr(things[i], "user.u"), "%s %s takes it from %s", origins[origin], user->name,
             things[i]);
        LINE(setxattr(things[i], "trusted.u", "v", 1, 0), "%s %s sets a trusted one of %s", origins[origin],
             user->name, things[i]);
    }
}

static void made(enum origin origin, const struct user *user) {
    static const char *const places[] = {"open-dir", "group-dir", "sticky"};
    for (size_t i = 0; i < LENGTH(places); i++) {
        char name[64];
        struct stat is = {0};
        snprintf(name, sizeof name, "%s/file-%s", places[i], user->name);
        CASE(ok(creat(name, 06755)), "%s %s makes a file in %s", origins[origin], user->name, places[i]);
        int seen = lstat(name, &is);
        fact("%d %o uid=%d gid=%d", seen, is.st_mode, is.st_uid == geteuid(), is.st_gid == getegid());
        end();
        snprintf(name, sizeof name, "%s/dir-%s", places[i], user->name);
        CASE(mkdir(name, 02755), "%s %s makes a directory in %s", origins[origin], user->name, places[i]);
        seen = lstat(name, &is);
        fact("%d %o uid=%d gid=%d", seen, is.st_mode, is.st_uid == geteuid(), is.st_gid == getegid());
        end();
        int fd = open(places[i], O_TMPFILE | O_RDWR, 0600);
        CASE(ok(fd), "%s %s makes an unnamed file in %s", origins[origin], user->name, places[i]);
        fact("uid=%d %zd", fstat(fd, &is) == 0 && is.st_uid == geteuid(), write(fd, "u", 1));
        snprintf(name, sizeof name, "%s/risen-%s", places[i], user->name);
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        fact("%d", linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW));
        end();
        drop(fd);
    }
}

/* Sticky directories: of others' things only their owners, the directory's and root take away. */
static void sticky(enum origin origin, const struct user *user) {
    static const char *const things[] = {"sticky/owners", "sticky/members", "sticky/roots",
                                         "sticky/members-dir"};
    for (size_t i = 0; i < LENGTH(things); i++) {
        LINE(rename(things[i], "open-dir/taken"), "%s %s takes %s", origins[origin], user->name, things[i]);
        rename("open-dir/taken", things[i]);
        drop(creat("open-dir/new", 0644));
        LINE(rename("open-dir/new", things[i]), "%s %s replaces %s", origins[origin], user->name, things[i]);
        LINE(renameat2(AT_FDCWD, "open-dir/new", AT_FDCWD, things[i], RENAME_EXCHANGE), "%s %s exchanges %s",
             origins[origin], user->name, things[i]);
        LINE(unlink(things[i]), "%s %s removes %s", origins[origin], user->name, things[i]);
        LINE(rmdir(things[i]), "%s %s removes the directory %s", origins[origin], user->name, things[i]);
    }
}

static void (*const parts[])(enum origin origin, const struct user *user) = {
    chmods, chowns, times, writes, made, attributes, sticky};

static void furnish_for(const struct user *user) {
    static const char *const lends[] = {"lends-1", "lends-2", "lends-3", "lends-4"};
    for (size_t i = 0; i < LENGTH(lends); i++) {
        put(lends[i], "lends rights\n");
        NEED(chmod(lends[i], i == 3 ? 02767 : 06777));
    }
    put("mine", "one's own\n");
    put("lent", "the group's\n");
    put("open", "everybody's\n");
    NEED(chmod("lent", 0664) + chmod("open", 0666));
    NEED(mkdir("minedir", 0755) + mkdir("open-dir", 0755) + mkdir("group-dir", 0755) + mkdir("sticky", 0755));
    put("sticky/owners", "o");
    put("sticky/members", "m");
    put("sticky/roots", "r");
    NEED(mkdir("sticky/members-dir", 0755));
    give_to("mine", user);
    give_to("minedir", user);
    give_to("sticky/owners", &users[OWNER]);
    give_to("sticky/members", &users[MEMBER]);
    give_to("sticky/members-dir", &users[MEMBER]);
    static const char *const owners[] = {"file", "other", "lent", "dir", "link", "group-dir"};
    for (size_t i = 0; i < LENGTH(owners); i++) {
        give_to(owners[i], &users[OWNER]);
    }
    NEED(chmod("open-dir", 0777) + chmod("group-dir", 02777) + chmod("sticky", 01777));
}

void user_rights(enum origin origin) {
    for (size_t i = 0; i < USERS; i++) {
        for (size_t k = 0; k < LENGTH(parts); k++) {
            room(origin);
            furnish_for(&users[i]);
            as_user(&users[i], parts[k], origin);
        }
    }
}
