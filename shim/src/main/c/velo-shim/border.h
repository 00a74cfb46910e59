#ifndef VELO_BORDER_H
#define VELO_BORDER_H

#include "world.h"

#include <string.h>

/* Where paths of the host reach the tree other than by the prefix as it is written. */

/*
 * A relative path from the directory fd of the host, or an absolute one with "." , ".." or "//" in it: what
 * follows in it after the prefix's last name where that is the tree, else NULL. Room is lent, PATH_MAX bytes,
 * and may be where the path is; the result points into the path.
 */
const char *border_crossed(const struct world *world, int fd, const char *path, char *room);

/*
 * Follows symbolic links of the host in room, which is a path from fd, until one leads into the tree: true,
 * and *rest is what follows after the prefix. The last component only where follow is set.
 * *links: how many have been followed.
 */
bool border_behind_links(const struct world *world, int fd, char *room, bool follow, unsigned *links,
                         const char **rest);

/* What follows the prefix in an absolute path that begins with it: "" or from a slash on; else NULL. */
static inline const char *border_below(const struct world *world, const char *path) {
    size_t length = world->prefix_length;
    return strncmp(path, world->prefix, length) == 0 && (path[length] == '/' || path[length] == 0)
               ? path + length
               : NULL;
}

#endif
