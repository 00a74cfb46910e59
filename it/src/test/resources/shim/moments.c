#include "acts.h"

#include <time.h>

/* Which times of a thing, of the directory that it is in, and of a second one each call moves; one that fails
 * moves none. Access times are left out: who reads may or may not move them. */

static const char *const things[] = {"file", "dir", "full", "link", "pipe", "absent"};

struct times {
    bool there;
    struct stat is;
};

static struct times now_of(const char *path) {
    struct times times = {0};
    times.there = lstat(path, &times.is) == 0;
    return times;
}

static void moved(const char *name, struct times before, const char *path) {
    struct times after = now_of(path);
    if (!before.there || !after.there || before.is.st_ino != after.is.st_ino) {
        fact("%s=%s", name, before.there ? (after.there ? "another" : "gone") : after.there ? "new" : "none");
        return;
    }
    fact("%s=%d,%d", name, compare_times(before.is.st_mtim, after.is.st_mtim),
         compare_times(before.is.st_ctim, after.is.st_ctim));
}

/* Longer than the clock of the file system stands still. */
static void wait_for_clock(void) {
    nanosleep(&(struct timespec){.tv_nsec = 11 * 1000 * 1000}, NULL);
}

static void try_act(enum origin origin, const struct act *act) {
    room(origin);
    NEED(mkfifo("pipe", 0644));
    for (size_t i = 0; i < LENGTH(things); i++) {
        make_spare();
        struct times thing = now_of(things[i]), parent = now_of("."), target = now_of("linked"),
                     spare = now_of("spare");
        wait_for_clock();
        CASE(act->run(things[i]), "%s %s %s", origins[origin], act->name, things[i]);
        moved("thing", thing, things[i]);
        moved("parent", parent, ".");
        moved("target", target, "linked");
        moved("spare", spare, "spare");
        end();
    }
}

void moments_subject(void) {
    BOTH(origin) {
        for (size_t i = 0; i < act_count; i++) {
            try_act(origin, &acts[i]);
        }
    }
}
