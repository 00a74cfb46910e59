#include "calls.h"
#include "kernel.h"
#include "launch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { PLAN_DESCRIPTOR = 3 };

static unsigned id(const char *text) {
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number >= UINT_MAX) {
        fail(EXIT_LAUNCH, "name a user id and a group id", "cannot probe: %s is no id", text);
    }
    return (unsigned)number;
}

int main(int argc, char **argv) {
    if (getauxval(AT_SECURE) != 0 || geteuid() != getuid()) {
        fail(EXIT_LAUNCH, "remove its set-user-id bit", "cannot launch: velo-launch must not be set-user-id");
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        return puts("velo-launch, launch plan 1") < 0;
    }
    if (argc > 1 && strcmp(argv[1], "--probe") == 0) {
        return argc > 3 ? probe(id(argv[2]), id(argv[3])) : probe(geteuid(), getegid());
    }
    if (argc > 1 && strcmp(argv[1], "--syscalls") == 0) {
        return list_calls();
    }
    if (argc > 2 && strcmp(argv[1], "--probe-metadata") == 0) {
        return probe_metadata(argv[2]);
    }
    if (argc > 6 && strcmp(argv[1], "--refusal") == 0) {
        return print_refusal(&(const struct refusal){argv[2], argv[3], argv[4], argv[5], argv[6]});
    }
    if (argc > 2 && strcmp(argv[1], "--empty") == 0) {
        return run_disposal(argv[2], true);
    }
    if (argc > 2 && strcmp(argv[1], "--empty-later") == 0) {
        return run_disposal(argv[2], false);
    }
    if (argc > 7 && strcmp(argv[1], "--with-ids") == 0) {
        const struct lending lending = {.failure = atoi(argv[2]),
                                        .first = argv[3],
                                        .count = argv[4],
                                        .newuidmap = argv[5],
                                        .newgidmap = argv[6]};
        run_with_ids(&lending, argv + 7);
    }
    const struct plan *plan = plan_read(PLAN_DESCRIPTOR);
    if (argc > 1 && strcmp(argv[1], "--check") == 0) {
        prepare_filter(plan);
        return 0;
    }
    close(PLAN_DESCRIPTOR);
    supervise(plan);
}
