#ifndef VELO_STATIC_PROGRAM_H
#define VELO_STATIC_PROGRAM_H

#include "sys.h"

/*
 * Nothing loads this library into a static program: it sees the directories of the session as they are, from
 * which ".." leads into the store, and may open a blob that it was given for writing. So it is not started
 * where it or its script is of the tree, or where it has anything of the tree to begin with: its current
 * directory, or a blob as descriptor 0, 1 or 2. Said on standard error, once a process. 0 or -EACCES.
 */
long static_program_allowed(const char *name, const struct program *program);

#endif
