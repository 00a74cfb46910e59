/*
 * Makes plans from plans. Most changes are of whole records, and get a header and a checksum that fit, so
 * that they reach the decoding of records; one in eight is of raw bytes and stays as it is.
 */
#include "plan_fuzz.h"

#include <string.h>

size_t LLVMFuzzerCustomMutator(unsigned char *plan, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const unsigned char *one, size_t one_size, const unsigned char *other,
                                 size_t other_size, unsigned char *out, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(unsigned char *bytes, size_t size, size_t max_size);

enum { MOST_RECORDS = 1024, SCRATCH = 1 << 16, MOST_INPUT = 1 << 20 };

struct record {
    uint32_t kind;
    uint32_t claim; /* the length that it says it has */
    const unsigned char *payload;
    size_t size;
};

struct list {
    struct record items[MOST_RECORDS];
    size_t count;
    const unsigned char *rest; /* what is no record any more */
    size_t rest_size;
};

static unsigned char scratch[SCRATCH];
static uint64_t state;

static uint32_t any(uint32_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % below;
}

static void seed_with(unsigned seed) {
    state = seed;
    any(2);
}

static void parse(struct list *list, const unsigned char *plan, size_t size) {
    list->count = 0;
    list->rest = plan;
    list->rest_size = 0;
    if (size < PLAN_HEADER + PLAN_TRAILER) {
        return;
    }
    const unsigned char *at = plan + PLAN_HEADER;
    size_t left = size - PLAN_HEADER - PLAN_TRAILER;
    while (left >= PLAN_RECORD && get32(at + 4) <= left - PLAN_RECORD && list->count < MOST_RECORDS / 2) {
        struct record r = {get32(at), get32(at + 4), at + PLAN_RECORD, get32(at + 4)};
        list->items[list->count++] = r;
        at += PLAN_RECORD + r.size;
        left -= PLAN_RECORD + r.size;
    }
    list->rest = at;
    list->rest_size = left;
}

static size_t append(unsigned char *out, size_t at, size_t room, const unsigned char *bytes, size_t size) {
    size_t fits = size < room - at ? size : room - at;
    if (fits > 0) {
        memcpy(out + at, bytes, fits);
    }
    return at + fits;
}

/* The records as bytes, as many as there is room for. */
static size_t write_records(const struct list *list, unsigned char *out, size_t room) {
    size_t at = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct record *r = &list->items[i];
        if (room - at < PLAN_RECORD + r->size) {
            continue;
        }
        put32(out + at, r->kind);
        put32(out + at + 4, r->claim);
        at = append(out, at + PLAN_RECORD, room, r->payload, r->size);
    }
    return append(out, at, room, list->rest, list->rest_size);
}

static uint32_t edge32(void) {
    static const uint32_t EDGES[] = {0,       1,    2,     3,        4,        5,        6,        499,
                                     500,     501,  1000,  07777,    010000,   1U << 20, 1U << 31, UINT32_MAX,
                                     1048577, 0700, 01777, 1U << 16, 1U << 30, INT32_MAX};
    return EDGES[any(sizeof EDGES / sizeof *EDGES)];
}

static uint64_t edge64(void) {
    static const uint64_t EDGES[] = {INT64_MAX, 1ULL << 63, UINT64_MAX, 1ULL << 32, 1ULL << 40};
    uint32_t which = any(2 * sizeof EDGES / sizeof *EDGES);
    return which < sizeof EDGES / sizeof *EDGES ? EDGES[which] : edge32();
}

/* A path or a word, good or bad, with its NUL; now and then without. */
static size_t text(unsigned char *out) {
    static const char *const TEXTS[] = {"a",
                                        "/a",
                                        "/",
                                        "",
                                        "..",
                                        ".",
                                        "a/..",
                                        "a/b",
                                        "a//b",
                                        "a/",
                                        "./a",
                                        "K=V",
                                        "../a",
                                        "a/./b",
                                        "/proc",
                                        "a/...",
                                        "..a",
                                        "/dev/shm",
                                        "host",
                                        "a/b/c/d/e",
                                        "\xff\x01",
                                        "leases/run-1",
                                        "farms/x/tree",
                                        "cas/sha256"};
    const char *chosen = TEXTS[any(sizeof TEXTS / sizeof *TEXTS)];
    size_t length = strlen(chosen);
    memcpy(out, chosen, length);
    /* A host name has at most 64 bytes. */
    if (any(8) == 0) {
        size_t padded = 63 + any(4);
        memset(out + length, 'x', padded - length);
        length = padded;
    }
    out[length] = '\0';
    return length + (any(16) != 0);
}

/* A mount that is good but for about one number. */
static size_t mount_payload(unsigned char *out) {
    uint32_t kind = any(8) == 0 ? edge32() : 1 + any(5);
    uint32_t sources = kind == 4 ? 1 : kind == 5 ? 2 + any(4) : 0;
    uint32_t claimed = any(8) == 0 ? edge32() : sources;
    bool many = kind == 5 && any(8) == 0;
    if (many) {
        claimed = sources = 499 + any(3);
    }
    put32(out, kind);
    put32(out + 4, any(8) == 0 ? edge32() : any(4));
    put32(out + 8, any(8) == 0 ? edge32() : any(010000));
    put64(out + 12, edge64());
    put64(out + 20, edge64());
    put32(out + 28, claimed);
    size_t size = 32;
    for (uint32_t i = 0; i <= sources; i++) {
        if (many) {
            memcpy(out + size, "/", 2);
            size += 2;
        } else {
            size += text(out + size);
        }
    }
    return size;
}

/* A payload of that kind in the scratch memory, mostly of the right form. */
static size_t payload_of(uint32_t kind) {
    switch (kind) {
    case 5:
        for (int i = 0; i < 4; i++) {
            put32(scratch + 4 * i, edge32());
        }
        return 16;
    case 8:
        return mount_payload(scratch);
    case 9:
    case 10:
    case 11:
        put32(scratch, edge32());
        return 4;
    case 13:
    case 14:
        put64(scratch, edge64());
        return 8;
    case 16:
    case 37:
    case 38:
        return 0;
    case 32:
        put32(scratch, any(4));
        return 4 + text(scratch + 4);
    case 18: {
        size_t first = text(scratch);
        return first + text(scratch + first);
    }
    case 33:
        put32(scratch, any(7));
        put64(scratch + 4, edge64());
        return 12;
    default:
        return text(scratch);
    }
}

static void insert(struct list *list, size_t at, struct record r) {
    memmove(list->items + at + 1, list->items + at, (list->count - at) * sizeof r);
    list->items[at] = r;
    list->count++;
}

static uint32_t any_kind(void) {
    uint32_t which = any(28);
    return which < 18                   ? which + 1
           : which < 24                 ? 33
           : which < 26                 ? 32
           : which == 26                ? 36 + any(3)
           : which == 27 && any(2) == 0 ? any(64)
                                        : edge32();
}

static void insert_new(struct list *list) {
    uint32_t kind = any_kind();
    size_t size = payload_of(kind);
    insert(list, any((uint32_t)list->count + 1), (struct record){kind, (uint32_t)size, scratch, size});
}

static void change_list(struct list *list) {
    if (list->count == 0 || any(4) == 0) {
        insert_new(list);
        return;
    }
    size_t i = any((uint32_t)list->count);
    size_t j = any((uint32_t)list->count);
    struct record r = list->items[i];
    switch (any(10)) {
    case 0:
        insert(list, j, r);
        break;
    case 1:
        list->items[i] = list->items[--list->count];
        break;
    case 2:
        list->items[i] = list->items[j];
        list->items[j] = r;
        break;
    case 3:
        list->items[i].kind = any_kind();
        break;
    case 4:
        list->items[i].claim = any(2) == 0 ? edge32() : r.claim + any(17) - 8;
        break;
    case 5:
        list->items[i].size = payload_of(r.kind);
        list->items[i].claim = (uint32_t)list->items[i].size;
        list->items[i].payload = scratch;
        break;
    case 6:
    case 7: {
        bool own = any(2) == 0;
        size_t size = own ? r.size : payload_of(r.kind);
        size_t cut = any(4) == 0 ? any((uint32_t)size + 1) : any(9);
        list->items[i].payload = own ? r.payload : scratch;
        list->items[i].size = size - (cut < size ? cut : size);
        list->items[i].claim = (uint32_t)list->items[i].size;
        break;
    }
    default:
        if (r.size <= SCRATCH / 2) {
            append(scratch, 0, SCRATCH, r.payload, r.size);
            list->items[i].size = LLVMFuzzerMutate(scratch, r.size, r.size + 64);
            list->items[i].claim = (uint32_t)list->items[i].size;
            list->items[i].payload = scratch;
        }
        break;
    }
}

size_t LLVMFuzzerCustomMutator(unsigned char *plan, size_t size, size_t max_size, unsigned seed) {
    static struct list list;
    static unsigned char out[MOST_INPUT];
    seed_with(seed);
    if (max_size > MOST_INPUT || max_size < PLAN_HEADER + PLAN_TRAILER || any(8) == 0) {
        return LLVMFuzzerMutate(plan, size, max_size);
    }
    size_t room = max_size - PLAN_HEADER - PLAN_TRAILER;
    size_t length;
    if (any(8) == 0 && size > PLAN_HEADER + PLAN_TRAILER) {
        length = LLVMFuzzerMutate(plan + PLAN_HEADER, size - PLAN_HEADER - PLAN_TRAILER, room);
        return frame(plan, length);
    }
    parse(&list, plan, size);
    /* One change at a time: the scratch memory belongs to one record. */
    change_list(&list);
    length = write_records(&list, out + PLAN_HEADER, room);
    memcpy(plan + PLAN_HEADER, out + PLAN_HEADER, length);
    return frame(plan, length);
}

size_t LLVMFuzzerCustomCrossOver(const unsigned char *one, size_t one_size, const unsigned char *other,
                                 size_t other_size, unsigned char *out, size_t max_size, unsigned seed) {
    static struct list list;
    static struct list more;
    seed_with(seed);
    if (max_size < PLAN_HEADER + PLAN_TRAILER) {
        return 0;
    }
    parse(&list, one, one_size);
    parse(&more, other, other_size);
    for (size_t i = 0; i < more.count && list.count < MOST_RECORDS; i++) {
        if (any(4) == 0) {
            insert(&list, any((uint32_t)list.count + 1), more.items[i]);
        }
    }
    return frame(out, write_records(&list, out + PLAN_HEADER, max_size - PLAN_HEADER - PLAN_TRAILER));
}
