#include "plan_fuzz.h"

#include <string.h>

enum form { TEXT, BELOW, PLACE, NAME, IDS, MOUNT, NUMBER, WIDE, NOTHING, PAIR, LIMIT, CALL };
enum { MANY = 1, MUST = 2, LAST_KIND = 38, MOUNT_FIXED = 32, MOST_LAYERS = 500 };

/* The table of the format. */
static const struct kind {
    const char *name;
    enum form form;
    unsigned rules;
    uint64_t most;
} KINDS[LAST_KIND + 1] = {
    [1] = {"argument", TEXT, MANY | MUST, 0},
    [2] = {"environment", TEXT, MANY, 0},
    [3] = {"workdir", PLACE, MUST, 0},
    [4] = {"hostname", NAME, MUST, 0},
    [5] = {"identity", IDS, MUST, 0},
    [6] = {"run directory", BELOW, MUST, 0},
    [7] = {"layer", BELOW, MANY | MUST, 0},
    [8] = {"mount", MOUNT, MANY, 0},
    [9] = {"network", NUMBER, MUST, 1},
    [10] = {"kept descriptor", NUMBER, MANY, 1 << 20},
    [11] = {"lifeline", NUMBER, 0, 1 << 20},
    [12] = {"finish", TEXT, MANY, 0},
    [13] = {"descriptor limit", WIDE, 0, UINT64_MAX},
    [14] = {"time limit", WIDE, 0, INT64_MAX},
    [15] = {"warning", TEXT, MANY, 0},
    [16] = {"no input", NOTHING, 0, 0},
    [17] = {"base", PLACE, MUST, 0},
    [18] = {"composed layer", PAIR, MANY, 0},
    [32] = {"system call", CALL, MANY, 0},
    [33] = {"resource limit", LIMIT, MANY, 0},
    [36] = {"result", PLACE, 0, 0},
    [37] = {"best effort", NOTHING, 0, 0},
    [38] = {"terminal", NOTHING, 0, 0},
};

struct span {
    const unsigned char *at;
    const unsigned char *end;
};

static size_t left(const struct span *s) {
    return (size_t)(s->end - s->at);
}

/* The next string, in place; NULL where none ends before the end. */
static const char *take(struct span *s) {
    for (const unsigned char *p = s->at; p != s->end; p++) {
        if (*p == '\0') {
            const char *text = (const char *)s->at;
            s->at = p + 1;
            return text;
        }
    }
    return NULL;
}

static bool next_record(struct span *all, uint32_t *kind, struct span *payload) {
    if (left(all) < PLAN_RECORD || get32(all->at + 4) > left(all) - PLAN_RECORD) {
        return false;
    }
    *kind = get32(all->at);
    payload->at = all->at + PLAN_RECORD;
    payload->end = payload->at + get32(all->at + 4);
    all->at = payload->end;
    return true;
}

static bool leaves_base(const char *path) {
    size_t length = 0;
    do {
        length = strcspn(path, "/");
        if (length == 0 || (length <= 2 && strncmp(path, "..", length) == 0)) {
            return true;
        }
        path += length;
    } while (*path++ == '/');
    return false;
}

static const char *check_mount(struct span s) {
    if (left(&s) < MOUNT_FIXED) {
        return "mount: too short";
    }
    uint32_t kind = get32(s.at);
    uint32_t sources = get32(s.at + 28);
    if (kind < 1 || kind > 5 || get32(s.at + 4) > 3 || get32(s.at + 8) > 07777) {
        return "mount: number";
    }
    if (kind == 4 ? sources != 1 : kind == 5 ? sources < 2 || sources > MOST_LAYERS : sources != 0) {
        return "mount: number of sources";
    }
    s.at += MOUNT_FIXED;
    const char *target = take(&s);
    if (target == NULL || target[0] != '/') {
        return "mount: target";
    }
    while (sources-- > 0) {
        const char *source = take(&s);
        if (source == NULL || (source[0] != '/' && leaves_base(source))) {
            return "mount: source";
        }
    }
    return left(&s) == 0 ? NULL : "mount: more than one";
}

static const char *check_payload(const struct kind *k, struct span s) {
    const char *text;
    switch (k->form) {
    case TEXT:
    case BELOW:
    case PLACE:
    case NAME:
        text = take(&s);
        if (text == NULL || left(&s) != 0 || (k->form == BELOW && leaves_base(text)) ||
            (k->form == PLACE && text[0] != '/') || (k == &KINDS[36] && strlen(text) >= 4096) ||
            (k->form == NAME && (text[0] == '\0' || strlen(text) > 64))) {
            return k->name;
        }
        return NULL;
    case IDS:
        return left(&s) == 16 && get32(s.at + 8) != 0 ? NULL : k->name;
    case MOUNT:
        return check_mount(s);
    case NUMBER:
        return left(&s) == 4 && get32(s.at) <= k->most ? NULL : k->name;
    case WIDE:
        return left(&s) == 8 && get64(s.at) <= k->most ? NULL : k->name;
    case NOTHING:
        return left(&s) == 0 ? NULL : k->name;
    case PAIR:
        text = take(&s);
        if (text == NULL || leaves_base(text)) {
            return k->name;
        }
        text = take(&s);
        return text == NULL || leaves_base(text) || left(&s) != 0 ? k->name : NULL;
    case LIMIT:
        return left(&s) == 12 && get32(s.at) >= 1 && get32(s.at) <= 6 && get64(s.at + 4) - 1 < INT64_MAX
                   ? NULL
                   : k->name;
    case CALL:
        if (left(&s) < 4 || (get32(s.at) != 1 && get32(s.at) != 2)) {
            return k->name;
        }
        s.at += 4;
        return take(&s) == NULL || left(&s) != 0 ? k->name : NULL;
    }
    return "a form that the oracle does not have";
}

/* Whether an earlier record of that kind is about the same thing. */
static bool repeated(struct span earlier, uint32_t kind, struct span payload) {
    uint32_t other;
    struct span before;
    while (next_record(&earlier, &other, &before)) {
        if (other == kind &&
            ((KINDS[kind].rules & MANY) == 0 ||
             (KINDS[kind].form == PAIR && strcmp((const char *)before.at, (const char *)payload.at) == 0) ||
             (KINDS[kind].form == LIMIT && get32(before.at) == get32(payload.at)))) {
            return true;
        }
    }
    return false;
}

const char *oracle(const unsigned char *bytes, size_t length) {
    if (length < PLAN_HEADER + PLAN_TRAILER || memcmp(bytes, "VELOPLAN\1\0\0\0", 12) != 0 ||
        get32(bytes + 12) != length - PLAN_HEADER - PLAN_TRAILER ||
        get32(bytes + length - PLAN_TRAILER) != checksum(bytes, length - PLAN_TRAILER)) {
        return "frame";
    }
    struct span all = {bytes + PLAN_HEADER, bytes + length - PLAN_TRAILER};
    bool there[LAST_KIND + 1] = {false};
    while (left(&all) > 0) {
        struct span earlier = {bytes + PLAN_HEADER, all.at};
        uint32_t kind;
        struct span payload;
        if (!next_record(&all, &kind, &payload)) {
            return "a record without end";
        }
        if (kind > LAST_KIND || KINDS[kind].name == NULL) {
            return "kind";
        }
        const char *wrong = check_payload(&KINDS[kind], payload);
        if (wrong != NULL) {
            return wrong;
        }
        if (repeated(earlier, kind, payload)) {
            return "repeated";
        }
        there[kind] = true;
    }
    for (uint32_t kind = 0; kind <= LAST_KIND; kind++) {
        if ((KINDS[kind].rules & MUST) != 0 && !there[kind]) {
            return "missing";
        }
    }
    return NULL;
}

static bool same(const char *text, struct span *s) {
    const char *expected = take(s);
    return text != NULL && expected != NULL && strcmp(text, expected) == 0;
}

static bool same_mount(const struct mount *m, struct span s) {
    if (m->kind != get32(s.at) || m->flags != get32(s.at + 4) || m->mode != get32(s.at + 8) ||
        m->size != get64(s.at + 12) || m->inodes != get64(s.at + 20) || m->source_count != get32(s.at + 28) ||
        m->prepared != 0) {
        return false;
    }
    s.at += MOUNT_FIXED;
    bool equal = same(m->target, &s);
    for (size_t i = 0; i < m->source_count; i++) {
        equal = same(m->sources[i], &s) && equal;
    }
    return equal;
}

/* The next one of a list that must have one. */
static bool same_item(const struct strings *list, size_t *index, struct span *s) {
    return *index < list->count && same(list->items[(*index)++], s);
}

struct counts {
    size_t arguments, environment, layers, finish, warnings, mounts, keep, composed, changes;
};

static const uint64_t *limit_of(const struct plan *p, uint32_t resource) {
    return resource == 1   ? &p->process_limit
           : resource == 2 ? &p->disk_limit
           : resource == 3 ? &p->memory_limit
           : resource == 4 ? &p->processor_limit
           : resource == 5 ? &p->output_limit
                           : &p->file_limit;
}

static bool same_record(const struct plan *p, struct counts *n, uint32_t kind, struct span s) {
    switch (kind) {
    case 1:
        return same_item(&p->arguments, &n->arguments, &s);
    case 2:
        return same_item(&p->environment, &n->environment, &s);
    case 3:
        return same(p->workdir, &s);
    case 4:
        return same(p->hostname, &s);
    case 5:
        return p->inside_uid == get32(s.at) && p->inside_gid == get32(s.at + 4) &&
               p->outside_uid == get32(s.at + 8) && p->outside_gid == get32(s.at + 12);
    case 6:
        return same(p->run_directory, &s);
    case 7:
        return same_item(&p->layers, &n->layers, &s);
    case 8:
        return n->mounts < p->mount_count && same_mount(&p->mounts[n->mounts++], s);
    case 9:
        return p->network == get32(s.at);
    case 10:
        return n->keep < p->keep_count && (uint32_t)p->keep[n->keep++] == get32(s.at);
    case 11:
        return (uint32_t)p->lifeline == get32(s.at);
    case 12:
        return same_item(&p->finish, &n->finish, &s);
    case 13:
        return p->descriptor_limit == get64(s.at);
    case 14:
        return p->time_limit_ms == get64(s.at);
    case 15:
        return same_item(&p->warnings, &n->warnings, &s);
    case 16:
        return p->stdin_null;
    case 17:
        return same(p->base, &s);
    case 18:
        return n->composed < p->composed_count && same(p->composed[n->composed].tree, &s) &&
               same(p->composed[n->composed].data, &s) && p->composed[n->composed++].mounted == 0;
    case 32: {
        bool allowed = get32(s.at) == 2;
        s.at += 4;
        return n->changes < p->change_count && p->changes[n->changes].allowed == allowed &&
               same(p->changes[n->changes++].name, &s);
    }
    case 33:
        return *limit_of(p, get32(s.at)) == get64(s.at + 4);
    case 36:
        return same(p->result, &s);
    case 37:
        return p->best_effort;
    case 38:
        return p->terminal;
    default:
        return false;
    }
}

static bool ended(const struct strings *list, size_t count) {
    return list->count == count && (count == 0 ? list->items == NULL : list->items[count] == NULL);
}

const char *compare(const struct plan *plan, const unsigned char *bytes, size_t length) {
    struct span all = {bytes + PLAN_HEADER, bytes + length - PLAN_TRAILER};
    struct counts n = {0};
    uint64_t there = 0;
    uint64_t limits = 0;
    uint32_t kind;
    struct span payload;
    while (next_record(&all, &kind, &payload)) {
        if (!same_record(plan, &n, kind, payload)) {
            return KINDS[kind].name;
        }
        there |= 1ULL << kind;
        limits |= kind == 33 ? 1ULL << get32(payload.at) : 0;
    }
    if (!ended(&plan->arguments, n.arguments) || !ended(&plan->environment, n.environment) ||
        !ended(&plan->layers, n.layers) || !ended(&plan->finish, n.finish) ||
        !ended(&plan->warnings, n.warnings) || plan->mount_count != n.mounts || plan->keep_count != n.keep ||
        plan->composed_count != n.composed || plan->change_count != n.changes) {
        return "the number of records of a kind";
    }
    /* What the bytes do not have is at its default. */
    if (((there & 1ULL << 11) == 0 && plan->lifeline != -1) ||
        ((there & 1ULL << 13) == 0 && plan->descriptor_limit != 0) ||
        ((there & 1ULL << 14) == 0 && plan->time_limit_ms != 0) ||
        ((there & 1ULL << 16) == 0 && plan->stdin_null) ||
        ((there & 1ULL << 36) == 0 && plan->result != NULL) ||
        ((there & 1ULL << 37) == 0 && plan->best_effort) || ((there & 1ULL << 38) == 0 && plan->terminal)) {
        return "a default";
    }
    for (uint32_t resource = 1; resource <= 6; resource++) {
        if ((limits & 1ULL << resource) == 0 && *limit_of(plan, resource) != 0) {
            return "a default limit";
        }
    }
    return NULL;
}
