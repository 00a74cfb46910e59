#ifndef TEXT_H
#define TEXT_H

#include "table.h"

#include <stdio.h>

/* Numbers, one a line; lines that begin with # are left out. 0, or -1. */
int text_read(FILE *from, struct table *into);

#endif
