#include "acts.h"

#include <sys/xattr.h>

/* Extended attributes: how long names, values and lists may be, and what each kind of thing may have. */

static char value[70000];

static void sizes(enum origin origin, const char *thing) {
    static const size_t lengths[] = {0, 1, 100, 1000, 65536, 65537};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        memset(value, 'v', sizeof value);
        CASE(setxattr(thing, "user.size", value, lengths[i], 0), "%s %s value of %zu", origins[origin], thing,
             lengths[i]);
        fact("%zd", getxattr(thing, "user.size", NULL, 0));
        fact("%zd %s", getxattr(thing, "user.size", value, 10), error_name(errno));
        end();
    }
    LINE(removexattr(thing, "user.size"), "%s %s without it", origins[origin], thing);
}

static void names(enum origin origin, const char *thing) {
    static const size_t lengths[] = {6, 255, 256, 300};
    char name[400];
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        memset(name, 'n', sizeof name);
        memcpy(name, "user.", 5);
        name[lengths[i]] = 0;
        LINE(setxattr(thing, name, "v", 1, 0), "%s %s name of %zu", origins[origin], thing, lengths[i]);
        LINE(getxattr(thing, name, value, 1), "%s %s its value %zu", origins[origin], thing, lengths[i]);
        LINE(removexattr(thing, name), "%s %s without %zu", origins[origin], thing, lengths[i]);
    }
    static const char *const odd[] = {"",          "user",    "user.", "u",           "trusted.",
                                      "trusted.a", "other.a", ".a",    "user.a.b/c d"};
    for (size_t i = 0; i < LENGTH(odd); i++) {
        LINE(setxattr(thing, odd[i], "v", 1, 0), "%s %s set '%s'", origins[origin], thing, odd[i]);
        LINE(getxattr(thing, odd[i], value, 1), "%s %s get '%s'", origins[origin], thing, odd[i]);
        LINE(removexattr(thing, odd[i]), "%s %s remove '%s'", origins[origin], thing, odd[i]);
    }
}

static void flags(enum origin origin, const char *thing) {
    LINE(setxattr(thing, "user.f", "v", 1, XATTR_REPLACE), "%s %s replace none", origins[origin], thing);
    LINE(setxattr(thing, "user.f", "v", 1, XATTR_CREATE), "%s %s create", origins[origin], thing);
    LINE(setxattr(thing, "user.f", "w", 1, XATTR_CREATE), "%s %s create again", origins[origin], thing);
    LINE(setxattr(thing, "user.f", "x", 1, XATTR_REPLACE), "%s %s replace", origins[origin], thing);
    LINE(setxattr(thing, "user.f", "y", 1, XATTR_REPLACE | XATTR_CREATE), "%s %s both", origins[origin],
         thing);
    LINE(setxattr(thing, "user.f", "y", 1, 4), "%s %s unknown", origins[origin], thing);
    LINE(setxattr(thing, "user.f", NULL, 0, 0), "%s %s nothing at all", origins[origin], thing);
    LINE(setxattr(thing, "user.f", nowhere, 4, 0), "%s %s from nowhere", origins[origin], thing);
    LINE(setxattr(thing, nowhere, "v", 1, 0), "%s %s a name from nowhere", origins[origin], thing);
    LINE(getxattr(thing, nowhere, value, 1), "%s %s asked from nowhere", origins[origin], thing);
    NEED(setxattr(thing, "user.f", "yes", 3, 0));
    LINE(getxattr(thing, "user.f", nowhere, 4), "%s %s into nowhere", origins[origin], thing);
}

static void lists(enum origin origin, const char *thing) {
    char list[4096];
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "user.list-%d", i);
        NEED(setxattr(thing, name, name, strlen(name), 0));
    }
    CASE(listxattr(thing, list, sizeof list), "%s %s list", origins[origin], thing);
    fact("%zd %zd", listxattr(thing, NULL, 0), listxattr(thing, list, 10));
    fact("%s", error_name(errno));
    end();
    LINE(listxattr(thing, nowhere, 4096), "%s %s list into nowhere", origins[origin], thing);
    struct stat before = status(thing);
    tick();
    NEED(setxattr(thing, "user.list-3", "other", 5, 0));
    struct stat after = status(thing);
    CASE(0, "%s %s times", origins[origin], thing);
    fact("mtime=%d ctime=%d", compare_times(before.st_mtim, after.st_mtim),
         compare_times(before.st_ctim, after.st_ctim));
    fact("%d", (int)after.st_nlink);
    end();
}

/* What comes along: a second name, a rename, but no copy of the content. */
static void along(enum origin origin) {
    room(origin);
    NEED(setxattr("file", "user.along", "here", 4, 0));
    NEED(link("file", "second"));
    CASE(getxattr("second", "user.along", value, 10), "%s a second name has it", origins[origin]);
    NEED(rename("second", "full/third"));
    fact("%zd", getxattr("full/third", "user.along", value, 10));
    NEED(rename("full", "moved"));
    fact("%zd", getxattr("moved/third", "user.along", value, 10));
    fact("twin=%zd", getxattr("twin", "user.along", value, 10));
    end();
    NEED(setxattr("dir", "user.along", "dir", 3, 0));
    NEED(rename("dir", "moved/dir"));
    CASE(getxattr("moved/dir", "user.along", value, 10), "%s a moved directory has it", origins[origin]);
    NEED(rmdir("moved/dir"));
    NEED(mkdir("moved/dir", 0755));
    fact("new=%zd", getxattr("moved/dir", "user.along", value, 10));
    end();
    put("moved/third", "written anew\n");
    LINE(getxattr("moved/third", "user.along", value, 10), "%s after it was truncated", origins[origin]);
}

static void kinds(enum origin origin) {
    static const char *const things[] = {"file", "dir", "link", "pipe", "sock", "char"};
    room(origin);
    make_nodes();
    for (size_t i = 0; i < LENGTH(things); i++) {
        LINE(lsetxattr(things[i], "user.k", "v", 1, 0), "%s user attribute of %s", origins[origin],
             things[i]);
        LINE(lgetxattr(things[i], "user.k", value, 1), "%s its value, %s", origins[origin], things[i]);
        LINE(lsetxattr(things[i], "trusted.k", "v", 1, 0), "%s trusted attribute of %s", origins[origin],
             things[i]);
        CASE(lgetxattr(things[i], "trusted.k", value, 1), "%s trusted value of %s", origins[origin],
             things[i]);
        fact("%zd", llistxattr(things[i], value, 100));
        end();
        LINE(lremovexattr(things[i], "trusted.k"), "%s without trusted, %s", origins[origin], things[i]);
    }
}

void values_subject(void) {
    static const char *const things[] = {"file", "dir"};
    BOTH(origin) {
        for (size_t i = 0; i < LENGTH(things); i++) {
            room(origin);
            sizes(origin, things[i]);
            names(origin, things[i]);
            flags(origin, things[i]);
            lists(origin, things[i]);
        }
        along(origin);
        kinds(origin);
    }
}
