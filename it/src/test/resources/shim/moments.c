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
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
}

/* A directory of its own for each thing, so that the clock is waited for once. */
static void cell_for(size_t i) {
    char cell[16], path[64];
    snprintf(cell, sizeof cell, "cell-%zu", i);
    NEED(mkdir(cell, 0755));
    snprintf(path, sizeof path, "%s/%s", cell, things[i]);
    need(rename(things[i], path) == 0 || errno == ENOENT, path);
    NEED(chdir(cell));
    make_spare();
    if (strcmp(things[i], "link") == 0) {
        NEED(rename("../linked", "linked"));
    }
    NEED(chdir(".."));
}

static void try_thing(enum origin origin, const struct act *act, const char *name) {
    struct times thing = now_of(name), parent = now_of("."), target = now_of("linked"),
                 spare = now_of("spare");
    CASE(act->run(name), "%s %s %s", origins[origin], act->name, name);
    moved("thing", thing, name);
    moved("parent", parent, ".");
    moved("target", target, "linked");
    moved("spare", spare, "spare");
    end();
}

static void try_act(enum origin origin, const struct act *act) {
    room(origin);
    NEED(mkfifo("pipe", 0644));
    for (size_t i = 0; i < LENGTH(things); i++) {
        cell_for(i);
    }
    wait_for_clock();
    for (size_t i = 0; i < LENGTH(things); i++) {
        char cell[16];
        snprintf(cell, sizeof cell, "cell-%zu", i);
        NEED(chdir(cell));
        try_thing(origin, act, things[i]);
        NEED(chdir(".."));
    }
}

void moments_subject(void) {
    BOTH(origin) {
        for (size_t i = 0; i < act_count; i++) {
            try_act(origin, &acts[i]);
        }
    }
}
