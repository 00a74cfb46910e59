#include "../backing.h"
#include "../recent.h"
#include "exempt.h"
#include "reach.h"
#include "sys.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct shim shim;
extern uintptr_t raw_there __attribute__((alias("shim"), visibility("hidden")));
_Static_assert(offsetof(struct shim, raw_there) == 0, "an alias has its address");

extern char **environ __attribute__((weak));

static const char variable[] = "VELO_SHIM_SESSION";

/* Major numbers of real devices are far below this one; file systems without a device have major 0. */
#define TREE_MAJOR 0xe1f
#define TREE_MINOR 0x0e10

const char *environment_value(char *const *block, const char *name) {
    size_t length = strlen(name);
    for (; block && *block; block++) {
        if (strncmp(*block, name, length) == 0 && (*block)[length] == '=') {
            return *block + length + 1;
        }
    }
    return NULL;
}

static void say(const char *text) {
    RAW3(SYS_write, 2, text, strlen(text));
}

/* The session is its owner's alone, and there is no door: a process that became another user in a network of
 * its own, or entered a user namespace. */
static bool is_denied(const char *session) {
    char path[sizeof shim.world.session + 16];
    size_t length = strlen(session);
    if (session[0] != '/' || length >= sizeof shim.world.session) {
        return false;
    }
    memcpy(path, session, length);
    memcpy(path + length, "/session", sizeof "/session");
    long fd = reach_open(session, path, O_RDWR);
    if (fd >= 0) {
        RAW1(SYS_close, fd);
    }
    return fd == -EACCES || fd == -EPERM;
}

static void say_number(uint32_t number) {
    char text[12] = "";
    size_t at = sizeof text - 1;
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    say(text + at);
}

static _Noreturn void fail(const char *session, const char *reason) {
    say("velo: cannot use session ");
    say(session);
    if (is_denied(session)) {
        say(": permission denied to user ");
        say_number((uint32_t)RAW0(SYS_geteuid));
        say("; run the whole of velo run as that user, in its user namespace\n");
        for (;;) {
            RAW1(SYS_exit_group, 125);
        }
    }
    say(": ");
    say(reason);
    say("; start the command with velo run, or unset VELO_SHIM_SESSION\n");
    for (;;) {
        RAW1(SYS_exit_group, 125);
    }
}

/* Before libc has set environ up, the kernel's copy of the environment is what there is. */
static bool early_variable(const char *name, char *out, size_t room) {
    char chunk[1024];
    size_t matched = 0, filled = 0, length = strlen(name);
    enum { AT_NAME, SKIP, VALUE } state = AT_NAME;
    long fd = RAW4(SYS_openat, AT_FDCWD, "/proc/self/environ", O_RDONLY | O_CLOEXEC, 0), got;
    if (fd < 0) {
        return false;
    }
    bool found = false;
    while (!found && (got = RAW3(SYS_read, fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < got && !found; i++) {
            char c = chunk[i];
            if (state == VALUE) {
                out[filled++] = c;
                found = c == 0 || filled == room;
            } else if (c == 0) {
                state = AT_NAME;
                matched = 0;
            } else if (state == AT_NAME && matched == length && c == '=') {
                state = VALUE;
            } else if (state == AT_NAME && matched < length && c == name[matched]) {
                matched++;
            } else {
                state = SKIP;
            }
        }
    }
    RAW1(SYS_close, fd);
    if (found) {
        out[room - 1] = 0;
    }
    return found;
}

static bool find_variable(const char *name, char *out, size_t room) {
    if (!&environ || !environ) {
        return early_variable(name, out, room);
    }
    const char *value = environment_value(environ, name);
    if (!value || strlen(value) >= room) {
        return false;
    }
    memcpy(out, value, strlen(value) + 1);
    return true;
}

/* A line of /proc/self/maps: the path, where the mapping has this library's code, else NULL. */
static const char *path_of_code(const char *line) {
    uintptr_t bounds[2] = {0, 0}, code = (uintptr_t)find_variable;
    for (int i = 0; i < 2; i++, line++) {
        for (; (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f'); line++) {
            bounds[i] = bounds[i] << 4 | (uintptr_t)(*line <= '9' ? *line - '0' : *line - 'a' + 10);
        }
    }
    return code >= bounds[0] && code < bounds[1] ? strchr(line, '/') : NULL;
}

/* The library came otherwise (ld.so --preload, /etc/ld.so.preload): the kernel knows from which file. */
static void find_mapped(char *out, size_t room) {
    char chunk[1024], line[PATH_MAX + 128];
    size_t filled = 0;
    long got, fd = RAW4(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    while (fd >= 0 && !out[0] && (got = RAW3(SYS_read, fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < got; i++) {
            if (chunk[i] != '\n') {
                filled += filled + 1 < sizeof line;
                line[filled - 1] = chunk[i];
                continue;
            }
            line[filled] = 0;
            filled = 0;
            const char *path = path_of_code(line);
            if (path && strlen(path) < room) {
                memcpy(out, path, strlen(path) + 1);
            }
        }
    }
    if (fd >= 0) {
        RAW1(SYS_close, fd);
    }
}

/* As strcspn(3) for ": ", whose code and tables are on two more pages than a process has so far. */
static size_t item_length(const char *list) {
    size_t length = 0;
    while (list[length] != 0 && list[length] != ':' && list[length] != ' ') {
        length++;
    }
    return length;
}

/* How LD_PRELOAD names this library: the item whose last name is the library's. */
static void find_library(char *out, size_t room) {
    char value[PATH_MAX];
    static const char own[] = "libvelo-shim";
    if (!find_variable("LD_PRELOAD", value, sizeof value)) {
        value[0] = 0;
    }
    for (char *item = value; *item;) {
        size_t length = item_length(item);
        char *slash = memrchr(item, '/', length);
        const char *name = slash ? slash + 1 : item;
        if (strncmp(name, own, sizeof own - 1) == 0 && length < room) {
            memcpy(out, item, length);
            out[length] = 0;
            return;
        }
        item += length + (item[length] != 0);
    }
}

/* The next of the NUL-terminated strings of the file "world"; NULL where it is missing or too long. */
static const char *next_string(const uint8_t **at, const uint8_t *end, size_t most) {
    const uint8_t *stop = *at < end ? memchr(*at, 0, (size_t)(end - *at)) : NULL;
    const char *text = (const char *)*at;
    if (!stop || stop == *at || (size_t)(stop - *at) >= most) {
        return NULL;
    }
    *at = stop + 1;
    return text;
}

static void map_manifest(const char *session, const char *path, struct manifest *lower) {
    long fd = reach_open(session, path, O_RDONLY), memory = -1;
    long length = fd < 0 ? fd : RAW3(SYS_lseek, fd, 0, SEEK_END);
    if (length > 0) {
        memory = RAW6(SYS_mmap, 0, length, PROT_READ, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        RAW1(SYS_close, fd);
    }
    if (memory < 0 && memory >= -4095) {
        fail(session, "its manifest cannot be read");
    }
    if (!manifest_open(lower, (const uint8_t *)memory, (size_t)length)) {
        fail(session, "its manifest is none, or is cut short");
    }
}

static void map_session(const char *session, const struct manifest *lower) {
    char path[sizeof shim.world.session + 16];
    size_t length = strlen(session);
    memcpy(path, session, length);
    memcpy(path + length, "/session", sizeof "/session");
    long fd = reach_open(session, path, O_RDWR);
    if (fd < 0) {
        fail(session, "its shared memory cannot be opened");
    }
    long error = tree_map(&shim.world.tree, &reach_kernel, (int)fd, lower);
    RAW1(SYS_close, fd);
    if (error != 0) {
        fail(session, error == -EINVAL   ? "it was made for another manifest or by another version"
                      : error == -ENOMEM ? "no address space is left to map its shared memory (ulimit -v)"
                                         : "its shared memory cannot be mapped");
    }
}

static size_t put(char *out, const char *text) {
    size_t length = strlen(text);
    memcpy(out, text, length + 1);
    return length;
}

/* Length, 0 where it cannot be read. A file this small is not worth a mapping. */
static size_t read_file(const char *session, const char *name, uint8_t *out, size_t room) {
    char path[sizeof shim.world.session + 16];
    size_t length = strlen(session);
    memcpy(path, session, length);
    memcpy(path + length, name, strlen(name) + 1);
    long fd = reach_open(session, path, O_RDONLY);
    long got = fd < 0 ? fd : RAW3(SYS_read, fd, out, room);
    if (fd >= 0) {
        RAW1(SYS_close, fd);
    }
    return got < 0 ? 0 : (size_t)got;
}

static void read_world(const char *session) {
    struct world *world = &shim.world;
    uint8_t bytes[16 + sizeof world->prefix + sizeof world->store + PATH_MAX];
    size_t length = read_file(session, "/world", bytes, sizeof bytes);
    const uint8_t *next = bytes, *end = bytes + length;
    const char *magic = next_string(&next, end, 16);
    if (!magic || strcmp(magic, "VELOSHIM1") != 0) {
        fail(session, "its file \"world\" is missing, or of another version");
    }
    const char *prefix = next_string(&next, end, sizeof world->prefix);
    const char *store = prefix ? next_string(&next, end, sizeof world->store) : NULL;
    const char *manifest = store ? next_string(&next, end, PATH_MAX) : NULL;
    if (!manifest || prefix[0] != '/' || store[0] != '/' || manifest[0] != '/' || strlen(prefix) < 2) {
        fail(session, "its file \"world\" is cut short");
    }
    world->kernel = &reach_kernel;
    world->prefix_length = put(world->prefix, prefix);
    world->last_name = (size_t)((const char *)memrchr(prefix, '/', world->prefix_length) - prefix) + 1;
    world->store_length = put(world->store, store);
    world->session_length = put(world->session, session);
    world->device = makedev(TREE_MAJOR, TREE_MINOR);
    world->door = &door_of_session;
    struct manifest lower;
    map_manifest(session, manifest, &lower);
    map_session(session, &lower);
    world_begin(world);
}

static bool starts_with(const char *text, const char *begin, size_t length) {
    return strncmp(text, begin, length) == 0 && text[length] == '/';
}

/*
 * What the process was started from, as whoever did it wrote it down: several files may be one blob. The
 * variable may be an older one that went on through a program without this library.
 */
static node_id own_program(void) {
    char value[16], path[PATH_MAX];
    node_id node = 0;
    const struct world *world = &shim.world;
    if (!find_variable("VELO_SHIM_PROGRAM", value, sizeof value)) {
        return ROOT_NODE;
    }
    long length = RAW4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    if (!starts_with(path, world->store, world->store_length) &&
        !starts_with(path, world->session, world->session_length)) {
        return ROOT_NODE;
    }
    for (const char *at = value; *at; at++) {
        if (*at < '0' || *at > '9' || node > UINT32_MAX / 10 - 1) {
            return ROOT_NODE;
        }
        node = node * 10 + (node_id)(*at - '0');
    }
    return real_stands_for(world, path, node) ? node : ROOT_NODE;
}

/* A process is known (ps, pidof) by the last component of what was executed, for the kernel the real file's.
 */
static void name_process(node_id program) {
    char path[PATH_MAX];
    if (program != ROOT_NODE && tree_path(&shim.world.tree, program, path, sizeof path) > 0) {
        const char *slash = strrchr(path, '/');
        RAW2(SYS_prctl, PR_SET_NAME, slash ? slash + 1 : path);
    }
}

/* No memory of it is there before it is used. Where address space is limited the program shall have it: the
 * session is not mapped in one piece there. */
static struct recent *room_for_recent(const struct tree *tree) {
    if (tree->near < tree->session_length) {
        return NULL;
    }
    const long memory = RAW6(SYS_mmap, 0, sizeof(struct recent), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory < 0 && memory >= -4095 ? NULL : (struct recent *)memory;
}

static void show_prefix(void) {
    size_t length = shim.world.prefix_length;
    length = length < sizeof shim.prefix_word ? length : sizeof shim.prefix_word;
    memcpy(&shim.prefix_word, shim.world.prefix, length);
    shim.prefix_mask = UINT64_MAX >> (64 - 8 * length);
}

static bool start(void) {
    char session[sizeof shim.world.session];
    if (!find_variable(variable, session, sizeof session)) {
        return false;
    }
    if (session[0] != '/') {
        fail(session, "it is not named by an absolute path");
    }
    shim.supervised = exempt_start();
    memcpy(shim.variable, variable, sizeof variable - 1);
    shim.variable[sizeof variable - 1] = '=';
    if (strlen(session) + sizeof variable >= sizeof shim.variable) {
        fail(session, "its path is too long");
    }
    memcpy(shim.variable + sizeof variable, session, strlen(session) + 1);
    find_library(shim.library, sizeof shim.library);
    if (!shim.library[0]) {
        find_mapped(shim.library, sizeof shim.library);
    }
    read_world(session);
    show_prefix();
    shim.world.tree.recent = room_for_recent(&shim.world.tree);
    process_caller(&shim.caller);
    shim.caller.program = own_program();
    name_process(shim.caller.program);
    return true;
}

/* Signals are blocked: a handler that called a hook would wait for what it has interrupted. */
bool shim_start(void) {
    uint64_t all = UINT64_MAX, before;
    RAW4(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, 8);
    int phase = PHASE_NEW;
    if (__atomic_compare_exchange_n(&shim.phase, &phase, PHASE_STARTING, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        phase = start() ? PHASE_VIRTUAL : PHASE_PLAIN;
        __atomic_store_n(&shim.phase, phase, __ATOMIC_RELEASE);
    }
    while ((phase = __atomic_load_n(&shim.phase, __ATOMIC_ACQUIRE)) == PHASE_STARTING) {
        RAW0(SYS_sched_yield);
    }
    RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, 8);
    return phase == PHASE_VIRTUAL;
}

__attribute__((constructor)) static void constructed(void) {
    hidden_start();
    if (shim_virtual()) {
        process_start();
    }
}
