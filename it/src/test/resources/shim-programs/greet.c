/* Says how it was started, and reads a file that it finds by its own place. */
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char place[4096], line[64] = "";
    printf("argv[0] %s, %d more\n", argv[0], argc - 1);
    for (int i = 1; i < argc; i++) {
        printf("argument '%s'\n", argv[i]);
    }
    ssize_t length = readlink("/proc/self/exe", place, sizeof place - 64);
    if (length < 0) {
        perror("readlink");
        return 1;
    }
    place[length] = '\0';
    printf("program %s\n", place);
    strcpy(place, dirname(place));
    strcat(place, "/../data/n40.txt");
    FILE *file = fopen(place, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        perror(place);
        return 1;
    }
    fclose(file);
    printf("first line %s", line);
    return 0;
}
