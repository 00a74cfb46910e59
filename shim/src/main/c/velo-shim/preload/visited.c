#include "visited.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct visited_directory {
    dev_t device;
    ino_t inode;
    bool taken;
};

enum { FIRST_ROOM = 64 };

/* The slot that this directory has, or would get. There is always a free one. */
static struct visited_directory *find(const struct visited *visited, dev_t device, ino_t inode) {
    const uint64_t mixed = ((uint64_t)device ^ (uint64_t)inode) * UINT64_C(0x9E3779B97F4A7C15);
    for (size_t at = (size_t)(mixed >> 32);; at++) {
        struct visited_directory *slot = &visited->slots[at & (visited->room - 1)];
        if (!slot->taken || (slot->device == device && slot->inode == inode)) {
            return slot;
        }
    }
}

static bool grow(struct visited *visited) {
    struct visited larger = {.room = visited->room == 0 ? FIRST_ROOM : visited->room * 2};
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (!larger.slots) {
        return false;
    }
    larger.count = visited->count;
    for (size_t i = 0; i < visited->room; i++) {
        const struct visited_directory *old = &visited->slots[i];
        if (old->taken) {
            *find(&larger, old->device, old->inode) = *old;
        }
    }
    free(visited->slots);
    *visited = larger;
    return true;
}

int visited_add(struct visited *visited, dev_t device, ino_t inode) {
    if (visited->count * 2 >= visited->room && !grow(visited)) {
        return -1;
    }
    struct visited_directory *slot = find(visited, device, inode);
    if (slot->taken) {
        return 0;
    }
    *slot = (struct visited_directory){device, inode, true};
    visited->count++;
    return 1;
}

void visited_forget(struct visited *visited) {
    free(visited->slots);
    *visited = (struct visited){0};
}
