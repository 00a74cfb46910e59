/*
 * The least that a hardened sandbox on a list of files takes: floor [-2] TREE SKELETON SCRATCH PROGRAM
 * ARGUMENT...
 *
 * What it has in common with a run of velo: new user, mount, pid, network, ipc, uts and control group
 * namespaces; an overlay of SKELETON (the empty directories dev and proc) and TREE below a fresh upper layer,
 * which is made in SCRATCH and removed; its own /proc with the same covers, its own /dev; the loopback
 * interface; an init that nobody inside may look into; no capabilities; a system call filter. With -2 also
 * the ceilings of /proc/sys/user and the second user namespace, which owns nothing.
 *
 * What it leaves out: a plan, checks of anything, reasons for what goes wrong, signals, limits, terminals,
 * keyrings, /tmp, a record, what a program writes (it must write nothing), host names, anything but one
 * mapped id, kernels without the new mount API (Linux 6.8). Each step comes after the one before, on one
 * processor. It is measured and never shipped; it is a boundary for nobody.
 */
#include "kernel.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#error "floor.c does not know this architecture"
#endif

enum { FAILED = 125, LOCKED = K_ATTR_RDONLY | K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC };

struct sandbox {
    const char *tree;
    const char *skeleton;
    bool owns_nothing;
    char **command;
    int report; /* init tells the status through it, and only then begins to take everything apart */
};

static void __attribute__((noreturn)) give_up(const char *what) {
    fprintf(stderr, "floor: cannot %s: %s\n", what, strerror(errno));
    _exit(FAILED);
}

static int must(int result, const char *what) {
    if (result < 0) {
        give_up(what);
    }
    return result;
}

static void put(int directory, const char *name, const char *text) {
    int fd = must(openat(directory, name, O_WRONLY | O_CLOEXEC), name);
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        give_up(name);
    }
    close(fd);
}

/* --- The system call filter: the launcher's table of numbers, none of its checks of arguments. --- */

static const int denied[] = {
#define DENY(name, liftable) SYS_##name,
#include "syscalls.inc"
};
enum { DENIED = sizeof denied / sizeof *denied, BLOCK = 8, LAST_KNOWN = 469 };

static int ascending(const void *a, const void *b) {
    const int *left = a;
    const int *right = b;
    return (*left > *right) - (*left < *right);
}

/* In blocks, since the kernel tries all numbers when the filter comes, to know which need not be filtered. */
static void filter(void) {
    struct sock_filter code[DENIED * 2 + 16];
    int sorted[DENIED];
    unsigned short n = 0;
    memcpy(sorted, denied, sizeof denied);
    qsort(sorted, DENIED, sizeof *sorted, ascending);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    for (int begin = 0; begin < DENIED; begin += BLOCK) {
        int length = DENIED - begin < BLOCK ? DENIED - begin : BLOCK;
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, sorted[begin + length - 1],
                                                 length + 2, 0);
        for (int i = 0; i < length; i++) {
            code[n++] =
                (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sorted[begin + i], length - i, 0);
        }
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, code};
    must((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "set the filter");
}

/* --- The root. --- */

static int filesystem(const char *type, const char *const (*options)[2], unsigned long attributes) {
    int context = must(k_fsopen(type), type);
    for (; options != NULL && (*options)[0] != NULL; options++) {
        unsigned command = (*options)[1] == NULL ? K_FSCONFIG_FLAG : K_FSCONFIG_STRING;
        must(k_fsconfig(context, command, (*options)[0], (*options)[1]), (*options)[0]);
    }
    must(k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL), type);
    int mounted = must(k_fsmount(context, attributes), type);
    close(context);
    return mounted;
}

static int copy(int directory, const char *path, unsigned flags, uint64_t attributes) {
    const struct k_mount_attr set = {.attr_set = attributes};
    int mounted = must(k_open_tree(directory, path, K_OPEN_TREE_CLONE | O_CLOEXEC | flags), path);
    if (attributes != 0) {
        must(k_mount_setattr(mounted, AT_EMPTY_PATH | (flags & K_AT_RECURSIVE), &set), path);
    }
    return mounted;
}

/* False: the kernel has none of that name. */
static bool cover(int mounted, int directory, const char *name) {
    if (k_move_mount_at(mounted, directory, name) == 0) {
        return true;
    }
    if (errno != ENOENT) {
        give_up(name);
    }
    return false;
}

static void cover_all(int first, int proc, const char *const *names, size_t count) {
    int next = first;
    for (size_t i = 0; i < count; i++) {
        next = next >= 0 ? next : copy(first, "", AT_EMPTY_PATH, 0);
        if (cover(next, proc, names[i])) {
            next = -1;
        }
    }
}

static void mask(int proc) {
    static const char *const files[] = {
        "partitions", "diskstats",   "softirqs",    "kcore",       "kmsg",          "keys",
        "key-users",  "kallsyms",    "timer_list",  "timer_stats", "sched_debug",   "latency_stats",
        "config.gz",  "bootconfig",  "swaps",       "mdstat",      "interrupts",    "kpagecount",
        "kpageflags", "kpagecgroup", "vmallocinfo", "slabinfo",    "sysrq-trigger", "cmdline"};
    static const char *const directories[] = {"acpi", "asound", "scsi", "pressure"};
    static const char *const read_only[] = {"bus", "irq", "sys"};
    static const char *const tiny[][2] = {{"size", "4k"}, {"nr_inodes", "1"}, {"mode", "0555"}, {NULL, NULL}};
    cover_all(copy(AT_FDCWD, "/dev/null", 0, K_ATTR_NOSUID | K_ATTR_NOEXEC | K_ATTR_RDONLY), proc, files,
              sizeof files / sizeof *files);
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        cover(copy(proc, read_only[i], K_AT_RECURSIVE, LOCKED), proc, read_only[i]);
    }
    int empty = filesystem("tmpfs", tiny, LOCKED);
    /* Attached first: what is mounted nowhere cannot be copied before Linux 6.15. */
    cover(empty, proc, "fs");
    cover_all(copy(empty, "", AT_EMPTY_PATH, 0), proc, directories, sizeof directories / sizeof *directories);
}

static void devices(int root) {
    static const char *const names[] = {"null", "zero", "full", "random", "urandom", "tty"};
    static const char *const options[][2] = {{"size", "64k"}, {"mode", "0755"}, {NULL, NULL}};
    int dev = filesystem("tmpfs", options, K_ATTR_NOSUID | K_ATTR_NOEXEC);
    must(k_move_mount_at(dev, root, "dev"), "mount /dev");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/%s", names[i]);
        must(mknodat(dev, names[i], S_IFREG | 0666, 0), path);
        must(k_move_mount_at(copy(AT_FDCWD, path, 0, K_ATTR_NOSUID | K_ATTR_NOEXEC | K_ATTR_RDONLY), dev,
                             names[i]),
             path);
    }
    const struct k_mount_attr locked = {.attr_set = K_ATTR_RDONLY};
    must(k_mount_setattr(dev, AT_EMPTY_PATH, &locked), "protect /dev");
}

/* The working directory is the run's own, with upper and work. */
static void enter_root(const struct sandbox *box) {
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    const char *const overlay[][2] = {{"userxattr", NULL},
                                      {"upperdir", "upper"},
                                      {"workdir", "work"},
                                      {"volatile", NULL},
                                      {"lowerdir+", box->skeleton},
                                      {"lowerdir+", box->tree},
                                      {"index", "off"},
                                      {"xino", "off"},
                                      {NULL, NULL}};
    int root = filesystem("overlay", overlay, K_ATTR_NOSUID | K_ATTR_NODEV);
    must(k_move_mount_at(root, AT_FDCWD, "."), "mount the root");
    int proc = filesystem("proc", NULL, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC);
    must(k_move_mount_at(proc, root, "proc"), "mount /proc");
    mask(proc);
    devices(root);
    must(fchdir(root), "enter the root");
    must((int)syscall(SYS_pivot_root, ".", "."), "change the root");
    must(umount2(".", MNT_DETACH), "take the old root off");
    must(chdir("/"), "enter the root");
}

/* --- Rights. --- */

static void map_ids(int proc, unsigned inside, unsigned uid, unsigned gid) {
    char map[48];
    put(proc, "self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", inside, uid);
    put(proc, "self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", inside, gid);
    put(proc, "self/gid_map", map);
}

static void own_nothing(int proc) {
    static const char *const ceilings[][2] = {
        {"sys/user/max_mnt_namespaces", "0"},     {"sys/user/max_cgroup_namespaces", "0"},
        {"sys/user/max_net_namespaces", "0"},     {"sys/user/max_pid_namespaces", "0"},
        {"sys/user/max_ipc_namespaces", "0"},     {"sys/user/max_uts_namespaces", "0"},
        {"sys/user/max_time_namespaces", "0"},    {"sys/user/max_user_namespaces", "1"},
        {"sys/user/max_inotify_instances", "64"}, {"sys/user/max_inotify_watches", "65536"},
        {"sys/user/max_fanotify_groups", "0"},    {"sys/user/max_fanotify_marks", "0"}};
    for (size_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        put(proc, ceilings[i][0], ceilings[i][1]);
    }
    must(unshare(CLONE_NEWUSER), "make the second user namespace");
    map_ids(proc, 1000, 0, 0);
}

static void bring_loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int any = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "make a socket");
    must(ioctl(any, SIOCSIFFLAGS, &request), "bring the loopback interface up");
    close(any);
}

static void drop_rights(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "give up new rights");
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {
    }
    must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear ambient capabilities");
    must((int)syscall(SYS_capset, &header, none), "drop capabilities");
}

/* --- The processes. --- */

static void __attribute__((noreturn)) init(const struct sandbox *box, unsigned uid, unsigned gid) {
    int proc = must(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "open /proc");
    int status = 0;
    must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "die with the parent");
    map_ids(proc, 0, uid, gid);
    bring_loopback_up();
    enter_root(box);
    if (box->owns_nothing) {
        own_nothing(proc);
    }
    /* All but what reports, which is moved away from what it would be closed with. */
    must(dup2(box->report, 3), "keep the report");
    must(k_close_range(4, ~0U), "close descriptors");
    must(fcntl(3, F_SETFD, FD_CLOEXEC), "keep the report");
    must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "hide init");
    drop_rights();
    pid_t payload = must(vfork(), "start the program's process");
    if (payload == 0) {
        setsid();
        filter();
        execv(box->command[0], box->command);
        give_up(box->command[0]);
    }
    for (pid_t ended; (ended = wait(&status)) != payload;) {
        must(ended, "wait for the program");
    }
    if (write(3, &status, sizeof status) != sizeof status) {
        give_up("report");
    }
    _exit(0);
}

/* What the kernel made in the work directory has mode 000. */
static void remove_run_directory(void) {
    static const char *const made[] = {"work/incompat/volatile/dirty", "work/incompat/volatile",
                                       "work/incompat", "work"};
    must(chdir("work"), "enter the work directory");
    for (size_t i = sizeof made / sizeof *made; i-- > 1;) {
        chmod(made[i], 0700);
    }
    unlink(made[0]);
    for (size_t i = 1; i < sizeof made / sizeof *made; i++) {
        rmdir(made[i]);
    }
    must(chdir(".."), "leave the work directory");
    must(rmdir("work"), "remove the work directory");
    must(rmdir("upper"), "remove the upper layer");
}

int main(int argc, char **argv) {
    struct sandbox box = {.owns_nothing = argc > 1 && strcmp(argv[1], "-2") == 0};
    char run[32];
    int ends[2];
    int status = 0;
    argv += box.owns_nothing ? 2 : 1;
    for (int i = 0; i < 4; i++) {
        if (argv[i] == NULL) {
            fprintf(stderr, "usage: floor [-2] TREE SKELETON SCRATCH PROGRAM ARGUMENT...\n");
            return 2;
        }
    }
    box.tree = argv[0];
    box.skeleton = argv[1];
    box.command = argv + 3;
    snprintf(run, sizeof run, "run-%d", getpid());
    must(chdir(argv[2]), "enter the scratch directory");
    must(mkdir(run, 0700), "make the run directory");
    must(chdir(run), "enter the run directory");
    must(mkdir("upper", 0755), "make the upper layer");
    must(mkdir("work", 0755), "make the work directory");
    must(pipe2(ends, O_CLOEXEC), "make a pipe");
    box.report = ends[1];
    const unsigned uid = geteuid();
    const unsigned gid = getegid();
    const struct k_clone_args how = {.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                              CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
                                     .exit_signal = SIGCHLD};
    pid_t child = must((int)syscall(SYS_clone3, &how, sizeof how), "make the namespaces");
    if (child == 0) {
        init(&box, uid, gid);
    }
    close(ends[1]);
    bool reported = read(ends[0], &status, sizeof status) == sizeof status;
    if (reported) {
        remove_run_directory(); /* while the kernel takes the namespaces apart */
    }
    while (waitpid(child, reported ? NULL : &status, 0) < 0 && errno == EINTR) {
    }
    if (!reported) {
        return FAILED;
    }
    must(chdir(".."), "leave the run directory");
    must(rmdir(run), "remove the run directory");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
