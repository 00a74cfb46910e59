#include "address.h"

#include <string.h>
#include <sys/syscall.h>

/* The kernel makes the socket; then the tree gives it its name. Who was first has the name. */
static __attribute__((noinline)) long bind_in_tree(int fd, const char *path, node_id node, const char *real) {
    char elsewhere[PATH_MAX];
    struct address address;
    long result = address_of(real, &address);
    if (result != PASS) {
        return result;
    }
    result = RAW3(SYS_bind, fd, &address.name, address.length);
    address_release(&address);
    if (result < 0) {
        return result;
    }
    result = call_bound(&shim.caller, path, node, elsewhere);
    return result == -EEXIST ? -EADDRINUSE : result == PASS ? 0 : result;
}

static long bind_elsewhere(int fd, const char *real) {
    struct address address;
    long result = address_of(real, &address);
    if (result == PASS) {
        result = RAW3(SYS_bind, fd, &address.name, address.length);
        address_release(&address);
    }
    return result;
}

long sys_bind(int fd, const struct sockaddr *name, unsigned length) {
    char path[PATH_MAX], elsewhere[PATH_MAX];
    node_id node = NO_NODE;
    long error;
    if (!address_path(name, length, path, &error)) {
        return error < 0 ? error : RAW3(SYS_bind, fd, name, length);
    }
    elsewhere[0] = 0;
    long result = call_bind(&shim.caller, path, &node, elsewhere);
    if (result != PASS) {
        return result == -EEXIST ? -EADDRINUSE : result;
    }
    if (!elsewhere[0]) {
        return RAW3(SYS_bind, fd, name, length);
    }
    if (node != NO_NODE) {
        return bind_in_tree(fd, path, node, elsewhere);
    }
    return bind_elsewhere(fd, elsewhere);
}

HOOK(int, bind, (int fd, const struct sockaddr *name, socklen_t length)) {
    return (int)told(sys_bind(fd, name, length));
}

/* What may wait is libc's own, since it is where a thread can be cancelled. */
HOOK(int, connect, (int fd, const struct sockaddr *name, socklen_t length)) {
    int (*next)(int, const void *, socklen_t) =
        (int (*)(int, const void *, socklen_t))hidden_function(HIDDEN_connect);
    struct address room;
    const void *use;
    unsigned use_length;
    if (told(address_translate(name, length, &room, &use, &use_length)) < 0) {
        return -1;
    }
    int result = next(fd, use, use_length);
    address_release(&room);
    return result;
}

HOOK(ssize_t, sendto,
     (int fd, const void *data, size_t size, int flags, const struct sockaddr *name, socklen_t length)) {
    ssize_t (*next)(int, const void *, size_t, int, const void *, socklen_t) =
        (ssize_t(*)(int, const void *, size_t, int, const void *, socklen_t))hidden_function(HIDDEN_sendto);
    struct address room;
    const void *use;
    unsigned use_length;
    if (told(address_translate(name, length, &room, &use, &use_length)) < 0) {
        return -1;
    }
    ssize_t result = next(fd, data, size, flags, use, use_length);
    address_release(&room);
    return result;
}

HOOK(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags)) {
    ssize_t (*next)(int, const struct msghdr *, int) =
        (ssize_t(*)(int, const struct msghdr *, int))hidden_function(HIDDEN_sendmsg);
    struct address room;
    const void *use;
    unsigned use_length;
    if (!shim_virtual() || !memory_readable(message, sizeof *message) || !message->msg_name) {
        return next(fd, message, flags);
    }
    if (told(address_translate(message->msg_name, message->msg_namelen, &room, &use, &use_length)) < 0) {
        return -1;
    }
    struct msghdr copy = *message;
    copy.msg_name = (void *)(uintptr_t)use;
    copy.msg_namelen = use_length;
    ssize_t result = next(fd, &copy, flags);
    address_release(&room);
    return result;
}

/* ---- Names that the kernel tells. ---- */

static socklen_t room_of(const socklen_t *length) {
    return length && memory_readable(length, sizeof *length) ? *length : 0;
}

/* Where the program's room is too small for the kernel's name, that is asked for once more: the tree's may
 * fit, and what does not is cut from its end, not from the other's. */
static int tell_name(long number, int fd, struct sockaddr *name, socklen_t *length) {
    const socklen_t room = room_of(length);
    struct sockaddr_un whole;
    socklen_t whole_length = sizeof whole;
    const int result = (int)told(RAW3(number, fd, name, length));
    if (result != 0 || !shim_virtual()) {
        return result;
    }
    if (*length <= room) {
        address_tell(name, room, length);
    } else if (RAW3(number, fd, &whole, &whole_length) == 0 && whole_length <= sizeof whole) {
        address_tell(&whole, sizeof whole, &whole_length);
        memcpy(name, &whole, room < whole_length ? room : whole_length);
        *length = whole_length;
    }
    return result;
}

HOOK(int, getsockname, (int fd, struct sockaddr *name, socklen_t *length)) {
    return tell_name(SYS_getsockname, fd, name, length);
}

HOOK(int, getpeername, (int fd, struct sockaddr *name, socklen_t *length)) {
    return tell_name(SYS_getpeername, fd, name, length);
}

HOOK(int, accept, (int fd, struct sockaddr *name, socklen_t *length)) {
    int (*next)(int, void *, socklen_t *) = (int (*)(int, void *, socklen_t *))hidden_function(HIDDEN_accept);
    socklen_t room = name ? room_of(length) : 0;
    int result = next(fd, name, length);
    if (result >= 0 && room > 0) {
        address_tell(name, room, length);
    }
    return result;
}

HOOK(int, accept4, (int fd, struct sockaddr *name, socklen_t *length, int flags)) {
    int (*next)(int, void *, socklen_t *, int) =
        (int (*)(int, void *, socklen_t *, int))hidden_function(HIDDEN_accept4);
    socklen_t room = name ? room_of(length) : 0;
    int result = next(fd, name, length, flags);
    if (result >= 0 && room > 0) {
        address_tell(name, room, length);
    }
    return result;
}

HOOK(ssize_t, recvfrom,
     (int fd, void *data, size_t size, int flags, struct sockaddr *name, socklen_t *length)) {
    ssize_t (*next)(int, void *, size_t, int, void *, socklen_t *) =
        (ssize_t(*)(int, void *, size_t, int, void *, socklen_t *))hidden_function(HIDDEN_recvfrom);
    socklen_t room = name ? room_of(length) : 0;
    ssize_t result = next(fd, data, size, flags, name, length);
    if (result >= 0 && room > 0) {
        address_tell(name, room, length);
    }
    return result;
}

HOOK(ssize_t, recvfrom_chk,
     (int fd, void *data, size_t size, size_t room, int flags, struct sockaddr *name, socklen_t *length)) {
    if (size > room) {
        __builtin_trap();
    }
    return hook_recvfrom(fd, data, size, flags, name, length);
}

HOOK(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags)) {
    ssize_t (*next)(int, struct msghdr *, int) =
        (ssize_t(*)(int, struct msghdr *, int))hidden_function(HIDDEN_recvmsg);
    bool named = shim_virtual() && memory_readable(message, sizeof *message) && message->msg_name;
    socklen_t room = named ? message->msg_namelen : 0;
    ssize_t result = next(fd, message, flags);
    if (result >= 0 && room > 0) {
        address_tell(message->msg_name, room, &message->msg_namelen);
    }
    return result;
}

/* ---- Several messages at a time. ---- */

static bool any_name(const struct mmsghdr *messages, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (!memory_readable(&messages[i], sizeof *messages)) {
            return false;
        }
        if (messages[i].msg_hdr.msg_name) {
            return true;
        }
    }
    return false;
}

HOOK(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags)) {
    int (*next)(int, struct mmsghdr *, unsigned, int) =
        (int (*)(int, struct mmsghdr *, unsigned, int))hidden_function(HIDDEN_sendmmsg);
    if (!shim_virtual() || !any_name(messages, count)) {
        return next(fd, messages, count, flags);
    }
    for (unsigned i = 0; i < count; i++) {
        ssize_t sent = hook_sendmsg(fd, &messages[i].msg_hdr, flags);
        if (sent < 0) {
            return i > 0 ? (int)i : -1;
        }
        messages[i].msg_len = (unsigned)sent;
    }
    return (int)count;
}

/* The room for each name is in its message until the kernel writes the length there. */
HOOK(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *most)) {
    int (*next)(int, struct mmsghdr *, unsigned, int, struct timespec *) =
        (int (*)(int, struct mmsghdr *, unsigned, int, struct timespec *))hidden_function(HIDDEN_recvmmsg);
    enum { KNOWN = 64 };
    socklen_t room[KNOWN];
    bool named = shim_virtual() && any_name(messages, count);
    for (unsigned i = 0; named && i < count && i < KNOWN; i++) {
        room[i] = messages[i].msg_hdr.msg_namelen;
    }
    int got = next(fd, messages, named && count > KNOWN ? KNOWN : count, flags, most);
    for (int i = 0; named && i < got; i++) {
        address_tell(messages[i].msg_hdr.msg_name, room[i], &messages[i].msg_hdr.msg_namelen);
    }
    return got;
}
