#include "table.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

void table_sort(struct table *table) {
    qsort(table->numbers, table->count, sizeof table->numbers[0], ascending);
}
