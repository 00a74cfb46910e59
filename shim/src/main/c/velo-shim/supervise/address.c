#include "address.h"

#include "../door.h"
#include "answers.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { HEADER = offsetof(struct sockaddr_un, sun_path), SUN_PATH = sizeof(struct sockaddr_un) - HEADER };

long address_path(remote name, unsigned length, char *out) {
    struct sockaddr_un copy;
    if (name == NULL || length <= HEADER || length > sizeof copy || copy_in(&copy, name, length) != 0 ||
        copy.sun_family != AF_UNIX || copy.sun_path[0] == 0) {
        return CONTINUE;
    }
    size_t count = strnlen(copy.sun_path, length - HEADER);
    memcpy(out, copy.sun_path, count);
    out[count] = 0;
    return 0;
}

long address_of(const char *real, struct address *out) {
    const struct world *world = served->world;
    char *to = out->name.sun_path;
    int length = snprintf(to, sizeof out->name.sun_path, "%s", real);
    out->name.sun_family = AF_UNIX;
    out->held = -1;
    out->of_host = strncmp(real, world->session, world->session_length) != 0;
    if (!out->of_host && is_other_user() &&
        way_of_session(real, out->name.sun_path, sizeof out->name.sun_path)) {
        out->of_host = true;
        length = (int)strlen(out->name.sun_path);
    } else if (length >= (int)sizeof out->name.sun_path) {
        if (out->of_host) {
            return -ENAMETOOLONG;
        }
        out->held = open(world->session, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (out->held < 0) {
            return -errno;
        }
        length = snprintf(to, sizeof out->name.sun_path, "/proc/self/fd/%d%s", out->held,
                          real + world->session_length);
    }
    out->length = HEADER + (unsigned)length + 1;
    out->elsewhere = out->name;
    out->elsewhere_length = out->length;
    if (out->held >= 0) {
        length = snprintf(out->elsewhere.sun_path, sizeof out->elsewhere.sun_path, "/proc/%d/fd/%d%s",
                          (int)getpid(), out->held, real + world->session_length);
        out->elsewhere_length = HEADER + (unsigned)length + 1;
    }
    return 0;
}

long address_call(const struct address *address, long (*call)(const void *with), const void *with) {
    if (address->of_host) {
        act_as_process();
    }
    long result = call(with);
    act_as_self();
    return result;
}

void address_release(const struct address *address) {
    if (address->held >= 0) {
        close(address->held);
    }
}

long address_translate(remote name, unsigned length, struct address *out) {
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

/* files/<node> at the end of a name that the core has made; of a way of another user <node> alone. */
static node_id node_in(const struct world *world, const char *path) {
    static const char files[] = "/files/";
    const size_t length = strlen(path), tail = sizeof files - 1 + 8, own = door_place(path);
    node_id node = 0;
    const bool placed = own != 0 && length > own + 9 && path[length - 9] == '/';
    const bool direct = placed && strspn(path + own, "0123456789") == length - own - 9;
    if (!direct && (length <= tail || memcmp(path + length - tail, files, sizeof files - 1) != 0 ||
                    (!placed && strncmp(path, world->session, world->session_length) != 0))) {
        return NO_NODE;
    }
    for (const char *at = path + length - 8; *at != 0; at++) {
        unsigned digit = *at >= '0' && *at <= '9' ? (unsigned)(*at - '0') : (unsigned)(*at - 'a') + 10;
        if (digit > 15) {
            return NO_NODE;
        }
        node = node << 4 | digit;
    }
    return node;
}

void address_tell(struct caller *caller, struct sockaddr_storage *name, unsigned *length) {
    char path[PATH_MAX], *told = (char *)name + HEADER;
    if (*length <= HEADER || *length > sizeof *name || name->ss_family != AF_UNIX) {
        return;
    }
    size_t count = strnlen(told, *length - HEADER);
    memcpy(path, told, count);
    path[count] = 0;
    node_id node = node_in(caller->world, path);
    long found = node == NO_NODE ? -ENOENT : call_bound_path(caller, node, path, sizeof path);
    if (found < 0) {
        return;
    }
    /* The kernel tells a NUL behind the longest path, too. */
    count = found < SUN_PATH ? (size_t)found : SUN_PATH;
    memcpy(told, path, count);
    told[count] = 0;
    *length = HEADER + (unsigned)count + 1;
}
