#include "world_file.h"

#include <string.h>
#include <sys/sysmacros.h>

/* Major numbers of real devices are far below this one; file systems without a device have major 0. */
enum { TREE_MAJOR = 0xe1f, TREE_MINOR = 0x0e10 };

/* The next string; NULL where it is missing, empty or too long. */
static const char *next_string(const char **at, const char *end, size_t room) {
    const char *text = *at;
    const char *stop = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
    if (stop == NULL || stop == text || (size_t)(stop - text) >= room) {
        return NULL;
    }
    *at = stop + 1;
    return text;
}

static const char *next_path(const char **at, const char *end, size_t room) {
    const char *text = next_string(at, end, room);
    return text != NULL && text[0] == '/' ? text : NULL;
}

static size_t put(char *out, const char *text) {
    const size_t length = strlen(text);
    memcpy(out, text, length + 1);
    return length;
}

enum world_file world_file_read(const char *bytes, size_t length, struct world *world,
                                const char **manifest) {
    const char *at = bytes, *end = bytes + length;
    const char *magic = next_string(&at, end, 16);
    if (magic == NULL || strcmp(magic, "VELOSHIM1") != 0) {
        return WORLD_FILE_NONE;
    }
    const char *prefix = next_path(&at, end, sizeof world->prefix);
    const char *store = prefix != NULL ? next_path(&at, end, sizeof world->store) : NULL;
    *manifest = store != NULL ? next_path(&at, end, PATH_MAX) : NULL;
    if (*manifest == NULL || strlen(prefix) < 2) {
        return WORLD_FILE_CUT;
    }
    world->prefix_length = put(world->prefix, prefix);
    world->last_name = (size_t)(strrchr(world->prefix, '/') - world->prefix) + 1;
    world->store_length = put(world->store, store);
    world->device = makedev(TREE_MAJOR, TREE_MINOR);
    return WORLD_FILE_WHOLE;
}
