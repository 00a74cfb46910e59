#include "address.h"
#include "reach.h"

#include <string.h>
#include <sys/syscall.h>

bool address_path(const void *name, unsigned length, char *out, long *error) {
    const struct sockaddr_un *address = name;
    const size_t header = offsetof(struct sockaddr_un, sun_path);
    *error = 0;
    if (!shim_virtual() || !name || length <= header || length > sizeof *address) {
        return false;
    }
    if (!memory_readable(name, length)) {
        *error = -EFAULT;
        return false;
    }
    if (address->sun_family != AF_UNIX || address->sun_path[0] == 0) {
        return false;
    }
    size_t count = strnlen(address->sun_path, length - header);
    memcpy(out, address->sun_path, count);
    out[count] = 0;
    return true;
}

static size_t put_number(char *out, long number) {
    char digits[20];
    size_t count = 0, length = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
    } while ((number /= 10) > 0);
    while (count > 0) {
        out[length++] = digits[--count];
    }
    return length;
}

static bool of_session(const char *real) {
    return path_is_below(real, shim.world.session, shim.world.session_length);
}

static bool is_reached(const char *real) {
    struct stat status;
    return RAW4(SYS_newfstatat, AT_FDCWD, real, &status, AT_SYMLINK_NOFOLLOW) != -EACCES;
}

/* A process that became another user goes by the door, whose name always fits. */
static long address_by_door(const char *real, struct address *out) {
    struct door_way way;
    const long result = reach_way(real, &way);
    if (result < 0) {
        return result;
    }
    const size_t length = strlen(way.text);
    out->held = way.fd;
    memcpy(out->name.sun_path, way.text, length + 1);
    out->length = (unsigned)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return PASS;
}

long address_of(const char *real, struct address *out) {
    char *to = out->name.sun_path;
    size_t length = strlen(real);
    out->held = -1;
    out->name.sun_family = AF_UNIX;
    if (of_session(real) && !is_reached(real)) {
        return address_by_door(real, out);
    }
    if (length >= sizeof out->name.sun_path) {
        if (!of_session(real)) {
            return -ENAMETOOLONG;
        }
        long fd = RAW4(SYS_openat, AT_FDCWD, shim.world.session, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd < 0) {
            return fd;
        }
        out->held = (int)fd;
        memcpy(to, "/proc/self/fd/", 14);
        to += 14 + put_number(to + 14, fd);
        real += shim.world.session_length;
        length = strlen(real);
    }
    memcpy(to, real, length + 1);
    out->length = (unsigned)(to - (char *)&out->name + (ptrdiff_t)length + 1);
    return PASS;
}

void address_release(struct address *address) {
    if (address->held >= 0) {
        RAW1(SYS_close, address->held);
    }
    address->held = -1;
}

long address_translate(const void *name, unsigned length, struct address *room, const void **use,
                       unsigned *use_length) {
    char path[PATH_MAX], elsewhere[PATH_MAX];
    long error;
    room->held = -1;
    *use = name;
    *use_length = length;
    if (!address_path(name, length, path, &error)) {
        return error;
    }
    long result = real_path(AT_FDCWD, path, 0, elsewhere);
    if (result != PASS) {
        return result < 0 ? result : 0;
    }
    if (!elsewhere[0]) {
        return 0;
    }
    result = address_of(elsewhere, room);
    if (result != PASS) {
        return result;
    }
    *use = &room->name;
    *use_length = room->length;
    return 0;
}

/* files/<node> at the end of a name that this library has made; of the door's way <node> alone. */
static node_id node_in(const char *path, size_t length) {
    static const char files[] = "/files/";
    const size_t tail = sizeof files - 1 + 8, own = door_place(path);
    node_id node = 0;
    const bool placed = own != 0 && length > own + 9 && path[length - 9] == '/';
    const bool direct = placed && strspn(path + own, "0123456789") == length - own - 9;
    if (!direct && (length <= tail || memcmp(path + length - tail, files, sizeof files - 1) != 0)) {
        return NO_NODE;
    }
    if (!placed && !(length - tail == shim.world.session_length && of_session(path))) {
        return NO_NODE;
    }
    for (const char *at = path + length - 8; at < path + length; at++) {
        unsigned digit = *at >= '0' && *at <= '9' ? (unsigned)(*at - '0') : (unsigned)(*at - 'a') + 10;
        if (digit > 15) {
            return NO_NODE;
        }
        node = node << 4 | digit;
    }
    return node;
}

void address_tell(void *name, unsigned room, unsigned *length) {
    struct sockaddr_un told_name;
    char path[PATH_MAX];
    const size_t header = offsetof(struct sockaddr_un, sun_path);
    if (!shim_virtual() || !name || *length <= header || *length > room || *length > sizeof told_name) {
        return;
    }
    memcpy(&told_name, name, *length);
    if (told_name.sun_family != AF_UNIX) {
        return;
    }
    node_id node = node_in(told_name.sun_path, strnlen(told_name.sun_path, *length - header));
    if (node == NO_NODE) {
        return;
    }
    const long found = call_bound_path(&shim.caller, node, path, sizeof path);
    if (found < 0) {
        return;
    }
    /* The kernel tells a NUL behind the longest path, too. */
    const size_t full = (size_t)found < sizeof told_name.sun_path ? (size_t)found : sizeof told_name.sun_path;
    *length = (unsigned)(header + full + 1);
    size_t fits = room - header < full + 1 ? room - header : full + 1;
    path[full] = 0;
    memcpy((char *)name + header, path, fits);
}
