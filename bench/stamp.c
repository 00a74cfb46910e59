/*
 * Stands in a program's place and notes when it was executed: a line of milliseconds by CLOCK_MONOTONIC in
 * PROGRAM.stamps. Then it becomes PROGRAM.real, with what is in PROGRAM.option, if there is such a file, as
 * the first argument. PROGRAM is where this one lies.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 4096 };

int main(int argc, char **argv) {
    char program[LONGEST - 16];
    char path[LONGEST];
    char line[64];
    char option[LONGEST];
    char *arguments[argc + 2];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0) {
        return 126;
    }
    program[length] = '\0';
    snprintf(path, sizeof path, "%s.stamps", program);
    int stamps = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    snprintf(line, sizeof line, "%.3f\n", (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
    if (stamps < 0 || write(stamps, line, strlen(line)) < 0) {
        return 126;
    }
    snprintf(path, sizeof path, "%s.option", program);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? 0 : read(file, option, sizeof option - 1);
    int count = 0;
    arguments[count++] = argv[0];
    if (got > 0) {
        option[got] = '\0';
        option[strcspn(option, "\n")] = '\0';
        arguments[count++] = option;
    }
    for (int i = 1; i <= argc; i++) {
        arguments[count++] = argv[i];
    }
    snprintf(path, sizeof path, "%s.real", program);
    execv(path, arguments);
    return 127;
}
