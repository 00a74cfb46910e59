#ifndef VELO_WATCHING_H
#define VELO_WATCHING_H

#include "resolve.h"

/*
 * A directory that somebody watches (inotify(7)) is watched where it really is, dirs/<node>. What is made,
 * removed and renamed in it is done there, too, with an empty file or directory that stands for it, so the
 * kernel tells of it, and pairs the halves of a move. Costs one look at the session where nobody watches
 * anything. Nothing fails for it: what cannot be marked is not told.
 */

/* From now on. What is in it gets its marks first, so that nobody hears of them. */
void watch_directory(struct world *world, node_id directory);

void watch_made(const struct world *world, const struct target *target, bool is_directory);
void watch_removed(const struct world *world, const struct target *target);
void watch_renamed(const struct world *world, const struct target *from, const struct target *to,
                   unsigned flags);

#endif
