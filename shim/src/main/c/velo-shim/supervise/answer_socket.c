#include "address.h"
#include "answers.h"

#include <errno.h>
#include <string.h>

struct connecting {
    int fd;
    struct address address;
};

static long bind_now(const void *with) {
    const struct connecting *to = with;
    return RAW(SYS_bind, to->fd, &to->address.name, to->address.length);
}

/* The mode of a socket is what the umask leaves of it. */
static long bind_to(int fd, const char *real) {
    struct connecting to = {.fd = fd};
    long result = address_of(real, &to.address);
    if (result < 0) {
        return result;
    }
    umask(served->caller.umask(&served->caller));
    result = address_call(&to.address, bind_now, &to);
    umask(0);
    address_release(&to.address);
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

static long connect_to(const void *with) {
    const struct connecting *to = with;
    return RAW(SYS_connect, to->fd, &to->address.name, to->address.length);
}

static long connect_now(void *with) {
    const struct connecting *to = with;
    return address_call(&to->address, connect_to, to);
}

/* Where nobody accepts, connect(2) waits. */
long sys_connect(int fd, remote name, unsigned length) {
    struct connecting to;
    long result = address_translate(name, length, &to.address);
    if (result != 0) {
        return result;
    }
    to.fd = call_descriptor(fd);
    long flags = to.fd < 0 ? -EBADF : RAW(SYS_fcntl, to.fd, F_GETFL);
    if (flags < 0) {
        result = -EBADF;
    } else if ((flags & O_NONBLOCK) != 0) {
        result = connect_now(&to);
    } else {
        result = answer_waiting(connect_now, &to);
    }
    address_release(&to.address);
    return result;
}

/* The kernel's answer, with names of the session's files as the process knows them. */
static long tell_name(long number, int fd, remote name, remote length) {
    struct sockaddr_storage told;
    unsigned room, size = sizeof told;
    int own = call_descriptor(fd);
    if (own < 0) {
        return -EBADF;
    }
    long result = RAW(number, own, &told, &size);
    if (result < 0) {
        return result;
    }
    if (copy_in(&room, length, sizeof room) != 0) {
        return -EFAULT;
    }
    if ((int)room < 0) {
        return -EINVAL;
    }
    address_tell(&served->caller, &told, &size);
    unsigned fits = room < size ? room : size;
    return copy_out(name, &told, fits) != 0 || copy_out(length, &size, sizeof size) != 0 ? -EFAULT : 0;
}

long sys_getsockname(int fd, remote name, remote length) {
    return tell_name(SYS_getsockname, fd, name, length);
}

long sys_getpeername(int fd, remote name, remote length) {
    return tell_name(SYS_getpeername, fd, name, length);
}
