#include "plan_fuzz.h"

#include <string.h>

uint32_t get32(const unsigned char *p) {
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--) {
        value = value << 8 | p[i];
    }
    return value;
}

uint64_t get64(const unsigned char *p) {
    return (uint64_t)get32(p + 4) << 32 | get32(p);
}

void put32(unsigned char *p, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(value >> 8 * i);
    }
}

void put64(unsigned char *p, uint64_t value) {
    put32(p, (uint32_t)value);
    put32(p + 4, (uint32_t)(value >> 32));
}

/* By a table, unlike the decoder's own. */
uint32_t checksum(const unsigned char *p, size_t length) {
    static uint32_t table[256];
    for (uint32_t i = 1; table[255] == 0 && i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = (value & 1) != 0 ? value >> 1 ^ 0xEDB88320U : value >> 1;
        }
        table[i] = value;
    }
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xFF];
    }
    return crc ^ UINT32_MAX;
}

size_t frame(unsigned char *plan, size_t length) {
    memcpy(plan, "VELOPLAN", 8);
    put32(plan + 8, 1);
    put32(plan + 12, (uint32_t)length);
    put32(plan + PLAN_HEADER + length, checksum(plan, PLAN_HEADER + length));
    return PLAN_HEADER + length + PLAN_TRAILER;
}
