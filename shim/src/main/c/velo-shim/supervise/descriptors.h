#ifndef VELO_DESCRIPTORS_H
#define VELO_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A descriptor of this process for the open file that a thread of another process has as fd: position and
 * flags are shared. -errno; -EBADF where it has none.
 */
int descriptor_of(pid_t thread, int fd);
void descriptors_forget(void);
/* A thread's process may have no more of them: RLIMIT_NOFILE. table: FDSize of its status. */
bool descriptors_full(pid_t thread, unsigned table);

#endif
