/*
 * Mounts that are made first, get their rights then, and are attached last, all by descriptors. The kernel's
 * new mount API does that (Linux 5.12); where it is not there, or an outer filter forbids it, mount(2) does
 * the same on a stage that nobody else sees. Who calls these does not know which it is: what was refused once
 * is not tried again.
 */
#ifndef VELO_MOUNT_API_H
#define VELO_MOUNT_API_H

#include <stdbool.h>
#include <stdint.h>

/* A directory that may be mounted on: the stage of mount(2). Not before it is needed. */
void mount_stage(const char *directory);
/* Nothing of the stage may lie over the mount that was attached to its directory. */
void leave_mount_stage(void);

/* All return -1 with errno; what they make is not attached yet. */

/* Options are pairs, the last one NULL; a flag has no second. */
typedef const char *const mount_option[2];
int make_filesystem(const char *type, mount_option *options, uint64_t attributes);
/* Not by mount(2): ENOSYS where that stands in for the new API. */
int make_filesystem_by_context(const char *type, mount_option *options, uint64_t attributes);
/* By mount(2) alone: options as it takes them, below 4,096 bytes, and paths in them from that directory. */
int make_filesystem_of_text(const char *type, const char *options, const char *from, uint64_t attributes);
/* What is mounted at an entry of the directory, or, where the name is empty, at itself. Flags:
 * K_AT_RECURSIVE, AT_SYMLINK_NOFOLLOW. With attributes it is also cut loose from the mounts that it would
 * travel with. */
int copy_mount(int directory, const char *name, unsigned flags, uint64_t attributes);
/* The same without a stage, so that nothing is mounted in the namespace of whoever calls it. */
int copy_mount_detached(int directory, const char *name, unsigned flags, uint64_t attributes);

/* On an entry of a directory; a link in its place is not followed. A name that is NULL: on what the
 * descriptor is. 0, or -1 with errno. */
int attach_mount(int mount, int directory, const char *name);
/* More of them, to what is attached. */
int restrict_mount(int mount, uint64_t attributes);

/* A call of the new API was refused with this errno: mount(2) stands in for it. */
bool is_refused(int errnum);
void note_refusal(const char *call, int errnum);
bool uses_older_mounts(void);
/* The first one whose work mount(2) has done; NULL: none so far. */
const char *refused_call(int *errnum);

#endif
