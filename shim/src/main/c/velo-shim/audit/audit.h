#ifndef VELO_AUDIT_H
#define VELO_AUDIT_H

#include "../calls.h"
#include "../door.h"
#include "../preload/raw.h"

/*
 * The library that ld.so(8) asks where to look for libraries (LD_AUDIT, rtld-audit(7)). It stands alone in a
 * name space of its own: no libc, no thread-local state, nothing of the preload library but its system calls.
 * ld.so calls it under its own lock, so nothing here is called twice at once.
 */

/* What the environment said when the process began. */
void audit_environment(char *const *environment);

/*
 * Whom to make calls for, once a name might be of the tree: maps the session and its manifest the first time.
 * NULL: there is no session that can be used. The preload library is who says so and ends the process.
 */
struct caller *audit_caller(const char *name);

/* As door_way, for a file that is closed to this process. */
bool audit_way(const char *path, struct door_way *way);
void audit_leave(struct door_way *way);

/*
 * The program is a file of the tree, but $ORIGIN, as ld.so found it, is a directory of the store or of the
 * session. *shown is the one of the tree. Both are without a slash at their ends. False: it is of the host.
 */
struct directory {
    const char *text;
    size_t length;
};
bool audit_origin(struct directory *real, struct directory *shown);

#endif
