#include "maps.h"
#include "reach.h"

#include "../backing.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { CHUNK = 32768, LINE = PATH_MAX + 256, PATH_COLUMN = 73 };

/* Too large for a stack. */
struct copying {
    const struct world *world;
    long from, to;
    bool ours; /* a line names this session's memory */
    size_t filled, line_length;
    char out[CHUNK], in[CHUNK];
    char line[LINE], path[PATH_MAX];
};

static bool ends_with(const char *text, size_t length, const char *end) {
    const size_t own = strlen(end);
    return length >= own && memcmp(text + length - own, end, own) == 0;
}

static bool is_of_maps(const char *path) {
    const size_t length = strlen(path);
    return strncmp(path, "/proc/", 6) == 0 &&
           (ends_with(path, length, "/maps") || ends_with(path, length, "/smaps"));
}

enum { NAME = 64 }; /* /proc/PID/task/TID/smaps */

/* What is named from a directory of /proc, by its whole path. It is not opened for that: it may be a FIFO. */
static __attribute__((noinline)) bool name_relative(int at, const char *path, char name[NAME]) {
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    struct real_path link;
    if (path[0] == '/' || (strcmp(last, "maps") != 0 && strcmp(last, "smaps") != 0)) {
        return false;
    }
    const long fd = RAW4(SYS_openat, at, path, O_PATH | O_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    real_descriptor((int)fd, &link);
    const long length = RAW4(SYS_readlinkat, AT_FDCWD, link.text, name, NAME - 1);
    RAW1(SYS_close, fd);
    name[length < 0 ? 0 : length] = 0;
    return is_of_maps(name);
}

static void flush(struct copying *copying) {
    size_t done = 0;
    while (done < copying->filled) {
        const long put = RAW3(SYS_write, copying->to, copying->out + done, copying->filled - done);
        if (put <= 0) {
            break;
        }
        done += (size_t)put;
    }
    copying->filled = 0;
}

static void put(struct copying *copying, const char *text, size_t length) {
    if (copying->filled + length > sizeof copying->out) {
        flush(copying);
    }
    memcpy(copying->out + copying->filled, text, length);
    copying->filled += length;
}

static void put_number(struct copying *copying, uint64_t number, unsigned base) {
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    put(copying, digits + at, sizeof digits - at);
}

/* files/<node> and exec/<node>, also where they are gone. */
static node_id node_named(const struct world *world, const char *path) {
    const char *name = path + world->session_length;
    node_id node = 0;
    if (!path_is_below(path, world->session, world->session_length) ||
        (strncmp(name, "/files/", 7) != 0 && strncmp(name, "/exec/", 6) != 0)) {
        return NO_NODE;
    }
    name = strchr(name + 1, '/') + 1;
    for (int i = 0; i < 8; i++) {
        const char *digits = "0123456789abcdef", *digit = name[i] ? strchr(digits, name[i]) : NULL;
        if (!digit) {
            return NO_NODE;
        }
        node = node << 4 | (node_id)(digit - digits);
    }
    return node;
}

static node_id node_mapped(const struct world *world, const char *path) {
    struct stat status;
    const node_id named = node_named(world, path);
    if (named != NO_NODE || REACH4(SYS_newfstatat, AT_FDCWD, path, &status, 0) != 0) {
        return named;
    }
    return world_inode(&shim.caller, -1, &status);
}

/* The first three words of the line, the tree's device and inode, and the path where the kernel puts it. */
static void put_of_tree(struct copying *copying, node_id node, const char *path) {
    const char *end = copying->line;
    const uint64_t device = copying->world->device;
    for (int words = 0; words < 3; words++) {
        end = strchr(end, ' ') + 1;
    }
    put(copying, copying->line, (size_t)(end - copying->line));
    const size_t begun = copying->filled;
    put_number(copying, (device >> 8 & 0xfff) | (device >> 32 & ~UINT64_C(0xfff)), 16);
    put(copying, ":", 1);
    put_number(copying, (device & 0xff) | (device >> 12 & ~UINT64_C(0xff)), 16);
    put(copying, " ", 1);
    put_number(copying, (uint64_t)node + 1, 10);
    put(copying, " ", 1);
    for (size_t at = (size_t)(end - copying->line) + copying->filled - begun; at < PATH_COLUMN; at++) {
        put(copying, " ", 1);
    }
    put(copying, path, strlen(path));
    put(copying, "\n", 1);
}

static void put_line(struct copying *copying) {
    const struct world *world = copying->world;
    char *name = strchr(copying->line, '/'), *path = copying->path;
    const bool session = name && path_is_below(name, world->session, world->session_length);
    if (!session && (!name || !path_is_below(name, world->store, world->store_length))) {
        put(copying, copying->line, copying->line_length);
        put(copying, "\n", 1);
        return;
    }
    const node_id node = node_mapped(world, name);
    if (node == NO_NODE) {
        /* The session's memory and the manifest: named as memory of a program's own may be. */
        put(copying, copying->line, (size_t)(name - copying->line));
        put(copying, "[anon_shmem:velo]\n", 18);
        return;
    }
    size_t length = world->prefix_length;
    memcpy(path, world->prefix, length);
    path[length] = '/';
    const long below =
        tree_path(&world->tree, node, path + length + 1, sizeof copying->path - length - 2 - 10);
    length += below > 0 ? (size_t)below + 1 : 0;
    memcpy(path + length, below < 0 ? " (deleted)" : "", below < 0 ? 11 : 1);
    put_of_tree(copying, node, path);
}

/* Lines longer than any that the kernel makes are cut. */
static void take_line(struct copying *copying) {
    copying->line[copying->line_length] = 0;
    if (copying->to >= 0) {
        put_line(copying);
    } else {
        const char *name = strchr(copying->line, '/');
        const struct world *world = copying->world;
        copying->ours =
            copying->ours || (name && path_is_below(name, world->session, world->session_length) &&
                              strcmp(name + world->session_length, "/session") == 0);
    }
    copying->line_length = 0;
}

static void go_through(struct copying *copying) {
    long got;
    while ((got = RAW3(SYS_read, copying->from, copying->in, sizeof copying->in)) > 0) {
        for (long i = 0; i < got; i++) {
            if (copying->in[i] == '\n') {
                take_line(copying);
            } else if (copying->line_length < LINE - 1) {
                copying->line[copying->line_length++] = copying->in[i];
            }
        }
    }
}

/* Once more by its number, for reading alone, as the flags say, and at its start. */
static long open_again(long fd, int flags) {
    struct real_path path;
    real_descriptor((int)fd, &path);
    const long again =
        RAW4(SYS_openat, AT_FDCWD, path.text, O_RDONLY | (flags & (O_CLOEXEC | O_NONBLOCK)), 0);
    RAW1(SYS_close, fd);
    return again;
}

static long copy(struct copying *copying, int flags) {
    copying->world = &shim.world;
    copying->to = -1;
    go_through(copying);
    if (!copying->ours || RAW3(SYS_lseek, copying->from, 0, SEEK_SET) != 0) {
        return PASS;
    }
    copying->to = RAW2(SYS_memfd_create, "maps", MFD_CLOEXEC);
    if (copying->to < 0) {
        return PASS;
    }
    go_through(copying);
    flush(copying);
    return open_again(copying->to, flags);
}

long maps_open(int at, const char *path, int flags) {
    char name[NAME];
    if ((flags & (O_ACCMODE | O_PATH | O_DIRECTORY | O_CREAT)) != 0) {
        return PASS;
    }
    if (!is_of_maps(path)) {
        if (!name_relative(at, path, name)) {
            return PASS;
        }
        path = name;
    }
    const long from = RAW4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (from < 0) {
        return PASS;
    }
    const size_t bytes = sizeof(struct copying);
    const long room = RAW6(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long result = PASS;
    if (room >= 0 || room < -4095) {
        struct copying *copying = (struct copying *)room;
        copying->from = from;
        result = copy(copying, flags);
        RAW2(SYS_munmap, room, bytes);
    }
    RAW1(SYS_close, from);
    return result;
}
