#include "text.h"

#include <stdlib.h>

int text_read(FILE *from, struct table *into) {
    char line[128];
    while (fgets(line, sizeof line, from) != NULL) {
        if (line[0] != '#' && table_add(into, strtoull(line, NULL, 10)) != 0) {
            return -1;
        }
    }
    return ferror(from) ? -1 : 0;
}
