#include "beside.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Who may do what: owners, groups and others, on both sides as the same user. */

static const struct made_entry ENTRIES[] = {
    {'d', "d", 0755, NULL, 0},       {'f', "f", 0644, NULL, 10},   {'f', "upper", 0644, NULL, 10},
    {'d', "sticky", 01777, NULL, 0}, {'d', "open", 0777, NULL, 0}, {'d', "d/e", 0777, NULL, 0},
    {'f', "d/f", 0666, NULL, 5},     {'l', "to-d", 0777, "d", 0},
};

enum { OWNER = 11, GROUP = 12, OTHER = 13 };

static void become(unsigned uid, unsigned gid, unsigned more) {
    gid_t groups[1] = {more};
    if (setegid(gid) != 0 || setgroups(1, groups) != 0 || seteuid(uid) != 0) {
        abort();
    }
}

static void be_root(void) {
    if (seteuid(0) != 0 || setegid(0) != 0 || setgroups(0, NULL) != 0) {
        abort();
    }
}

static const struct {
    unsigned uid, gid, more;
} WHO[] = {
    {OWNER, OTHER, OTHER}, {OTHER, GROUP, OTHER}, {OTHER, OTHER, GROUP}, {OTHER, OTHER, OTHER}, {0, 0, 0}};
enum { PEOPLE = 5 };

/* Every mode against everybody, for files of the store, files that were written, and directories. */
static void modes(void) {
    static const char *const NAMES[] = {"@/f", "@/upper", "@/d"};
    struct stat status;
    int fd = (int)on_open(&shown, AT_FDCWD, "@/upper", O_WRONLY | O_CLOEXEC, 0);
    close(fd);
    for (unsigned i = 0; i < 3; i++) {
        BOTH(on_chown(side, AT_FDCWD, NAMES[i], OWNER, GROUP, 0));
    }
    for (unsigned mode = 0; mode < 01000; mode += 3) {
        for (unsigned i = 0; i < 3; i++) {
            BOTH(on_chmod(side, AT_FDCWD, NAMES[i], mode, 0));
        }
        for (unsigned who = 0; who < PEOPLE; who++) {
            become(WHO[who].uid, WHO[who].gid, WHO[who].more);
            unsigned before = failures;
            for (unsigned i = 0; i < 3; i++) {
                BOTH(on_access(side, AT_FDCWD, NAMES[i], (int)(mode / 3 % 7 + 1), AT_EACCESS));
            }
            BOTH(on_stat(side, AT_FDCWD, "@/d/f", 0, &status));
            BOTH(on_stat(side, AT_FDCWD, "@/to-d/../d/f", 0, &status));
            BOTH(on_stat(side, AT_FDCWD, "@/d/none", 0, &status));
            BOTH(on_stat(side, AT_FDCWD, "@/d/e/none", 0, &status));
            long opened = BOTH(on_open(side, AT_FDCWD, "@/f", O_RDONLY | O_CLOEXEC, 0) < 0);
            CHECK(opened == 0 || opened == 1);
            BOTH(on_chdir(side, AT_FDCWD, "@/d"));
            real.cwd = shown.cwd = -1;
            be_root();
            CHECK(chdir("/") == 0);
            become(WHO[who].uid, WHO[who].gid, WHO[who].more);
            BOTH(on_mkdir(side, AT_FDCWD, "@/d/new", 0755));
            BOTH(on_unlink(side, AT_FDCWD, "@/d/new", AT_REMOVEDIR));
            BOTH(on_rename(side, AT_FDCWD, "@/d/e", AT_FDCWD, "@/open/e", 0));
            be_root();
            on_rename(&real, AT_FDCWD, "@/open/e", AT_FDCWD, "@/d/e", 0);
            on_rename(&shown, AT_FDCWD, "@/open/e", AT_FDCWD, "@/d/e", 0);
            if (failures != before) {
                fprintf(stderr, "with mode %o, as %u\n", mode, who);
                return;
            }
        }
        closefrom(30);
    }
    CHECK(same_trees());
}

/* What belongs to others can be looked at, and not be changed. */
static void others(void) {
    struct timespec times[2] = {{1, 2}, {3, 4}};
    BOTH(on_chmod(side, AT_FDCWD, "@/d", 0755, 0));
    BOTH(on_chmod(side, AT_FDCWD, "@/f", 0666, 0));
    for (unsigned who = 0; who < PEOPLE; who++) {
        unsigned before = failures;
        BOTH(on_mkdir(side, AT_FDCWD, "@/sticky/roots", 0777));
        become(OWNER, GROUP, GROUP);
        BOTH(on_mkdir(side, AT_FDCWD, "@/sticky/owners", 0777));
        be_root();
        become(WHO[who].uid, WHO[who].gid, WHO[who].more);
        BOTH(on_chmod(side, AT_FDCWD, "@/f", 02666, 0));
        BOTH(on_chmod(side, AT_FDCWD, "@/d", 0755, 0));
        BOTH(on_chown(side, AT_FDCWD, "@/f", OTHER, -1U, 0));
        BOTH(on_chown(side, AT_FDCWD, "@/f", -1U, OTHER, 0));
        BOTH(on_chown(side, AT_FDCWD, "@/f", -1U, GROUP, 0));
        BOTH(on_utimens(side, AT_FDCWD, "@/f", times, 0));
        BOTH(on_utimens(side, AT_FDCWD, "@/f", NULL, 0));
        BOTH(on_utimens(side, AT_FDCWD, "@/d", NULL, 0));
        BOTH(on_unlink(side, AT_FDCWD, "@/sticky/roots", AT_REMOVEDIR));
        BOTH(on_rename(side, AT_FDCWD, "@/sticky/owners", AT_FDCWD, "@/sticky/roots", 0));
        BOTH(on_rename(side, AT_FDCWD, "@/sticky/owners", AT_FDCWD, "@/open/owners", 0));
        BOTH(on_unlink(side, AT_FDCWD, "@/f", 0));
        be_root();
        static const char *const MADE[] = {"@/sticky/roots", "@/sticky/owners", "@/open/owners"};
        for (unsigned i = 0; i < 3; i++) {
            on_unlink(&real, AT_FDCWD, MADE[i], AT_REMOVEDIR);
            on_unlink(&shown, AT_FDCWD, MADE[i], AT_REMOVEDIR);
        }
        CHECK(same_trees());
        BOTH(on_chown(side, AT_FDCWD, "@/f", OWNER, GROUP, 0));
        if (failures != before) {
            fprintf(stderr, "as %u\n", who);
        }
    }
}

int main(void) {
    if (geteuid() != 0) {
        printf("rights: not root, so nobody else to be: not tried\n");
        return 0;
    }
    make_both(ENTRIES, sizeof ENTRIES / sizeof *ENTRIES, 0);
    CHECK(chmod(scratch, 0755) == 0);
    modes();
    others();
    remove_both();
    printf("rights: %u failures\n", failures);
    return failures != 0;
}
