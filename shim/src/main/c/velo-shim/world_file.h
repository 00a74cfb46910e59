#ifndef VELO_WORLD_FILE_H
#define VELO_WORLD_FILE_H

#include "world.h"

/*
 * The file "world" of a session's directory (docs/formats/session-plan.md): four strings, each with a NUL
 * behind it: what it is, and absolute paths: where the tree is shown, the store, the manifest.
 */
enum {
    WORLD_FILE_MOST = 16 + sizeof((struct world *)0)->prefix + sizeof((struct world *)0)->store + PATH_MAX
};

enum world_file { WORLD_FILE_WHOLE, WORLD_FILE_NONE, WORLD_FILE_CUT };

/* Fills in prefix, store and device of the world; *manifest points into bytes. Nothing is to be used where it
 * is not whole. */
enum world_file world_file_read(const char *bytes, size_t length, struct world *world, const char **manifest);

#endif
