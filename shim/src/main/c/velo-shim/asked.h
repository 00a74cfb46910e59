#ifndef VELO_ASKED_H
#define VELO_ASKED_H

#include "resolve.h"

/* What the calls have in common. */

/* 0: target is of the tree. PASS, with elsewhere set, or -errno. */
long ask(struct caller *caller, int at, const char *path, unsigned how, char *elsewhere,
         struct target *target);

/* How paths are resolved for the AT_ flags of a call. */
unsigned how_of(int flags, unsigned how);

/*
 * The side of the host of a call with two paths, of which the other is of the tree: -EBADF or -ENOTDIR where
 * its path starts at what is no directory, as the kernel finds before it compares file systems.
 */
long host_side(const struct world *world, int at, const char *path);

struct moment now(const struct kernel *kernel);

/* Credentials and owner of a node; owns: may change what only owners may. */
struct standing {
    struct credentials who;
    struct owned of;
    bool owns;
};
long standing(struct caller *caller, node_id id, struct standing *out);

/* As world_permits, of what may have been found by a descriptor and have no name any more. */
long target_permits(struct caller *caller, const struct target *target, unsigned wanted, bool real);

bool has_group(const struct credentials *who, uint32_t gid);

/* A new name may be made: it is none of ".", "..", and not there; its directory may be written. directory:
 * what is made is one, so that a slash may follow. */
long may_make(struct caller *caller, const struct target *target, bool directory);

/* A directory may get one more name. */
long may_add(struct caller *caller, node_id directory);

/* What is there may be taken away: its directory may be written, and is not sticky for others. */
long may_take(struct caller *caller, const struct target *target);

/* Owner and mode of what is made in a directory: its group where it has the set-group bit. */
void inherit(struct caller *caller, node_id directory, unsigned mode, struct node *out);

/* The same for the real file that was made for it: the kernel took the group of the session's directory. */
void give_to_group(const struct world *world, node_id id, int fd, const struct node *what);
void give_path_to_group(const struct world *world, node_id id, const char *path, const struct node *what);

/* A node got a name or lost one: the change time of its real file moves, if it has one. */
void touch_real(struct world *world, node_id id);

/* The last name of a node is gone: its real file follows. */
void remove_real(struct world *world, node_id gone);

#endif
