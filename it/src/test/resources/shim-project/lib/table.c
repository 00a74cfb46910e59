#include "table.h"

int table_add(struct table *table, uint64_t number) {
    if (table->count == MOST_NUMBERS) {
        return -1;
    }
    table->numbers[table->count++] = number;
    return 0;
}
