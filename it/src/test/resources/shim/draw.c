#include "battery.h"

static uint64_t state;

void draw_from(uint64_t seed) {
    state = seed * 2654435761u + 88172645463325252u;
}

unsigned draw(unsigned below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 11) % below;
}

uint32_t mixed(uint32_t sum, uint32_t with) {
    return (sum ^ with) * 16777619u;
}

uint32_t mixed_name(uint32_t sum, const char *name) {
    while (*name) {
        sum = mixed(sum, (unsigned char)*name++);
    }
    return mixed(sum, 256);
}
