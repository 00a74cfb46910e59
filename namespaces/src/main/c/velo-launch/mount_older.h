/* What mount_api.h promises, by mount(2): Linux 5.11, and filters that are older than the new mount API. */
#ifndef VELO_MOUNT_OLDER_H
#define VELO_MOUNT_OLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* from: the working directory of the call, for paths in the options; NULL: as it is. */
int older_filesystem(const char *type, const char *options, const char *from, uint64_t attributes);
int older_copy(int source, bool recursive);
int older_attach(int mount, int target);
int older_restrict(int mount, bool recursive, uint64_t attributes);

/* mount_tree.c */
struct mount_entry {
    int id, parent;
    uint64_t attributes;
    bool no_links; /* MS_NOSYMFOLLOW */
    const char *point;
    bool below;   /* it is the one that is asked about, or lies below that */
    bool covered; /* another one lies over its root, so that nobody reaches it or what it carries */
};
/* Takes the text of a mountinfo apart, in place. Returns how many were found; entries is theirs, to be freed.
 */
size_t read_mounts(char *text, int top, struct mount_entry **entries);
/* Remounts this one and all below it, each with what it has already. */
int restrict_tree(int mount, uint64_t attributes);
/* One that may be locked: what it has stays. */
int restrict_one(int mount, uint64_t now, uint64_t attributes);

#endif
