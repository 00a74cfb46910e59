#include "options.h"
#include "report.h"
#include "text.h"

int main(int argc, char **argv) {
    struct options options;
    struct table table = {.count = 0};
    if (options_read(argc, argv, &options) != 0) {
        fprintf(stderr, "numbers: cannot read the arguments: no file; name one\n");
        return 2;
    }
    FILE *file = fopen(options.file, "r");
    if (file == NULL || text_read(file, &table) != 0) {
        perror(options.file);
        return 1;
    }
    fclose(file);
    table_sort(&table);
    report(&table, options.base, stdout);
    return 0;
}
