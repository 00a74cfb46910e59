#include "shim.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/*
 * What the kernel keeps for this process, and the library asks for once: the current directory and the umask.
 * A child inherits both with what is known of them. One of vfork(2) shares the memory, but has a directory
 * and a umask of its own: so a change by another process id than the owner's means that from then on nothing
 * is believed that was not asked for just now. A child of fork(3) becomes the owner, and asks anew, since
 * another thread may just have been changing them; one that was made by a system call of the program's own
 * stays a stranger, and asks whenever something has changed.
 */
static struct kept {
    int owner;          /* process id; 0: nothing may be kept */
    int stranger;       /* a child of vfork(2) has changed its own */
    int visitors;       /* children of posix_spawn(3) that are about to do so, and end before it returns */
    uint64_t directory; /* 0: not asked yet; HOST, or TREE with the node */
    uint32_t umask;     /* 0: not asked yet; else KNOWN with the bits */
} kept;

#define HOST (1ull << 62)
#define TREE (1ull << 63)
#define KNOWN (1u << 31)

static bool is_shared(void) {
    return __atomic_load_n(&kept.stranger, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&kept.visitors, __ATOMIC_ACQUIRE);
}

static bool may_keep(void) {
    return !is_shared() && kept.owner != 0 && kept.owner == RAW0(SYS_getpid);
}

void process_visit(int change) {
    __atomic_add_fetch(&kept.visitors, change, __ATOMIC_SEQ_CST);
}

/* Somebody's directory or umask is another one now, of this process or of one that shares its memory. */
static void unsure(uint64_t *directory, uint32_t *mask) {
    if (directory) {
        __atomic_store_n(directory, 0, __ATOMIC_RELEASE);
    }
    if (mask) {
        __atomic_store_n(mask, 0, __ATOMIC_RELEASE);
    }
    if (!__atomic_load_n(&kept.visitors, __ATOMIC_ACQUIRE) && kept.owner != RAW0(SYS_getpid)) {
        __atomic_store_n(&kept.stranger, 1, __ATOMIC_SEQ_CST);
    }
}

static void forked(void) {
    kept = (struct kept){.owner = (int)RAW0(SYS_getpid)};
}

int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *) __attribute__((weak));
int pthread_atfork(void (*)(void), void (*)(void), void (*)(void)) __attribute__((weak));

void process_start(void) {
    pointer_start();
    forked();
    if (__register_atfork) {
        __register_atfork(NULL, NULL, forked, NULL);
    } else if (pthread_atfork) {
        pthread_atfork(NULL, NULL, forked);
    }
}

static long ask_directory(struct origin *out) {
    long error = world_descriptor(&shim.caller, AT_FDCWD, &out->node);
    out->kind = error < 0 || out->node == NO_NODE ? ORIGIN_HOST : ORIGIN_TREE;
    return error;
}

/* Another thread that has changed it meanwhile knows better. */
static void keep_answer(uint64_t directory) {
    uint64_t unknown = 0;
    __atomic_compare_exchange_n(&kept.directory, &unknown, directory, false, __ATOMIC_RELEASE,
                                __ATOMIC_RELAXED);
}

static long current_directory(struct origin *out) {
    uint64_t known = 0;
    if (!is_shared()) {
        known = __atomic_load_n(&kept.directory, __ATOMIC_ACQUIRE);
    }
    out->fd = AT_FDCWD;
    if (known == HOST) {
        out->kind = ORIGIN_HOST;
    } else if (known != 0) {
        out->kind = ORIGIN_TREE;
        out->node = (node_id)known;
    } else {
        long error = ask_directory(out);
        if (error < 0) {
            return error;
        }
        if (may_keep()) {
            keep_answer(out->kind == ORIGIN_TREE ? TREE | out->node : HOST);
        }
    }
    return 0;
}

void process_moved(node_id node) {
    if (may_keep()) {
        __atomic_store_n(&kept.directory, node == NO_NODE ? HOST : TREE | node, __ATOMIC_RELEASE);
    } else {
        unsure(&kept.directory, NULL);
    }
}

void process_umask(unsigned mask) {
    if (may_keep()) {
        __atomic_store_n(&kept.umask, KNOWN | (mask & 0777), __ATOMIC_RELEASE);
    } else {
        unsure(NULL, &kept.umask);
    }
}

static long origin(struct caller *caller, int fd, struct origin *out) {
    if (fd == AT_FDCWD) {
        return current_directory(out);
    }
    long error = world_descriptor(caller, fd, &out->node);
    if (error < 0) {
        return error;
    }
    out->kind = out->node == NO_NODE ? ORIGIN_HOST : ORIGIN_TREE;
    out->fd = fd;
    return 0;
}

/* The kernel tells a umask without setting another one only here. */
static uint32_t ask_umask(void) {
    char text[512];
    long fd = RAW4(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        return 022;
    }
    long length = RAW3(SYS_read, fd, text, sizeof text - 1);
    RAW1(SYS_close, fd);
    text[length < 0 ? 0 : length] = 0;
    const char *at = strstr(text, "Umask:");
    if (!at) {
        return 022;
    }
    uint32_t mask = 0;
    for (at += 6; *at == '\t' || *at == ' '; at++)
        ;
    for (; *at >= '0' && *at <= '7'; at++) {
        mask = mask * 8 + (uint32_t)(*at - '0');
    }
    return mask & 0777;
}

static uint32_t file_mask(struct caller *caller) {
    (void)caller;
    uint32_t known = 0;
    if (!is_shared()) {
        known = __atomic_load_n(&kept.umask, __ATOMIC_ACQUIRE);
    }
    if (known == 0) {
        known = KNOWN | ask_umask();
        uint32_t unknown = 0;
        if (may_keep()) {
            __atomic_compare_exchange_n(&kept.umask, &unknown, known, false, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED);
        }
    }
    return known & 0777;
}

static bool overrides(uint32_t uid, bool real) {
    if (real) {
        return uid == 0;
    }
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (RAW2(SYS_capget, &header, data) != 0) {
        return uid == 0;
    }
    return (data[0].effective & 1u << CAP_DAC_OVERRIDE) != 0;
}

/* Who is in more groups than there is room for counts with the first ones. */
static unsigned groups(uint32_t *out, unsigned room) {
    long count = RAW2(SYS_getgroups, (long)room, out);
    if (count >= 0) {
        return (unsigned)count;
    }
    size_t length = 65536 * sizeof *out;
    long memory = RAW6(SYS_mmap, 0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory < 0) {
        return 0;
    }
    count = RAW2(SYS_getgroups, 65536, memory);
    if (count > (long)room) {
        count = (long)room;
    }
    if (count > 0) {
        memcpy(out, (void *)memory, (size_t)count * sizeof *out);
    }
    RAW2(SYS_munmap, memory, length);
    return count < 0 ? 0 : (unsigned)count;
}

/* Capabilities of a user namespace that does not know the session's owner mean nothing for the tree: whoever
 * has them elsewhere comes to the session. */
static bool is_apart(void) {
    static const char name[] = "/session";
    char path[sizeof shim.world.session + sizeof name];
    struct stat file;
    memcpy(path, shim.world.session, shim.world.session_length);
    memcpy(path + shim.world.session_length, name, sizeof name);
    return RAW4(SYS_newfstatat, AT_FDCWD, path, &file, 0) == -EACCES;
}

enum { NOBODY = 65534 };

static void credentials(struct caller *caller, bool real, struct credentials *out) {
    (void)caller;
    out->uid = (uint32_t)(real ? RAW0(SYS_getuid) : RAW0(SYS_geteuid));
    out->gid = (uint32_t)(real ? RAW0(SYS_getgid) : RAW0(SYS_getegid));
    out->group_count = groups(out->groups, sizeof out->groups / sizeof *out->groups);
    out->overrides = overrides(out->uid, real);
    /* The way is asked by the effective ids. */
    if (out->overrides && (!real || out->uid == RAW0(SYS_geteuid)) && is_apart()) {
        out->overrides = false;
        out->uid = out->uid == 0 ? NOBODY : out->uid;
        out->gid = out->gid == 0 ? NOBODY : out->gid;
    }
}

void process_caller(struct caller *caller) {
    caller->world = &shim.world;
    caller->origin = origin;
    caller->credentials = credentials;
    caller->umask = file_mask;
    opened_caller(caller);
}
