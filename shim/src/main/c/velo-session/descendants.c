#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -1: there is no such process any more. */
static pid_t parent_of(pid_t process) {
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    if (length <= 0) {
        return -1;
    }
    text[length] = '\0';
    /* The name in parentheses may hold anything. */
    const char *behind = strrchr(text, ')');
    long parent = -1;
    return behind != NULL && sscanf(behind, ") %*c %ld", &parent) == 1 ? (pid_t)parent : -1;
}

/* Orphans of the run come to this process, so a chain that does not lead here is of others. */
bool is_descendant(pid_t process) {
    enum { LONGEST = 4096 };
    const pid_t self = getpid();
    for (int steps = 0; process > 1 && steps < LONGEST; steps++) {
        process = parent_of(process);
        if (process == self) {
            return true;
        }
    }
    return false;
}

size_t signal_descendants(int number) {
    size_t reached = 0;
    DIR *all = opendir("/proc");
    if (all == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
        const pid_t process = (pid_t)strtol(entry->d_name, NULL, 10);
        if (process > 1 && is_descendant(process) && kill(process, number) == 0) {
            reached++;
        }
    }
    closedir(all);
    return reached;
}
