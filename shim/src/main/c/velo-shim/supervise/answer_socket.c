#include "address.h"
#include "answers.h"
#include "inject.h"

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

/* Threads that cannot do it by themselves, and ask once more. */
enum { ASKING = 4096 };
static uint32_t asking[ASKING];

/*
 * The process connects by itself, so that its peer is told of it and not of the supervisor (SO_PEERCRED).
 * -EAGAIN: it cannot. It would have to wait, is traced, or is somebody else, whom the session is closed to,
 * or behind another root.
 */
static long connect_itself(int fd, const struct connecting *to) {
    const struct connection connection = {fd, to->fd, &to->address.elsewhere, to->address.elsewhere_length};
    uint32_t *slot = &asking[served->notif.pid % ASKING];
    struct credentials who;
    bool again = false;
    served->caller.credentials(&served->caller, false, &who);
    if (*slot == served->notif.pid || who.uid != geteuid()) {
        *slot = 0;
        return -EAGAIN;
    }
    long result = inject_connect(&connection, &again);
    *slot = again ? served->notif.pid : 0;
    if (result != ANSWERED) {
        served->traced = false;
        return -EAGAIN;
    }
    return ANSWERED;
}

/* Where nobody accepts, connect(2) waits. */
static long connect_or_wait(int fd, struct connecting *to) {
    to->fd = call_descriptor(fd);
    const long flags = to->fd < 0 ? -EBADF : RAW(SYS_fcntl, to->fd, F_GETFL);
    if (flags < 0) {
        return -EBADF;
    }
    const long result = connect_itself(fd, to);
    if (result != -EAGAIN) {
        return result;
    }
    return (flags & O_NONBLOCK) != 0 ? connect_now(to) : answer_waiting(connect_now, to);
}

long sys_connect(int fd, remote name, unsigned length) {
    struct connecting to;
    long result = address_translate(name, length, &to.address);
    if (result == 0) {
        result = connect_or_wait(fd, &to);
        address_release(&to.address);
    }
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
