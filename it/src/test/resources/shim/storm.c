#include "storm.h"

#include <sys/wait.h>

/* Random calls on few names: by one process, where two places must come to the same, and by several at once,
 * where what is left must fit together. */
enum { STEPS = 3000, PROCESSES = 4, STEPS_OF_EACH = 1200 };

static void alone(enum origin origin, uint64_t seed) {
    char label[64];
    room(origin);
    if (origin == MADE) {
        NEED(mkdir("calm", 0755));
        NEED(chdir("calm"));
    } else {
        /* What comes with the fixture is in the storm's way. */
        NEED(rename("full", "a") + rename("file", "b") + rename("dir", "c") + rename("link", "d") +
             rename("linkeddir", "e"));
    }
    draw_from(seed);
    uint32_t sum = 0;
    for (unsigned i = 1; i <= STEPS; i++) {
        sum = storm_step(sum);
        if (i % 100 == 0) {
            CASE(0, "%s seed %d step %u", origins[origin], (int)seed, i);
            fact("%08x", sum);
            end();
        }
    }
    unsigned things;
    snprintf(label, sizeof label, "%s seed %d", origins[origin], (int)seed);
    CASE(storm_faults(&things), "%s fits together", label);
    fact("%u", things);
    end();
    storm_list(label);
    CASE(storm_clear(), "%s is cleared", label);
    show_names(".");
    fact("links=%d", (int)status(".").st_nlink);
    end();
}

static int blow(void *with) {
    draw_from(*(uint64_t *)with);
    for (unsigned i = 0; i < STEPS_OF_EACH; i++) {
        storm_step(0);
    }
    return 0;
}

static void together(enum origin origin) {
    room(origin);
    if (origin == OLD) {
        NEED(rename("full", "a") + rename("file", "b") + rename("linkeddir", "c"));
    }
    pid_t children[PROCESSES];
    int failed = 0;
    for (uint64_t i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        NEED(children[i]);
        if (children[i] == 0) {
            uint64_t seed = 100 + i;
            _exit(blow(&seed));
        }
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int how;
        NEED(waitpid(children[i], &how, 0));
        failed += how != 0;
    }
    unsigned things;
    CASE(failed, "%s storm of several", origins[origin]);
    fact("faults=%u", storm_faults(&things));
    fact("left=%u", storm_clear());
    show_names(".");
    fact("links=%d", (int)status(".").st_nlink);
    end();
}

void storm_subject(void) {
    BOTH(origin) {
        alone(origin, 1);
        alone(origin, 2);
        together(origin);
        together(origin);
    }
}
