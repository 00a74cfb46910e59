#ifndef VELO_SUPERVISE_ADDRESS_H
#define VELO_SUPERVISE_ADDRESS_H

#include "call.h"

#include <sys/socket.h>
#include <sys/un.h>

/* A name that the kernel can be given for a real path, however long that is. */
struct address {
    struct sockaddr_un name;
    unsigned length;
    int held; /* of the directory that a name too long begins with; -1: none */
};

/* The path that an address of the process names. CONTINUE: none. */
long address_path(remote name, unsigned length, char *out);
/* 0, or -errno. */
long address_of(const char *real, struct address *out);
void address_release(const struct address *address);
/* The real address for what a process has named. CONTINUE: that one is the kernel's to look at. */
long address_translate(remote name, unsigned length, struct address *out);
/* A name that the kernel tells, as the process is to see it. */
void address_tell(struct caller *caller, struct sockaddr_storage *name, unsigned *length);

#endif
