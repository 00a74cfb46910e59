#ifndef ACTS_H
#define ACTS_H

#include "battery.h"

/*
 * Every system call that takes a path, as a function of that path alone, so that a subject can try all of
 * them on all paths. A descriptor that one opens is closed again. Those that need a second name use
 * "spare", which must be there.
 */
struct act {
    const char *name;
    long (*run)(const char *path);
};

extern const struct act acts[];
extern const size_t act_count;

/* In the current directory: "pipe", "sock", and where the user may make devices "char" (the one that
 * swallows all), "block" and "nodriver" (of numbers that nothing drives). Else files of these names. */
void make_nodes(void);
/* Makes the file "spare" where there is none. */
void make_spare(void);

#endif
