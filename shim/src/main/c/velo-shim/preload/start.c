#include "../backing.h"
#include "../recent.h"
#include "../world_file.h"
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
#include <unistd.h>

struct shim shim;
extern uintptr_t raw_there __attribute__((alias("shim"), visibility("hidden")));
_Static_assert(offsetof(struct shim, raw_there) == 0, "an alias has its address");

static const char variable[] = "VELO_SHIM_SESSION";

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

/* Length, 0 where it cannot be read. A file this small is not worth a mapping. */
static size_t read_file(const char *session, const char *name, char *out, size_t room) {
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

/* On a frame of its own: what is mapped afterwards needs as much of the stack. */
static __attribute__((noinline)) void read_world(const char *session, struct manifest *lower) {
    struct world *world = &shim.world;
    const char *manifest;
    char bytes[WORLD_FILE_MOST];
    const size_t length = read_file(session, "/world", bytes, sizeof bytes);
    const enum world_file state = world_file_read(bytes, length, world, &manifest);
    if (state != WORLD_FILE_WHOLE) {
        fail(session, state == WORLD_FILE_NONE ? "its file \"world\" is missing, or of another version"
                                               : "its file \"world\" is cut short");
    }
    map_manifest(session, manifest, lower);
}

static void enter_world(const char *session) {
    struct world *world = &shim.world;
    struct manifest lower;
    world->session_length = strlen(session);
    memcpy(world->session, session, world->session_length + 1);
    world->kernel = &reach_kernel;
    world->door = &door_of_session;
    read_world(session, &lower);
    map_session(session, &lower);
    world_begin(world);
}

/*
 * What the process was started from, as whoever did it wrote it down: several files may be one blob. The
 * variable may be an older one that went on through a program without this library.
 */
static node_id own_program(void) {
    char value[16], path[PATH_MAX];
    node_id node = 0;
    const struct world *world = &shim.world;
    if (!environment_find("VELO_SHIM_PROGRAM", value, sizeof value)) {
        return ROOT_NODE;
    }
    long length = RAW4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    if (!path_is_below(path, world->store, world->store_length) &&
        !path_is_below(path, world->session, world->session_length)) {
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
    if (!environment_find(variable, session, sizeof session)) {
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
    library_find(shim.library, sizeof shim.library);
    enter_world(session);
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
