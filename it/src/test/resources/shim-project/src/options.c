#include "options.h"

#include <stdlib.h>
#include <string.h>

int options_read(int argc, char **argv, struct options *into) {
    *into = (struct options){.base = 10};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-b") == 0 && i + 1 < argc) {
            into->base = (unsigned)atoi(argv[++i]);
        } else {
            into->file = argv[i];
        }
    }
    return into->file == NULL || into->base < 2 ? -1 : 0;
}
