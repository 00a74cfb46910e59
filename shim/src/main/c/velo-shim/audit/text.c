/*
 * What the core needs of libc, and compilers take for granted: there is no libc in ld.so's name space for
 * auditors. The compiler must not make calls of the same functions out of these loops: audit.mk.
 */
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
    unsigned char *out = to;
    const unsigned char *in = from;
    for (size_t i = 0; i < length; i++) {
        out[i] = in[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t length) {
    unsigned char *out = to;
    const unsigned char *in = from;
    if ((uintptr_t)out <= (uintptr_t)in) {
        return memcpy(to, from, length);
    }
    while (length-- > 0) {
        out[length] = in[length];
    }
    return to;
}

void *memset(void *to, int value, size_t length) {
    unsigned char *out = to;
    for (size_t i = 0; i < length; i++) {
        out[i] = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t length) {
    const unsigned char *a = one, *b = other;
    for (size_t i = 0; i < length; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

void *memchr(const void *in, int value, size_t length) {
    const unsigned char *bytes = in;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == (unsigned char)value) {
            return (void *)(uintptr_t)(bytes + i);
        }
    }
    return NULL;
}

void *memrchr(const void *in, int value, size_t length) {
    const unsigned char *bytes = in;
    while (length-- > 0) {
        if (bytes[length] == (unsigned char)value) {
            return (void *)(uintptr_t)(bytes + length);
        }
    }
    return NULL;
}

size_t strnlen(const char *text, size_t most) {
    size_t length = 0;
    while (length < most && text[length]) {
        length++;
    }
    return length;
}

size_t strlen(const char *text) {
    return strnlen(text, SIZE_MAX);
}

char *strchr(const char *text, int value) {
    return memchr(text, value, strlen(text) + 1);
}

char *strrchr(const char *text, int value) {
    return memrchr(text, value, strlen(text) + 1);
}

int strncmp(const char *one, const char *other, size_t most) {
    for (size_t i = 0; i < most; i++) {
        if (one[i] != other[i] || one[i] == 0) {
            return (unsigned char)one[i] - (unsigned char)other[i];
        }
    }
    return 0;
}

int strcmp(const char *one, const char *other) {
    return strncmp(one, other, SIZE_MAX);
}

size_t strspn(const char *text, const char *of) {
    size_t length = 0;
    while (text[length] && strchr(of, text[length])) {
        length++;
    }
    return length;
}

size_t strcspn(const char *text, const char *of) {
    size_t length = 0;
    while (text[length] && !strchr(of, text[length])) {
        length++;
    }
    return length;
}

char *strstr(const char *text, const char *wanted) {
    size_t length = strlen(wanted);
    for (; strncmp(text, wanted, length) != 0; text++) {
        if (!*text) {
            return NULL;
        }
    }
    return (char *)(uintptr_t)text;
}
