#ifndef VELO_ADDRESS_H
#define VELO_ADDRESS_H

#include "sys.h"

#include <sys/socket.h>
#include <sys/un.h>

/*
 * A socket of the tree is the real node files/<node>. The name that the kernel is given fits where a path
 * would be too long, since it goes through a descriptor of the session's directory, which must stay open
 * until the call is made: *held, or -1.
 */
struct address {
    struct sockaddr_un name;
    unsigned length;
    int held;
};

/* The path in a name, NUL-terminated in out (of PATH_MAX bytes). False: the name has none, or is not of
 * AF_UNIX. -EFAULT in *error. */
bool address_path(const void *name, unsigned length, char *out, long *error);

/* PASS with the kernel's name for a real path in out, or -errno. */
long address_of(const char *real, struct address *out);
void address_release(struct address *address);

/* The name that connect(2) and others must use: *use and *use_length are those of the program where it is of
 * the host. 0 or -errno. */
long address_translate(const void *name, unsigned length, struct address *room, const void **use,
                       unsigned *use_length);

/* A name as the kernel told it, turned into the tree's, within the room that the program gave. */
void address_tell(void *name, unsigned room, unsigned *length);

#endif
