#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 16, RECORD = 8, TRAILER = 4, MOST = 16 << 20 };

enum kind {
    KIND_ARGUMENT = 1,
    KIND_ENVIRONMENT = 2,
    KIND_WORKDIR = 3,
    KIND_FINISH = 12,
    KIND_DESCRIPTOR_LIMIT = 13,
    KIND_TIME_LIMIT = 14,
    KIND_RESULT = 36,
    KIND_DIRECTORY = 64,
    KIND_MANIFEST = 65,
    KIND_LIBRARY = 66,
    KIND_ENTER = 67,
    KIND_SUPERVISED = 68,
    KIND_STRICT = 69
};

static uint32_t u32(const unsigned char *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t u64(const unsigned char *at) {
    return u32(at) | (uint64_t)u32(at + 4) << 32;
}

static uint32_t checksum(const unsigned char *at, size_t length) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320U & (0U - (crc & 1)));
        }
    }
    return ~crc;
}

static bool append(struct strings *list, char *text) {
    char **items = realloc(list->items, (list->count + 2) * sizeof *items);
    if (items == NULL) {
        return false;
    }
    list->items = items;
    items[list->count++] = text;
    items[list->count] = NULL;
    return true;
}

struct record_bytes {
    uint32_t kind, length;
    unsigned char *payload;
};

static bool is_string(const struct record_bytes *record) {
    return record->length > 0 &&
           memchr(record->payload, '\0', record->length) == record->payload + record->length - 1;
}

/* NULL: fine. */
static const char *take_path(const struct record_bytes *record, const char **path) {
    if (*path != NULL) {
        return "a record is doubled";
    }
    if (!is_string(record) || record->payload[0] != '/' || record->length > PATH_MAX) {
        return "a path is none";
    }
    *path = (const char *)record->payload;
    return NULL;
}

static const char *take_string(const struct record_bytes *record, struct strings *list) {
    if (!is_string(record)) {
        return "a string is none";
    }
    return append(list, (char *)record->payload) ? NULL : "there is no memory for it";
}

static const char *take_number(const struct record_bytes *record, uint64_t *number) {
    if (*number != 0) {
        return "a record is doubled";
    }
    if (record->length != 8 || u64(record->payload) == 0) {
        return "a number is out of range";
    }
    *number = u64(record->payload);
    return NULL;
}

static const char *take_workdir(const struct record_bytes *record, const char **workdir) {
    if (*workdir != NULL || !is_string(record) || record->length < 2) {
        return "the working directory is none";
    }
    *workdir = (const char *)record->payload;
    return NULL;
}

static const char *take(struct plan *plan, const struct record_bytes *record) {
    switch ((enum kind)record->kind) {
    case KIND_ARGUMENT:
        return take_string(record, &plan->arguments);
    case KIND_ENVIRONMENT:
        return take_string(record, &plan->environment);
    case KIND_FINISH:
        return take_string(record, &plan->finish);
    case KIND_WORKDIR:
        return take_workdir(record, &plan->workdir);
    case KIND_DIRECTORY:
        return take_path(record, &plan->directory);
    case KIND_MANIFEST:
        return take_path(record, &plan->manifest);
    case KIND_LIBRARY:
        return take_path(record, &plan->library);
    case KIND_ENTER:
        return take_path(record, &plan->enter);
    case KIND_SUPERVISED:
        return take_path(record, &plan->supervised);
    case KIND_STRICT:
        return take_number(record, &plan->strict);
    case KIND_RESULT:
        return take_path(record, &plan->result);
    case KIND_DESCRIPTOR_LIMIT:
        return take_number(record, &plan->descriptor_limit);
    case KIND_TIME_LIMIT:
        return take_number(record, &plan->time_limit_ms);
    }
    return "it has a record of an unknown kind";
}

static const char *read_records(struct plan *plan, unsigned char *at, const unsigned char *end) {
    while (at < end) {
        if (end - at < RECORD || u32(at + 4) > (size_t)(end - at) - RECORD) {
            return "a record is cut short";
        }
        const struct record_bytes record = {u32(at), u32(at + 4), at + RECORD};
        const char *fault = take(plan, &record);
        if (fault != NULL) {
            return fault;
        }
        at += RECORD + record.length;
    }
    return NULL;
}

struct plan *plan_decode(unsigned char *bytes, size_t length, const char **fault) {
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        *fault = "there is no memory for it";
    } else if (length < HEADER + TRAILER || memcmp(bytes, "VELOSESS", 8) != 0) {
        *fault = "it is none";
    } else if (u32(bytes + 8) != 1) {
        *fault = "it is of another version";
    } else if (u32(bytes + 12) > MOST || u32(bytes + 12) != length - HEADER - TRAILER ||
               checksum(bytes, length - TRAILER) != u32(bytes + length - TRAILER)) {
        *fault = "it is damaged";
    } else {
        *fault = read_records(plan, bytes + HEADER, bytes + length - TRAILER);
        if (*fault == NULL &&
            (plan->arguments.count == 0 || plan->directory == NULL || plan->manifest == NULL ||
             plan->library == NULL || plan->enter == NULL || plan->supervised == NULL)) {
            *fault = "something is missing in it";
        }
    }
    if (*fault != NULL) {
        free(plan);
        return NULL;
    }
    return plan;
}

struct plan *plan_read(int fd) {
    static const char remedy[] = "start it through velo run";
    const char *fault = NULL;
    struct stat status;
    if (fstat(fd, &status) != 0) {
        fail_errno(remedy, "cannot read the session plan");
    }
    /* Private, since the strings stay there. */
    size_t length = (size_t)status.st_size;
    void *bytes = length == 0 ? MAP_FAILED : mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        fail(remedy, "cannot read the session plan: it is no file");
    }
    struct plan *plan = plan_decode(bytes, length, &fault);
    if (plan == NULL) {
        fail(remedy, "cannot read the session plan: %s", fault);
    }
    close(fd);
    return plan;
}
