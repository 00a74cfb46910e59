#include "launch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    K_ARGUMENT = 1,
    K_ENVIRONMENT,
    K_WORKDIR,
    K_HOSTNAME,
    K_IDENTITY,
    K_RUN_DIRECTORY,
    K_LAYER,
    K_MOUNT,
    K_NETWORK,
    K_KEEP_DESCRIPTOR,
    K_LIFELINE,
    K_FINISH,
    K_DESCRIPTOR_LIMIT,
    K_TIME_LIMIT,
    K_WARNING,
    K_STDIN_NULL,
    K_BASE,
    K_COMPOSED,
    K_LAST = K_COMPOSED,
    K_SYSCALL_FILTER = 32,
    K_RESOURCE_LIMIT = 33,
    K_RESULT = 36,
    K_BEST_EFFORT = 37,
    K_TERMINAL = 38
};

enum { HEADER = 16, TRAILER = 4, VERSION = 1, MAX_RECORDS = 16 << 20, MAX_DESCRIPTOR = 1 << 20 };

struct cursor {
    const unsigned char *at;
    const unsigned char *end;
};

struct decoding {
    struct plan *plan;
    const char *fault;
    uint64_t seen; /* bit k: kind k was there */
};

static uint32_t little32(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t little64(const unsigned char *p) {
    return (uint64_t)little32(p) | (uint64_t)little32(p + 4) << 32;
}

/* CRC-32 of ISO-HDLC (reflected, polynomial 0x04C11DB7), bit by bit: plans are small. */
static uint32_t crc32(const unsigned char *p, size_t length) {
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < length; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
        }
    }
    return ~crc;
}

static void *grow(void *items, size_t count, size_t size) {
    void *more = realloc(items, count * size);
    if (more == NULL) {
        fail(EXIT_LAUNCH, "free some memory and try again", "cannot read the launch plan: out of memory");
    }
    return more;
}

/* The next string, copied, or NULL where there is none that ends inside the payload. */
static char *string(struct cursor *c) {
    const unsigned char *nul = c->at == c->end ? NULL : memchr(c->at, 0, (size_t)(c->end - c->at));
    if (nul == NULL) {
        return NULL;
    }
    size_t length = (size_t)(nul - c->at) + 1;
    char *copy = grow(NULL, length, 1);
    memcpy(copy, c->at, length);
    c->at += length;
    return copy;
}

static char *only_string(struct decoding *d, struct cursor *c) {
    char *text = string(c);
    if (text == NULL || c->at != c->end) {
        d->fault = "a record does not hold exactly one string";
        free(text);
        return NULL;
    }
    return text;
}

static void append(struct strings *list, char *text) {
    list->items = grow(list->items, list->count + 2, sizeof *list->items);
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

static void append_string(struct decoding *d, struct strings *list, struct cursor *c) {
    char *text = only_string(d, c);
    if (text != NULL) {
        append(list, text);
    }
}

static bool is_absolute(const char *path) {
    return path != NULL && path[0] == '/';
}

/* Relative, and every component a name: nothing that could lead out of the base. */
static bool is_below_base(const char *path) {
    if (path == NULL || path[0] == '/' || path[0] == '\0') {
        return false;
    }
    for (const char *part = path; part != NULL; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
    }
    return true;
}

static void decode_mount(struct decoding *d, struct cursor *c) {
    enum { FIXED = 32 };
    if (c->end - c->at < FIXED) {
        d->fault = "a mount record is too short";
        return;
    }
    struct mount m = {.kind = little32(c->at),
                      .flags = little32(c->at + 4),
                      .mode = little32(c->at + 8),
                      .size = little64(c->at + 12),
                      .inodes = little64(c->at + 20),
                      .source_count = little32(c->at + 28)};
    c->at += FIXED;
    size_t least = m.kind == MOUNT_BIND ? 1 : m.kind == MOUNT_OVERLAY_READ_ONLY ? 2 : 0;
    size_t most = m.kind == MOUNT_OVERLAY_READ_ONLY ? 500 : least;
    if (m.kind < MOUNT_PROC || m.kind > MOUNT_OVERLAY_READ_ONLY || m.flags > 3 || m.mode > 07777 ||
        m.source_count < least || m.source_count > most) {
        d->fault = "a mount record has an impossible number";
        return;
    }
    m.target = string(c);
    m.sources = grow(NULL, m.source_count + 1, sizeof *m.sources);
    for (size_t i = 0; i < m.source_count; i++) {
        m.sources[i] = string(c);
        if (!is_absolute(m.sources[i]) && !is_below_base(m.sources[i])) {
            d->fault = "a mount record has a bad source";
            return;
        }
    }
    if (!is_absolute(m.target) || c->at != c->end) {
        d->fault = "a mount record has a bad target or ends wrongly";
        return;
    }
    struct plan *p = d->plan;
    p->mounts = grow(p->mounts, p->mount_count + 1, sizeof *p->mounts);
    p->mounts[p->mount_count++] = m;
}

static void decode_composed(struct decoding *d, struct cursor *c) {
    struct composed layer = {.tree = string(c)};
    layer.data = string(c);
    if (!is_below_base(layer.tree) || !is_below_base(layer.data) || c->at != c->end) {
        d->fault = "a composed layer is not two paths below the base";
        return;
    }
    struct plan *p = d->plan;
    for (size_t i = 0; i < p->composed_count; i++) {
        if (strcmp(p->composed[i].tree, layer.tree) == 0) {
            d->fault = "a layer is composed twice";
            return;
        }
    }
    p->composed = grow(p->composed, p->composed_count + 1, sizeof *p->composed);
    p->composed[p->composed_count++] = layer;
}

static uint64_t number(struct decoding *d, struct cursor *c, size_t width, uint64_t most) {
    uint64_t value = 0;
    if ((size_t)(c->end - c->at) != width) {
        d->fault = "a number has the wrong width";
        return 0;
    }
    value = width == 4 ? little32(c->at) : little64(c->at);
    c->at = c->end;
    if (value > most) {
        d->fault = "a number is out of range";
    }
    return value;
}

/* A record that says all by being there. */
static bool flag(struct decoding *d, const struct cursor *c) {
    if (c->at != c->end) {
        d->fault = "a record without payload has one";
    }
    return true;
}

static void decode_identity(struct decoding *d, struct cursor *c) {
    if (c->end - c->at != 16) {
        d->fault = "the identity has the wrong length";
        return;
    }
    d->plan->inside_uid = little32(c->at);
    d->plan->inside_gid = little32(c->at + 4);
    d->plan->outside_uid = little32(c->at + 8);
    d->plan->outside_gid = little32(c->at + 12);
    if (d->plan->outside_uid == 0) {
        d->fault = "the payload would be root of the host";
    }
}

static void decode_limit(struct decoding *d, struct cursor *c) {
    enum { FIXED = 12, PROCESSES = 1, DISK, MEMORY, PROCESSORS, OUTPUT, FILE_SIZE };
    if (c->end - c->at != FIXED) {
        d->fault = "a limit has the wrong length";
        return;
    }
    uint32_t resource = little32(c->at);
    uint64_t most = little64(c->at + 4);
    uint64_t *limit = resource == PROCESSES    ? &d->plan->process_limit
                      : resource == DISK       ? &d->plan->disk_limit
                      : resource == MEMORY     ? &d->plan->memory_limit
                      : resource == PROCESSORS ? &d->plan->processor_limit
                      : resource == OUTPUT     ? &d->plan->output_limit
                      : resource == FILE_SIZE  ? &d->plan->file_limit
                                               : NULL;
    if (limit == NULL || *limit != 0 || most == 0 || most > INT64_MAX) {
        d->fault = "a limit is unknown, stands twice or is out of range";
        return;
    }
    *limit = most;
}

static void decode_change(struct decoding *d, struct cursor *c) {
    enum { DENY = 1, ALLOW = 2 };
    uint32_t verdict = c->end - c->at < 4 ? 0 : little32(c->at);
    if (verdict != DENY && verdict != ALLOW) {
        d->fault = "a record of the filter has no verdict";
        return;
    }
    c->at += 4;
    struct call_change change = {.name = only_string(d, c), .allowed = verdict == ALLOW};
    struct plan *p = d->plan;
    p->changes = grow(p->changes, p->change_count + 1, sizeof *p->changes);
    p->changes[p->change_count++] = change;
}

static bool repeats(uint32_t kind) {
    return kind == K_ARGUMENT || kind == K_ENVIRONMENT || kind == K_LAYER || kind == K_MOUNT ||
           kind == K_KEEP_DESCRIPTOR || kind == K_FINISH || kind == K_WARNING || kind == K_COMPOSED ||
           kind == K_SYSCALL_FILTER || kind == K_RESOURCE_LIMIT;
}

static bool is_known(uint32_t kind) {
    return (kind >= K_ARGUMENT && kind <= K_LAST) || kind == K_SYSCALL_FILTER || kind == K_RESOURCE_LIMIT ||
           kind == K_RESULT || kind == K_BEST_EFFORT || kind == K_TERMINAL;
}

static void decode_record(struct decoding *d, uint32_t kind, struct cursor c) {
    struct plan *p = d->plan;
    if (!is_known(kind)) {
        d->fault = "a record of a kind that this launcher does not know";
        return;
    }
    if (!repeats(kind) && (d->seen & 1ULL << kind) != 0) {
        d->fault = "a record stands twice";
        return;
    }
    d->seen |= 1ULL << kind;
    switch (kind) {
    case K_ARGUMENT:
        append_string(d, &p->arguments, &c);
        break;
    case K_ENVIRONMENT:
        append_string(d, &p->environment, &c);
        break;
    case K_LAYER:
        append_string(d, &p->layers, &c);
        break;
    case K_FINISH:
        append_string(d, &p->finish, &c);
        break;
    case K_WARNING:
        append_string(d, &p->warnings, &c);
        break;
    case K_WORKDIR:
        p->workdir = only_string(d, &c);
        break;
    case K_HOSTNAME:
        p->hostname = only_string(d, &c);
        break;
    case K_RUN_DIRECTORY:
        p->run_directory = only_string(d, &c);
        break;
    case K_BASE:
        p->base = only_string(d, &c);
        break;
    case K_IDENTITY:
        decode_identity(d, &c);
        break;
    case K_MOUNT:
        decode_mount(d, &c);
        break;
    case K_COMPOSED:
        decode_composed(d, &c);
        break;
    case K_NETWORK:
        p->network = (uint32_t)number(d, &c, 4, NETWORK_HOST);
        break;
    case K_LIFELINE:
        p->lifeline = (int)number(d, &c, 4, MAX_DESCRIPTOR);
        break;
    case K_DESCRIPTOR_LIMIT:
        p->descriptor_limit = number(d, &c, 8, UINT64_MAX);
        break;
    case K_TIME_LIMIT:
        p->time_limit_ms = number(d, &c, 8, INT64_MAX);
        break;
    case K_SYSCALL_FILTER:
        decode_change(d, &c);
        break;
    case K_RESOURCE_LIMIT:
        decode_limit(d, &c);
        break;
    case K_KEEP_DESCRIPTOR:
        p->keep = grow(p->keep, p->keep_count + 1, sizeof *p->keep);
        p->keep[p->keep_count++] = (int)number(d, &c, 4, MAX_DESCRIPTOR);
        break;
    case K_RESULT:
        p->result = only_string(d, &c);
        break;
    case K_STDIN_NULL:
        p->stdin_null = flag(d, &c);
        break;
    case K_BEST_EFFORT:
        p->best_effort = flag(d, &c);
        break;
    case K_TERMINAL:
        p->terminal = flag(d, &c);
        break;
    default:
        d->fault = "unreachable";
        break;
    }
}

static const char *whole_fault(const struct decoding *d) {
    const struct plan *p = d->plan;
    const uint32_t mandatory = 1U << K_ARGUMENT | 1U << K_WORKDIR | 1U << K_HOSTNAME | 1U << K_IDENTITY |
                               1U << K_RUN_DIRECTORY | 1U << K_LAYER | 1U << K_NETWORK | 1U << K_BASE;
    if ((d->seen & mandatory) != mandatory) {
        return "a mandatory record is missing";
    }
    if (!is_absolute(p->workdir) || !is_absolute(p->base) || !is_below_base(p->run_directory)) {
        return "a path is not of the form that it must have";
    }
    for (size_t i = 0; i < p->layers.count; i++) {
        if (!is_below_base(p->layers.items[i])) {
            return "a layer does not lie below the base";
        }
    }
    if (p->result != NULL && (!is_absolute(p->result) || strlen(p->result) >= 4096)) {
        return "the record has no absolute path";
    }
    size_t hostname = strlen(p->hostname);
    if (hostname < 1 || hostname > 64) {
        return "the host name has an impossible length";
    }
    return NULL;
}

struct plan *plan_decode(const unsigned char *bytes, size_t length, const char **fault) {
    if (length < HEADER + TRAILER || memcmp(bytes, "VELOPLAN", 8) != 0) {
        *fault = "it is no launch plan";
        return NULL;
    }
    uint32_t records = little32(bytes + 12);
    if (little32(bytes + 8) != VERSION) {
        *fault = "it has another version";
        return NULL;
    }
    if (records > MAX_RECORDS || length != (size_t)records + HEADER + TRAILER) {
        *fault = "it has the wrong length";
        return NULL;
    }
    if (crc32(bytes, HEADER + records) != little32(bytes + HEADER + records)) {
        *fault = "its checksum does not match";
        return NULL;
    }
    struct decoding d = {.plan = grow(NULL, 1, sizeof(struct plan))};
    memset(d.plan, 0, sizeof *d.plan);
    d.plan->lifeline = -1;
    struct cursor all = {bytes + HEADER, bytes + HEADER + records};
    while (all.at != all.end && d.fault == NULL) {
        if (all.end - all.at < 8 || little32(all.at + 4) > (size_t)(all.end - all.at - 8)) {
            d.fault = "a record ends behind the plan";
            break;
        }
        uint32_t kind = little32(all.at);
        uint32_t size = little32(all.at + 4);
        decode_record(&d, kind, (struct cursor){all.at + 8, all.at + 8 + size});
        all.at += 8 + size;
    }
    if (d.fault == NULL) {
        d.fault = whole_fault(&d);
    }
    *fault = d.fault;
    return d.fault == NULL ? d.plan : NULL;
}

struct plan *plan_read(int fd) {
    size_t capacity = 1 << 16;
    size_t length = 0;
    unsigned char *bytes = grow(NULL, capacity, 1);
    for (;;) {
        ssize_t got = read(fd, bytes + length, capacity - length);
        if (got < 0) {
            fail_errno("start it through velo run", "cannot read the launch plan from descriptor %d", fd);
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
        if (length == capacity) {
            if (capacity > 2 * (size_t)MAX_RECORDS) {
                break;
            }
            capacity *= 2;
            bytes = grow(bytes, capacity, 1);
        }
    }
    const char *fault = NULL;
    struct plan *plan = plan_decode(bytes, length, &fault);
    free(bytes);
    if (plan == NULL) {
        fail(EXIT_LAUNCH, "use bin/velo and velo-launch of one distribution",
             "cannot use the launch plan: %s", fault);
    }
    return plan;
}
