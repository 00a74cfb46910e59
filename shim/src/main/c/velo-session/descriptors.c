#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_listed(const char *kept, long number) {
    for (const char *at = kept; *at != '\0';) {
        char *end;
        const long each = strtol(at, &end, 10);
        if (end != at && each == number) {
            return true;
        }
        at = *end == ',' && end != at ? end + 1 : "";
    }
    return false;
}

/* A JVM before this program leaves some of its own open; only who was there before that knows which are the
 * caller's. */
void sort_descriptors(const char *kept, int lock) {
    static const char remedy[] = "mount a procfs on /proc";
    if (fcntl(lock, F_SETFD, FD_CLOEXEC) != 0) {
        fail_errno("start it through velo run", "cannot keep the lock of the run");
    }
    if (strcmp(kept, "all") == 0) {
        return;
    }
    DIR *all = opendir("/proc/self/fd");
    if (all == NULL) {
        fail_errno(remedy, "cannot find the descriptors of the caller");
    }
    for (const struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
        const long number = strtol(entry->d_name, NULL, 10);
        if (number > STDERR_FILENO && number != lock && number != dirfd(all) && !is_listed(kept, number)) {
            close((int)number);
        }
    }
    closedir(all);
}
