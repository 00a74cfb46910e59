#ifndef VELO_NAMESPACES_H
#define VELO_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * User namespaces: the supervisor and the core count owners as velo-session does, a process may count them
 * otherwise. Nobody is asked before a process in another one has executed something, or a map of one was
 * opened.
 */
bool namespace_same(void);
/* Its capabilities count for files of the tree: the session's owner is somebody there. */
bool namespace_has_owner(void);
/* The process that is answered executes something. */
void namespace_look(void);
/* It opens this. */
void namespace_opened(const char *path);
/* Owners as the process is told them. */
void owners_tell(uint32_t *uid, uint32_t *gid);
/* What the process means by these; UINT32_MAX stays. 0, or -EINVAL: nobody of its namespace. */
long owners_take(uint32_t *uid, uint32_t *gid);

#endif
