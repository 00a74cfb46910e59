#ifndef TABLE_H
#define TABLE_H

#include "config.h"

#include <stddef.h>
#include <stdint.h>

struct table {
    uint64_t numbers[MOST_NUMBERS];
    size_t count;
};

/* 0, or -1 where the table is full. */
int table_add(struct table *table, uint64_t number);
void table_sort(struct table *table);

#endif
