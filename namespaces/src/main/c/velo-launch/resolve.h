/* Paths that are walked without following a link. */
#ifndef VELO_RESOLVE_H
#define VELO_RESOLVE_H

#include <stdbool.h>

/* Each returns a descriptor (O_PATH) or -1 with errno, ELOOP where a link was met. */
/* Of the process's root, or of the working directory. */
int resolve(const char *path);
/* Of that directory, which is also what "/" means, and which is never left. */
int resolve_inside(int directory, const char *path);
/* The same of a path that does not begin with "/". */
int resolve_below(int directory, const char *path);

/* Whether openat2 is not there, or not allowed, as far as this process knows. */
bool openat2_is_missing(void);

#endif
