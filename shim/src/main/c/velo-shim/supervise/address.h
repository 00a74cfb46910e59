#ifndef VELO_SUPERVISE_ADDRESS_H
#define VELO_SUPERVISE_ADDRESS_H

#include "call.h"

#include <sys/socket.h>
#include <sys/un.h>

/* A name that the kernel can be given for a real path, however long that is. */
struct address {
    struct sockaddr_un name;
    unsigned length;
    bool of_host;                 /* not of the session: the process's own rights count there */
    int held;                     /* of the directory that a name too long begins with; -1: none */
    struct sockaddr_un elsewhere; /* the same for the process */
    unsigned elsewhere_length;
};

/* The path that an address of the process names. CONTINUE: none. */
long address_path(remote name, unsigned length, char *out);
/* 0, or -errno. */
long address_of(const char *real, struct address *out);
/* Makes a call on it, on the host with the rights of the process alone. */
long address_call(const struct address *address, long (*call)(const void *with), const void *with);
void address_release(const struct address *address);
/* The real address for what a process has named. CONTINUE: that one is the kernel's to look at. */
long address_translate(remote name, unsigned length, struct address *out);
/* A name that the kernel tells, as the process is to see it. */
void address_tell(struct caller *caller, struct sockaddr_storage *name, unsigned *length);

#endif
