#ifndef VELO_OPENING_H
#define VELO_OPENING_H

#include "resolve.h"

/* Opens what is there, with the flags of open(2). -EAGAIN: it was taken away meanwhile, look again. */
long open_node(struct caller *caller, const struct target *target, int flags);

/* call_open, with more flags of resolve.h. */
long open_by(struct caller *caller, int at, const char *path, int flags, unsigned mode, unsigned how,
             char *elsewhere);

#endif
