#ifndef STORM_H
#define STORM_H

#include "battery.h"

/* Random changes of a tree of names, and whether what is left of it fits together. */

/* One random call on random names below the current directory; its result and error are mixed in. */
uint32_t storm_step(uint32_t sum);

/* Walks the current directory. How many things do not fit: links that are not there, d_type and d_ino that
 * are not those of stat(2), numbers of links of directories, files that cannot be read. */
unsigned storm_faults(unsigned *things);

/* A line for each thing: its path, type, mode, links, size and a sum of its content. */
void storm_list(const char *label);

/* Removes all; what could not be. */
unsigned storm_clear(void);

#endif
