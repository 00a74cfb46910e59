#ifndef VELO_INJECT_H
#define VELO_INJECT_H

#include "call.h"

/*
 * What only the process can do itself: its thread is stopped (ptrace(2)), makes other system calls instead of
 * the caught one, and goes on with their result as that one's. All answer the call: ANSWERED, or -errno where
 * nothing was done yet; -EACCES where another process traces it.
 */

/* fchdir(2) to a descriptor of the supervisor, which is closed; by its path where the process has no room. */
long inject_chdir(int fd, const char *path);
long inject_chdir_path(const char *path);
long inject_open(const char *path, int flags);
/* A descriptor of the supervisor that only names a file (O_PATH), which the kernel gives to another process
 * by a message alone (inject_named.c). */
long inject_named(int fd, bool close_on_exec);

/*
 * connect(2) of a descriptor, which the supervisor has a copy of, to what the process is to see as its peer.
 * Where that would wait, or the process does not find it there, it asks once more: *again.
 */
struct connection {
    int theirs, ours;
    const void *name;
    unsigned length;
};
long inject_connect(const struct connection *connection, bool *again);

/*
 * execve(2). words: NULL, then argv is the process's own; else count pointers, and room for a NULL. Each is
 * the process's own, or, where texts[i] is not NULL, that text. closed: the process cannot go that way, and
 * is given a descriptor for it, which ends with the call.
 */
struct execution {
    const char *path;
    bool closed;
    remote argv, envp;
    remote *words;
    const char *const *texts;
    size_t count;
};
long inject_execve(const struct execution *execution);

#endif
