#include "environment.h"
#include "auditing.h"
#include "execution.h"

#include <string.h>

static bool is_library(const char *item, size_t length) {
    return length == strlen(shim.library) && memcmp(item, shim.library, length) == 0;
}

/* As the last one: a library of the program's own that stands in for a function asks the next one for it. */
static bool ends_with_library(const char *value) {
    bool last = false;
    while (*value) {
        size_t length = strcspn(value, ": ");
        last = length > 0 ? is_library(value, length) : last;
        value += length + (value[length] != 0);
    }
    return last;
}

/* The libraries that the program asks for stay in front. */
static long join_preload(const char *value, char *out, size_t room) {
    static const char name[] = "LD_PRELOAD=";
    size_t most = value ? strlen(value) : 0, own = strlen(shim.library);
    if (sizeof name + most + own + 1 > room) {
        return -E2BIG;
    }
    memcpy(out, name, sizeof name);
    out += sizeof name - 1;
    while (value && *value) {
        size_t length = strcspn(value, ": ");
        if (length > 0 && !is_library(value, length)) {
            memcpy(out, value, length);
            out[length] = ':';
            out += length + 1;
        }
        value += length + (value[length] != 0);
    }
    memcpy(out, shim.library, own + 1);
    return 0;
}

struct missing {
    bool session, preload;
    node_id program; /* ROOT_NODE: nothing is said */
    enum auditing auditing;
};

static void put_program(node_id node, char *out) {
    char digits[12];
    int count = 0;
    memcpy(out, "VELO_SHIM_PROGRAM=", 18);
    out += 18;
    do {
        digits[count++] = (char)('0' + node % 10);
    } while ((node /= 10) > 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    *out = 0;
}

static bool replaced(const struct missing *missing, const char *entry) {
    return (missing->preload && strncmp(entry, "LD_PRELOAD=", 11) == 0) ||
           (missing->program != ROOT_NODE && strncmp(entry, "VELO_SHIM_PROGRAM=", 18) == 0) ||
           (missing->auditing != AUDITING_STAYS && strncmp(entry, "LD_AUDIT=", 9) == 0);
}

static void fill(char *const envp[], size_t count, const struct missing *missing,
                 struct kept_environment *room, char **list) {
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        if (!replaced(missing, envp[i])) {
            list[next++] = envp[i];
        }
    }
    if (missing->preload) {
        list[next++] = room->preload;
    }
    if (missing->session) {
        list[next++] = shim.variable;
    }
    if (missing->program != ROOT_NODE) {
        put_program(missing->program, room->program);
        list[next++] = room->program;
    }
    if (missing->auditing == AUDITING_CHANGES) {
        list[next++] = room->audit;
    }
    list[next] = NULL;
}

long environment_complete(char *const envp[], size_t count, node_id program, struct kept_environment *room,
                          char ***list) {
    const char *preload = environment_value(envp, "LD_PRELOAD");
    struct missing missing = {.session = !environment_value(envp, "VELO_SHIM_SESSION"),
                              .preload = shim.library[0] && !(preload && ends_with_library(preload)),
                              .program = program,
                              .auditing = auditing_of(envp, program, room->audit)};
    *list = (char **)(uintptr_t)envp;
    if (!missing.session && !missing.preload && program == ROOT_NODE && missing.auditing == AUDITING_STAYS) {
        return 0;
    }
    if (missing.preload) {
        long error = join_preload(preload, room->preload, sizeof room->preload);
        if (error < 0) {
            return error;
        }
    }
    *list = pointer_room(room->few, KEPT_FEW, count + KEPT_MORE);
    if (!*list) {
        return -ENOMEM;
    }
    fill(envp, count, &missing, room, *list);
    return 0;
}
