#include "client.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char magic[4] = {'V', 'E', 'L', 'O'};

static void store32(unsigned char *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> 8 * i);
    }
}

uint32_t get_u32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Not by realloc(3): it would leave a copy of what has moved behind. */
static bool has_room(struct bytes *out, size_t more) {
    if (out->failed || more > MOST_REQUEST + MOST_HELLO - out->length) {
        out->failed = true;
        return false;
    }
    if (out->length + more > out->capacity) {
        size_t capacity = out->capacity == 0 ? 1 << 14 : out->capacity;
        while (capacity < out->length + more) {
            capacity *= 2;
        }
        unsigned char *larger = malloc(capacity);
        if (larger == NULL) {
            out->failed = true;
            return false;
        }
        struct bytes old = *out;
        if (old.length > 0) {
            memcpy(larger, old.at, old.length);
        }
        forget(&old);
        out->at = larger;
        out->capacity = capacity;
    }
    return true;
}

void put_bytes(struct bytes *out, const void *bytes, size_t length) {
    if (length > 0 && has_room(out, length)) {
        memcpy(out->at + out->length, bytes, length);
        out->length += length;
    }
}

void put_u32(struct bytes *out, uint32_t value) {
    unsigned char bytes[4];
    store32(bytes, value);
    put_bytes(out, bytes, sizeof bytes);
}

void put_u64(struct bytes *out, uint64_t value) {
    put_u32(out, (uint32_t)value);
    put_u32(out, (uint32_t)(value >> 32));
}

void put_string(struct bytes *out, const char *text) {
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > MOST_REQUEST) {
        out->failed = true;
        return;
    }
    put_u32(out, (uint32_t)length);
    put_bytes(out, text, length);
}

size_t begin_frame(struct bytes *out, enum frame_type type) {
    size_t begin = out->length;
    put_bytes(out, magic, sizeof magic);
    put_u32(out, PROTOCOL);
    put_u32(out, type);
    put_u32(out, 0);
    return begin;
}

void end_frame(struct bytes *out, size_t begin) {
    if (!out->failed) {
        const size_t length = out->length - begin - FRAME_HEADER;
        out->failed = length > (get_u32(out->at + begin + 8) == FRAME_HELLO ? MOST_HELLO : MOST_REQUEST);
        store32(out->at + begin + 12, (uint32_t)length);
    }
}

void forget(struct bytes *bytes) {
    if (bytes->at != NULL) {
        explicit_bzero(bytes->at, bytes->length); /* nothing was ever written behind it */
        free(bytes->at);
    }
    *bytes = (struct bytes){0};
}

const char *answer_fault(const unsigned char header[FRAME_HEADER], struct frame *frame) {
    static const struct {
        uint32_t least, most;
    } bounds[] = {
        [FRAME_ALIVE - FRAME_ALIVE] = {0, 0},         [FRAME_OUT - FRAME_ALIVE] = {1, MOST_OUTPUT},
        [FRAME_ERR - FRAME_ALIVE] = {1, MOST_OUTPUT}, [FRAME_EXIT - FRAME_ALIVE] = {4, 4},
        [FRAME_PLAN - FRAME_ALIVE] = {1, MOST_PLAN},  [FRAME_DECLINE - FRAME_ALIVE] = {0, MOST_TEXT},
        [FRAME_OTHER - FRAME_ALIVE] = {0, MOST_TEXT},
    };
    frame->type = get_u32(header + 8);
    frame->length = get_u32(header + 12);
    if (memcmp(header, magic, sizeof magic) != 0) {
        return "it sent what is no frame";
    }
    if (get_u32(header + 4) != PROTOCOL) {
        /* The header is the same in all versions: this one knows at least that it is another. */
        frame->type = FRAME_OTHER;
        frame->length = 0;
        return NULL;
    }
    if (frame->type < FRAME_ALIVE || frame->type > FRAME_OTHER) {
        return "it sent a frame of an unknown type";
    }
    if (frame->length < bounds[frame->type - FRAME_ALIVE].least) {
        return "it sent a frame that is too short";
    }
    if (frame->length > bounds[frame->type - FRAME_ALIVE].most) {
        return "it sent a frame that is too long";
    }
    return NULL;
}
