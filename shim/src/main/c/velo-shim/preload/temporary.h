#ifndef VELO_TEMPORARY_H
#define VELO_TEMPORARY_H

#include "sys.h"

/*
 * Puts random characters where the XXXXXX of a template are, `suffix` bytes before its end, until make says
 * something else than -EEXIST: that is the result, or -EINVAL where the template is none.
 */
long temporary_name(char *template, int suffix, long (*make)(const char *name, int flags), int flags);

/* A file without a name, open for reading and writing, where tmpfile(3) makes it. */
long temporary_file(void);

#endif
