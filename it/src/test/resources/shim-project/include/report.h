#ifndef REPORT_H
#define REPORT_H

#include "table.h"

#include <stdio.h>

void report(const struct table *table, unsigned base, FILE *out);

#endif
