#ifndef VELO_RANDOM_WAY_H
#define VELO_RANDOM_WAY_H

#include "beside.h"

/* Numbers and paths by a seed, the same on both sides. */

void roll_from(uint64_t seed);
unsigned roll(unsigned below);

/* Descriptors of the same on both sides. */
enum { PAIRS = 12 };
struct pair {
    int shown, real;
};
extern struct pair pairs[PAIRS];

/* AT_FDCWD where the number is negative. */
int fd_of(const struct side *side, int pair);

/* A path, and the pair that it starts from. */
struct way {
    char text[300];
    int pair;
};

/* One that does not leave the tree. */
struct way way(void);

#endif
