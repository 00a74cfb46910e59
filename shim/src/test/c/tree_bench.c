/* What a look at a path costs: 100,000 paths in random order. Not a test. */
#include "shim_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DIRECTORIES = 5000, FILES = 95000, PATHS = DIRECTORIES + FILES, ROUNDS = 9, MADE = 20000 };

static struct fixture fixture;
static struct tree *tree = &fixture.tree;
static char *paths[PATHS], *missing[PATHS];

/* Time on a processor: that of others does not count, though their use of the caches does. */
static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static char *text(const char *above, const char *name, unsigned number, const char *ending) {
    char path[512];
    snprintf(path, sizeof path, "%s%s%s%u%s", above, *above == 0 ? "" : "/", name, number, ending);
    return strdup(path);
}

static void measure(const char *what, char **of, unsigned count, bool there) {
    double best = 1e18;
    bool certain = true, searchable;
    unsigned right = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const double start = now();
        right = 0;
        for (unsigned i = 0; i < count; i++) {
            right +=
                (tree_find(tree, of[i], strlen(of[i]), &certain, &searchable) != NO_NODE) == there && certain;
        }
        const double each = (now() - start) / count;
        best = each < best ? each : best;
    }
    printf("%-44s %6.1f ns%s\n", what, best, right == count ? "" : "  WRONG ANSWERS");
}

/* The least that any look can cost: the one probe, with no look at what the session has changed. */
static void measure_probe(char **of, unsigned count) {
    double best = 1e18;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const double start = now();
        for (unsigned i = 0; i < count; i++) {
            manifest_find(&fixture.lower, of[i], strlen(of[i]));
        }
        const double each = (now() - start) / count;
        best = each < best ? each : best;
    }
    printf("%-44s %6.1f ns\n", "the manifest's probe alone", best);
}

static void shuffle(char **of, unsigned count, uint64_t *seed) {
    for (unsigned i = count - 1; i > 0; i--) {
        const unsigned j = draw(seed, i + 1);
        char *other = of[i];
        of[i] = of[j];
        of[j] = other;
    }
}

static char *made[MADE];

static void make_some(uint64_t *seed) {
    for (unsigned i = 0; i < MADE; i++) {
        const char *above = paths[draw(seed, DIRECTORIES)];
        char name[64];
        snprintf(name, sizeof name, "made-in-this-run-%u.o", i);
        add(tree, find(tree, above), name, NODE_FILE);
        made[i] = text(above, "made-in-this-run-", i, ".o");
    }
}

int main(void) {
    static struct made_entry entries[PATHS];
    uint64_t seed = 42;
    for (unsigned i = 0; i < PATHS; i++) {
        const bool directory = i < DIRECTORIES;
        const char *above = i < 20 ? "" : paths[directory ? draw(&seed, i) : draw(&seed, DIRECTORIES)];
        above = strlen(above) > 150 ? "" : above;
        paths[i] = text(above, directory ? "module-" : "source-file-", i, directory ? "" : ".js");
        entries[i] = (struct made_entry){directory ? 'd' : 'f', paths[i], directory ? 0755 : 0644, NULL, 5};
        char not [512];
        snprintf(not, sizeof not, "%s-not", paths[i]);
        missing[i] = strdup(not );
    }
    fixture_make(&fixture, entries, PATHS, &real_kernel);
    char **sorted = malloc(sizeof paths);
    memcpy(sorted, paths, sizeof paths);
    shuffle(sorted, PATHS, &seed);
    shuffle(missing, PATHS, &seed);
    measure_probe(sorted, PATHS);
    measure("hit, nothing changed", sorted, PATHS, true);
    measure("miss, nothing changed", missing, PATHS, false);
    measure_probe(sorted, 4096);
    measure("hit, 4,096 of the paths", sorted, 4096, true);
    measure("miss, 4,096 of the paths", missing, 4096, false);
    measure("hit, 500 of the paths", sorted, 500, true);
    measure("miss, 500 of the paths", missing, 500, false);
    const double start = now();
    make_some(&seed);
    printf("%-44s %6.1f ns\n", "a new file, made and named", (now() - start) / MADE);
    measure("hit, 20,000 new files beside it", sorted, PATHS, true);
    measure("miss, 20,000 new files beside it", missing, PATHS, false);
    measure("hit, the new files", made, MADE, true);
    return 0;
}
