#ifndef VELO_OPENING_H
#define VELO_OPENING_H

#include "resolve.h"

/* Opens what is there, with the flags of open(2). -EAGAIN: it was taken away meanwhile, look again. */
long open_node(struct caller *caller, const struct target *target, int flags);

#endif
