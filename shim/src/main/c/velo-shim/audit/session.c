#include "../backing.h"
#include "../preload/exempt.h"
#include "../world_file.h"
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

__attribute__((visibility("hidden"))) uintptr_t raw_there;

static struct world world;
static struct caller caller;
static char manifest[PATH_MAX];
static char exe[PATH_MAX],
    program[PATH_MAX]; /* directories of the program, real and shown; empty: of the host */
static char exe_file[PATH_MAX];
static node_id program_node = ROOT_NODE;
static enum { NOT_READ, READ, MAPPED, UNUSABLE } state;

static long own_call(long number, long a, long b, long c, long d, long e, long f) {
    return raw_call(number, a, b, c, d, e, f);
}

static const struct kernel plain = {own_call};

/* Of a process that became another user: by the door. */
static long reaching_call(long number, long a, long b, long c, long d, long e, long f) {
    const long arguments[6] = {a, b, c, d, e, f};
    const long result = raw_call(number, a, b, c, d, e, f);
    return result == -EACCES ? door_call(&world, &plain, number, arguments) : result;
}

static const struct kernel kernel = {reaching_call};

static long open_by_door(const char *path, int flags) {
    size_t covered;
    const long fd = RAW4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
    const long by = fd == -EACCES ? door_open(&plain, world.session, path, &covered) : fd;
    return by < 0 ? fd : by;
}

bool audit_way(const char *path, struct door_way *way) {
    return door_way(&world, &plain, path, way) == 0;
}

void audit_leave(struct door_way *way) {
    door_close(&plain, way);
}

static const char *value_of(const char *entry, const char *name) {
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1 : NULL;
}

static void read_number(const char *text) {
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= UINT32_MAX; text++) {
        number = number * 10 + (uint64_t)(*text - '0');
    }
    program_node = *text == 0 && number <= UINT32_MAX ? (node_id)number : ROOT_NODE;
}

void audit_environment(char *const *environment) {
    for (; environment && *environment; environment++) {
        const char *session = value_of(*environment, "VELO_SHIM_SESSION");
        const char *number = value_of(*environment, "VELO_SHIM_PROGRAM");
        if (session && session[0] == '/' && strlen(session) < sizeof world.session) {
            world.session_length = strlen(session);
            memcpy(world.session, session, world.session_length + 1);
        } else if (number) {
            read_number(number);
        }
    }
}

static long open_in_session(const char *name, int flags) {
    char path[sizeof world.session + 16];
    memcpy(path, world.session, world.session_length);
    memcpy(path + world.session_length, name, strlen(name) + 1);
    return open_by_door(path, flags);
}

static bool read_world(void) {
    char bytes[WORLD_FILE_MOST];
    const char *path;
    long fd = world.session_length > 0 ? open_in_session("/world", O_RDONLY) : -ENOENT;
    if (fd < 0) {
        return false;
    }
    long length = RAW3(SYS_read, fd, bytes, sizeof bytes);
    RAW1(SYS_close, fd);
    if (world_file_read(bytes, length < 0 ? 0 : (size_t)length, &world, &path) != WORLD_FILE_WHOLE) {
        return false;
    }
    memcpy(manifest, path, strlen(path) + 1);
    world.kernel = &kernel;
    return true;
}

static bool map_manifest(struct manifest *lower) {
    struct stat status;
    long memory = -1, fd = open_by_door(manifest, O_RDONLY);
    if (fd < 0) {
        return false;
    }
    if (RAW2(SYS_fstat, fd, &status) == 0 && status.st_size > 0) {
        memory = RAW6(SYS_mmap, 0, status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    }
    RAW1(SYS_close, fd);
    return (memory >= 0 || memory < -4095) &&
           manifest_open(lower, (const uint8_t *)memory, (size_t)status.st_size);
}

static bool map_session(void) {
    struct manifest lower;
    long fd = map_manifest(&lower) ? open_in_session("/session", O_RDWR) : -ENOENT;
    if (fd < 0) {
        return false;
    }
    long result = tree_map(&world.tree, &kernel, (int)fd, &lower);
    RAW1(SYS_close, fd);
    if (result == 0) {
        world_begin(&world);
    }
    return result == 0;
}

static void cut_last(char *path) {
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = 0;
    }
}

/* A number of a program that went on to one of the host says nothing: preload/start.c. */
static void find_program(void) {
    long length = RAW4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe_file, sizeof exe_file - 1);
    exe_file[length < 0 ? 0 : length] = 0;
    memcpy(exe, exe_file, sizeof exe);
    if (program_node == ROOT_NODE || (!path_is_below(exe, world.store, world.store_length) &&
                                      !path_is_below(exe, world.session, world.session_length))) {
        program_node = ROOT_NODE;
        exe[0] = 0;
        return;
    }
    cut_last(exe);
}

static void name_program(void) {
    size_t begin = world.prefix_length + 1;
    if (program_node != ROOT_NODE && !real_stands_for(&world, exe_file, program_node)) {
        program_node = ROOT_NODE;
    }
    caller.program = program_node;
    memcpy(program, world.prefix, world.prefix_length);
    program[world.prefix_length] = '/';
    if (program_node == ROOT_NODE ||
        tree_path(&world.tree, program_node, program + begin, sizeof program - begin) <= 0) {
        exe[0] = program[0] = 0;
        return;
    }
    cut_last(program);
}

static long origin(struct caller *who, int fd, struct origin *out) {
    long error = world_descriptor(who, fd, &out->node);
    out->kind = error == 0 && out->node != NO_NODE ? ORIGIN_TREE : ORIGIN_HOST;
    out->fd = fd;
    return error;
}

static void credentials(struct caller *who, bool real, struct credentials *out) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    (void)who;
    out->uid = (uint32_t)(real ? RAW0(SYS_getuid) : RAW0(SYS_geteuid));
    out->gid = (uint32_t)(real ? RAW0(SYS_getgid) : RAW0(SYS_getegid));
    long count = RAW2(SYS_getgroups, sizeof out->groups / sizeof *out->groups, out->groups);
    out->group_count = count < 0 ? 0 : (unsigned)count;
    out->overrides = RAW2(SYS_capget, &header, data) == 0 ? (data[0].effective & 1u << CAP_DAC_OVERRIDE) != 0
                                                          : out->uid == 0;
}

/* Nothing is made here. */
static uint32_t file_mask(struct caller *who) {
    (void)who;
    return 0;
}

/* An absolute path that neither has the prefix's last name in it nor begins with $ORIGIN is of the host. */
static bool may_be_of_tree(const char *name) {
    return name[0] != '/' || strstr(name, world.prefix + world.last_name) ||
           (exe[0] && path_is_below(name, exe, strlen(exe)));
}

struct caller *audit_caller(const char *name) {
    if (state == NOT_READ) {
        (void)exempt_start();
        state = read_world() ? READ : UNUSABLE;
        if (state == READ) {
            find_program();
        }
    }
    if (state == UNUSABLE || !may_be_of_tree(name)) {
        return NULL;
    }
    if (state == READ) {
        state = UNUSABLE;
        if (!map_session()) {
            return NULL;
        }
        caller = (struct caller){
            .world = &world, .origin = origin, .credentials = credentials, .umask = file_mask};
        name_program();
        state = MAPPED;
    }
    return &caller;
}

bool audit_origin(struct directory *real, struct directory *shown) {
    *real = (struct directory){exe, strlen(exe)};
    *shown = (struct directory){program, strlen(program)};
    return exe[0] != 0;
}
