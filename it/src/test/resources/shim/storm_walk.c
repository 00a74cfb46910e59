#include "storm.h"

#include <dirent.h>

enum { THINGS = 4096 };

static struct thing {
    char path[128];
    struct stat is;
} things[THINGS];
static size_t count;
static unsigned faults;

static void wrong(bool is_wrong) {
    faults += is_wrong;
}

static void look(const char *path);

static void look_below(const char *path, const struct stat *is) {
    DIR *directory = opendir(*path ? path : ".");
    nlink_t directories = 2;
    struct dirent *entry;
    wrong(!directory);
    while (directory && (entry = readdir(directory))) {
        char below[128];
        struct stat one;
        snprintf(below, sizeof below, "%.60s%s%.60s", path, *path ? "/" : "", entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (lstat(below, &one) != 0) {
            faults++;
            continue;
        }
        wrong(one.st_ino != entry->d_ino || IFTODT(one.st_mode) != entry->d_type);
        directories += S_ISDIR(one.st_mode);
        look(below);
    }
    wrong(directory && is->st_nlink != directories);
    if (directory) {
        closedir(directory);
    }
}

static void look(const char *path) {
    struct stat is;
    if (lstat(*path ? path : ".", &is) != 0 || count == THINGS) {
        faults++;
        return;
    }
    snprintf(things[count].path, sizeof things[count].path, "%s", path);
    things[count++].is = is;
    if (S_ISDIR(is.st_mode)) {
        look_below(path, &is);
    }
}

static nlink_t names_of(ino_t number) {
    nlink_t names = 0;
    for (size_t i = 0; i < count; i++) {
        names += things[i].is.st_ino == number;
    }
    return names;
}

static bool is_readable(const struct thing *thing) {
    static char bytes[1 << 16];
    if (!S_ISREG(thing->is.st_mode)) {
        return true;
    }
    int fd = open(thing->path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, bytes, sizeof bytes);
    drop(fd);
    off_t expected = thing->is.st_size;
    return length == (expected < (off_t)sizeof bytes ? (ssize_t)expected : (ssize_t)sizeof bytes);
}

static int by_path(const void *one, const void *two) {
    return strcmp(((const struct thing *)one)->path, ((const struct thing *)two)->path);
}

unsigned storm_faults(unsigned *all) {
    count = 0;
    faults = 0;
    look("");
    for (size_t i = 0; i < count; i++) {
        wrong(!S_ISDIR(things[i].is.st_mode) && things[i].is.st_nlink != names_of(things[i].is.st_ino));
        wrong(!is_readable(&things[i]));
    }
    qsort(things, count, sizeof *things, by_path);
    *all = (unsigned)count;
    return faults;
}

static uint32_t sum_of(const char *path) {
    static char bytes[1 << 16];
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
    drop(fd);
    uint32_t sum = 0;
    for (ssize_t i = 0; i < length; i++) {
        sum = mixed(sum, (unsigned char)bytes[i]);
    }
    return sum;
}

void storm_list(const char *label) {
    unsigned all;
    storm_faults(&all);
    for (size_t i = 0; i < count; i++) {
        const struct stat *is = &things[i].is;
        CASE(0, "%s leaves %s", label, things[i].path);
        fact("%o %d %jd", is->st_mode, (int)is->st_nlink, S_ISDIR(is->st_mode) ? 0 : (intmax_t)is->st_size);
        if (S_ISREG(is->st_mode)) {
            fact("%08x", sum_of(things[i].path));
        }
        show(*things[i].path ? things[i].path : ".");
        end();
    }
}

unsigned storm_clear(void) {
    unsigned all;
    storm_faults(&all);
    unsigned left = 0;
    for (size_t i = count; i > 1; i--) {
        left += remove(things[i - 1].path) != 0;
    }
    return left;
}
