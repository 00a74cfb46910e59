#include "random_way.h"

#include <string.h>
#include <unistd.h>

struct pair pairs[PAIRS];

static uint64_t state;

void roll_from(uint64_t seed) {
    state = seed * 2654435761u + 17;
}

unsigned roll(unsigned below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % below;
}

int fd_of(const struct side *side, int pair) {
    return pair < 0 ? AT_FDCWD : side->real ? pairs[pair].real : pairs[pair].shown;
}

static struct way some_way(void) {
    static const char *const NAMES[] = {"a", "b", "c", "d", "e", "f", "g",  "h",
                                        "l", "m", "a", "b", "l", ".", "..", ""};
    struct way way = {"", -1};
    unsigned kind = roll(10), depth = 1 + roll(4);
    if (kind < 6) {
        strcpy(way.text, "@/");
    } else if (kind < 8) {
        way.pair = (int)roll(PAIRS);
    }
    for (unsigned i = 0; i < depth; i++) {
        strcat(way.text, NAMES[roll(i == 0 ? (kind < 6 ? 13 : 15) : 16)]);
        strcat(way.text, i + 1 < depth || roll(12) == 0 ? "/" : "");
    }
    return way;
}

/* Whoever climbs out of the directory beside must not do anything there: the tree's neighbours are others. */
static bool climbs(const struct side *side, const struct way *way) {
    char path[PATH_MAX], place[PATH_MAX];
    struct way up = *way;
    for (;;) {
        const struct side *it = side;
        long fd = on_open(it, fd_of(it, up.pair), up.text, O_PATH | O_CLOEXEC, 0);
        if (fd >= 0) {
            snprintf(path, sizeof path, "/proc/self/fd/%ld", fd);
            ssize_t length = readlink(path, place, sizeof place - 1);
            close((int)fd);
            place[length < 0 ? 0 : length] = 0;
            size_t base = strlen(real.base);
            return strncmp(place, real.base, base) != 0 ||
                   (place[base] != 0 && place[base] != '/' && place[base] != ' ');
        }
        char *slash = strrchr(up.text, '/');
        if (slash == NULL) {
            return false;
        }
        *slash = 0;
    }
}

/* The same by what the core says, which sees names that are not there yet. */
static bool leaves(const struct way *way) {
    static char room[PATH_MAX], path[PATH_MAX];
    struct target target = {.room = room};
    bool base = way->text[0] == '@';
    snprintf(path, sizeof path, "%s%s", base ? shown.base : "", way->text + base);
    static const unsigned HOW[] = {RESOLVE_PLACE, RESOLVE_MAY_LACK, 0};
    for (unsigned i = 0; i < 3; i++) {
        if (fchdir(shown.cwd) == 0 &&
            resolve(&caller, fd_of(&shown, way->pair), path, HOW[i], &target) == 0 &&
            target.kind != TARGET_TREE) {
            return true;
        }
    }
    return false;
}

/* The kernel still knows the parent of a directory that was removed; the tree does not. */
static bool starts_nowhere(const struct way *way) {
    struct stat status;
    int fd = way->pair < 0 ? shown.cwd : fd_of(&shown, way->pair);
    return way->text[0] != '@' && strstr(way->text, "..") != NULL &&
           on_stat(&shown, fd, "", AT_EMPTY_PATH, &status) == 0 && status.st_nlink == 0;
}

struct way way(void) {
    struct way some = some_way();
    while (leaves(&some) || starts_nowhere(&some) ||
           (strstr(some.text, "..") != NULL && climbs(&real, &some))) {
        some = some_way();
    }
    return some;
}
