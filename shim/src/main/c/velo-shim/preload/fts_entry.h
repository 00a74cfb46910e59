#ifndef VELO_FTS_ENTRY_H
#define VELO_FTS_ENTRY_H

#include <fts.h>
#include <stdbool.h>

/* What fts(3) tells of one file. */

#define FTS_NO_INSTRUCTION 3 /* as glibc's <fts.h> numbers it where it is private */

/* The path is the directory's and the name, or the name alone at the level of the roots and above. NULL: no
 * memory. */
FTSENT *fts_make(FTSENT *parent, const char *name, short level);

/* Looks at it, and at what is above it for a cycle: FTS_D and so on. Fills in what it finds. */
unsigned short fts_kind(FTSENT *entry, bool follow);

void fts_release(FTSENT *entry);
/* All that are linked. */
void fts_release_list(FTSENT *entry);

#endif
