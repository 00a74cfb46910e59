#include "answers.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A name that the kernel can be given for a real path, however long that is. */
struct address {
    struct sockaddr_un name;
    unsigned length;
    int held; /* of the directory that a name too long begins with; -1: none */
};

/* The path that an address names. CONTINUE: none. */
static long address_path(remote name, unsigned length, char *out) {
    struct sockaddr_un copy;
    const size_t header = offsetof(struct sockaddr_un, sun_path);
    if (name == NULL || length <= header || length > sizeof copy || copy_in(&copy, name, length) != 0 ||
        copy.sun_family != AF_UNIX || copy.sun_path[0] == 0) {
        return CONTINUE;
    }
    size_t count = strnlen(copy.sun_path, length - header);
    memcpy(out, copy.sun_path, count);
    out[count] = 0;
    return 0;
}

static long address_of(const char *real, struct address *out) {
    const struct world *world = served->world;
    int length = snprintf(out->name.sun_path, sizeof out->name.sun_path, "%s", real);
    out->name.sun_family = AF_UNIX;
    out->held = -1;
    if (length >= (int)sizeof out->name.sun_path) {
        if (strncmp(real, world->session, world->session_length) != 0) {
            return -ENAMETOOLONG;
        }
        out->held = open(world->session, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (out->held < 0) {
            return -errno;
        }
        length = snprintf(out->name.sun_path, sizeof out->name.sun_path, "/proc/self/fd/%d%s", out->held,
                          real + world->session_length);
    }
    out->length = (unsigned)(offsetof(struct sockaddr_un, sun_path) + (size_t)length + 1);
    return 0;
}

static void address_release(const struct address *address) {
    if (address->held >= 0) {
        close(address->held);
    }
}

/* The mode of a socket is what the umask leaves of it. */
static long bind_to(int fd, const char *real) {
    struct address address;
    long result = address_of(real, &address);
    if (result < 0) {
        return result;
    }
    umask(served->caller.umask(&served->caller));
    result = RAW(SYS_bind, fd, &address.name, address.length);
    umask(0);
    address_release(&address);
    return result;
}

/* The kernel makes the socket; then the tree gives it its name. Who was first has the name. */
long sys_bind(int fd, remote name, unsigned length) {
    char path[PATH_MAX], elsewhere[PATH_MAX];
    node_id node = NO_NODE;
    if (address_path(name, length, path) == CONTINUE) {
        return CONTINUE;
    }
    elsewhere[0] = 0;
    long result = call_bind(&served->caller, path, &node, elsewhere);
    if (result != PASS || elsewhere[0] == 0) {
        return result == -EEXIST ? -EADDRINUSE : result;
    }
    int own = call_descriptor(fd);
    if (own < 0) {
        return -EBADF;
    }
    if (node == NO_NODE) {
        return bind_to(own, host_path(elsewhere));
    }
    result = bind_to(own, elsewhere);
    if (result < 0) {
        return result;
    }
    result = call_bound(&served->caller, path, node, elsewhere);
    return result == -EEXIST ? -EADDRINUSE : result == PASS ? 0 : result;
}

/* A call that goes to an address, and may wait for who is there. */
struct sending {
    int fd, flags;
    bool connects;
    struct address address;
    size_t size;
    char *data;
};

static long send_now(void *with) {
    const struct sending *sending = with;
    if (sending->connects) {
        return RAW(SYS_connect, sending->fd, &sending->address.name, sending->address.length);
    }
    return RAW(SYS_sendto, sending->fd, sending->data, sending->size, sending->flags | MSG_NOSIGNAL,
               &sending->address.name, sending->address.length);
}

/* CONTINUE: the address is the kernel's to look at. */
static long translate(remote name, unsigned length, struct address *out) {
    char path[PATH_MAX], elsewhere[PATH_MAX];
    if (address_path(name, length, path) == CONTINUE) {
        return CONTINUE;
    }
    elsewhere[0] = 0;
    long result = call_real_path(&served->caller, AT_FDCWD, path, 0, elsewhere);
    if (result != PASS || elsewhere[0] == 0) {
        return result;
    }
    return address_of(host_path(elsewhere), out);
}

long sys_connect(int fd, remote name, unsigned length) {
    struct sending sending = {.connects = true};
    long result = translate(name, length, &sending.address);
    if (result != 0) {
        return result;
    }
    sending.fd = call_descriptor(fd);
    result = sending.fd < 0 ? -EBADF : answer_waiting(send_now, &sending);
    address_release(&sending.address);
    return result;
}

enum { DATAGRAM_MOST = 1 << 18 };

long sys_sendto(int fd, remote data, size_t size, int flags, remote name, unsigned length) {
    static char bytes[DATAGRAM_MOST];
    struct sending sending = {.flags = flags, .size = size, .data = bytes};
    long result = translate(name, length, &sending.address);
    if (result != 0) {
        return result;
    }
    sending.fd = call_descriptor(fd);
    if (sending.fd < 0) {
        result = -EBADF;
    } else if (size > sizeof bytes) {
        result = -EMSGSIZE;
    } else if ((result = copy_in(bytes, data, size)) == 0) {
        result = answer_waiting(send_now, &sending);
    }
    address_release(&sending.address);
    return result;
}
