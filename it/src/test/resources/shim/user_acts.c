#include "users.h"

/* Every call by the owner, by who is in the group, and by everybody else, in directories of several modes. */

static const char *const things[] = {"file", "other", "dir", "full/inner", "link", "pipe", "absent", "lent"};
static unsigned mode;

static void furnish_for_owner(void) {
    static const char *const given[] = {"file", "other", "dir", "full", "full/inner", "link", "linked", "."};
    NEED(mkfifo("pipe", 0660));
    NEED(chmod("pipe", 0660));
    put("lent", "for the group\n");
    for (size_t i = 0; i < LENGTH(given); i++) {
        give_to(given[i], &users[OWNER]);
    }
    give_to("pipe", &users[OWNER]);
    give_to("lent", &users[OWNER]);
    NEED(chmod("lent", 0664));
    NEED(chmod("full", mode & 0777));
    NEED(chmod(".", mode));
}

static bool takes_away(const char *name) {
    return strcmp(name, "unlink") == 0 || strcmp(name, "rmdir") == 0 || strcmp(name, "rename to") == 0;
}

/* Who fails halfway would end the program: those are tried where they may succeed as a whole. */
static bool needs_spare(const char *name) {
    return strncmp(name, "link ", 5) == 0 || strncmp(name, "rename ", 7) == 0 ||
           strcmp(name, "exchange") == 0;
}

static void all_acts(enum origin origin, const struct user *user) {
    for (size_t i = 0; i < act_count; i++) {
        for (size_t k = 0; k < LENGTH(things); k++) {
            if (!needs_spare(acts[i].name) || takes_away(acts[i].name)) {
                CASE(acts[i].run(things[k]), "%s %s %o %s %s", origins[origin], user->name, mode,
                     acts[i].name, things[k]);
                end();
            }
        }
    }
    static const char *const pairs[][2] = {{"file", "full/moved"}, {"dir", "full/dir"},
                                           {"link", "link-2"},     {"lent", "other"},
                                           {"absent", "absent-2"}, {"full", "full-2"}};
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        LINE(link(pairs[i][0], pairs[i][1]), "%s %s %o link %s", origins[origin], user->name, mode,
             pairs[i][0]);
        LINE(rename(pairs[i][0], pairs[i][1]), "%s %s %o rename %s", origins[origin], user->name, mode,
             pairs[i][0]);
    }
}

static void leaves(enum origin origin, const char *name) {
    CASE(0, "%s %s %o leaves", origins[origin], name, mode);
    show_names(".");
    for (size_t i = 0; i < LENGTH(things); i++) {
        struct stat is;
        if (lstat(things[i], &is) == 0) {
            fact("%s=%o,%d,%d", things[i], is.st_mode, is.st_uid == users[OWNER].uid,
                 is.st_gid == users[OWNER].gid);
        }
    }
    end();
}

void user_acts(enum origin origin) {
    static const unsigned modes[] = {0755, 0777, 01777, 0700, 02771};
    for (size_t m = 0; m < LENGTH(modes); m++) {
        for (size_t i = 0; i < USERS; i++) {
            mode = modes[m];
            room(origin);
            furnish_for_owner();
            as_user(&users[i], all_acts, origin);
            leaves(origin, users[i].name);
        }
    }
}
