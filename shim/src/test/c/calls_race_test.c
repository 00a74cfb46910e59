#include "beside.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Several processes at the same files at once. */

static const struct made_entry ENTRIES[] = {
    {'d', "a", 0777, NULL, 0},      {'f', "a/log", 0644, NULL, 50000}, {'d', "b", 0755, NULL, 0},
    {'f', "a/one", 0644, NULL, 10}, {'d', "b/d", 0755, NULL, 0},
};

enum { WORKERS = 4, ROUNDS = 60, LINE = 16 };

/* All find the file to be a blob, and each has to end with the one that was published. */
static bool append(unsigned worker) {
    char line[LINE + 1];
    bool good = true;
    for (unsigned i = 0; i < ROUNDS && good; i++) {
        long fd = on_open(&shown, AT_FDCWD, "@/a/log", O_WRONLY | O_APPEND | O_CLOEXEC, 0);
        snprintf(line, sizeof line, "%u %-13u\n", worker, i);
        good = fd >= 0 && write((int)fd, line, LINE) == LINE;
        close((int)fd);
    }
    return good;
}

/* A directory that others open for the first time, too, is recognised by everybody at once. */
static bool look_into(unsigned worker) {
    char name[40];
    bool good = true;
    for (unsigned i = 0; i < ROUNDS && good; i++) {
        snprintf(name, sizeof name, "@/b/d/%u", i);
        long made = on_mkdir(&shown, AT_FDCWD, name, 0755);
        long fd = on_open(&shown, AT_FDCWD, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        char mine[20];
        snprintf(mine, sizeof mine, "w%u", worker);
        good = (made == 0 || made == -EEXIST) && fd >= 0 && on_mkdir(&shown, (int)fd, mine, 0755) == 0;
        close((int)fd);
    }
    return good;
}

/* One name that everybody makes, writes, renames over another one and removes. */
static bool quarrel(unsigned worker) {
    bool good = true;
    char bytes[10];
    for (unsigned i = 0; i < 5 * ROUNDS && good; i++) {
        long fd = on_open(&shown, AT_FDCWD, "@/a/one",
                          O_RDWR | O_CREAT | (i % 3 == 0 ? O_TRUNC : 0) | O_CLOEXEC, 0644);
        good = fd >= 0 && write((int)fd, "0123456789", 10) == 10 && pread((int)fd, bytes, 10, 0) >= 0;
        struct stat status = {0};
        good = good && on_stat(&shown, (int)fd, "", AT_EMPTY_PATH, &status) == 0 &&
               status.st_dev == world.device;
        close((int)fd);
        long result = (i + worker) % 2 == 0 ? on_unlink(&shown, AT_FDCWD, "@/a/one", 0)
                                            : on_rename(&shown, AT_FDCWD, "@/a/one", AT_FDCWD, "@/a/two", 0);
        if (!good || (result != 0 && result != -ENOENT)) {
            fprintf(stderr, "round %u: open %ld, rename or unlink %ld, device %lx\n", i, fd, result,
                    (unsigned long)status.st_dev);
            good = false;
        }
    }
    return good;
}

static void all_at(bool (*work)(unsigned worker), const char *what) {
    pid_t children[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(!work(i));
        }
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        int status = -1;
        bool good = waitpid(children[i], &status, 0) == children[i] && status == 0;
        if (!good) {
            fprintf(stderr, "status %x\n", (unsigned)status);
        }
        check(good, __FILE__, __LINE__, what);
    }
}

int main(void) {
    struct stat status;
    char name[40];
    make_both(ENTRIES, sizeof ENTRIES / sizeof *ENTRIES, geteuid());
    all_at(append, "append");
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/log", 0, &status), 0);
    CHECK_IS(status.st_size, 50000 + WORKERS * ROUNDS * LINE);
    all_at(look_into, "look into");
    for (unsigned i = 0; i < WORKERS * ROUNDS; i++) {
        snprintf(name, sizeof name, "@/b/d/%u/w%u", i / WORKERS, i % WORKERS);
        CHECK_IS(on_stat(&shown, AT_FDCWD, name, 0, &status), 0);
    }
    all_at(quarrel, "quarrel");
    remove_both();
    printf("races: %u failures\n", failures);
    return failures != 0;
}
