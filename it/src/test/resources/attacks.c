/*
 * Acts that a sandbox must not allow, each in a child of its own: prints "<name> <outcome>" a line, where the
 * outcome is "works", the name of an errno, or the signal that ended the child. With the argument "calls" it
 * makes every call of syscalls.table with arguments that mean nothing, which an unfiltered kernel refuses for
 * that reason.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A probe returns 0 where the act was done, else -1 with errno. */
typedef long probe(void);

static long opens(const char *path, int flags) {
    return open(path, flags | O_CLOEXEC) < 0 ? -1 : 0;
}

static long reads(const char *path) {
    char byte;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t got = read(fd, &byte, 1);
    if (got == 0) {
        errno = ENODATA;
    }
    return got == 1 ? 0 : -1;
}

static long nested_user_namespace(void) {
    return unshare(CLONE_NEWUSER | CLONE_NEWNS);
}
static long nested_by_clone(void) {
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : 0;
}
static long nested_by_clone3(void) {
    unsigned long arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    long pid = syscall(SYS_clone3, arguments, 64UL);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : 0;
}
static long plain_clone3(void) {
    unsigned long arguments[11] = {0, 0, 0, 0, SIGCHLD};
    long pid = syscall(SYS_clone3, arguments, 64UL);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : 0;
}
static long unshare_files(void) {
    return unshare(CLONE_FILES | CLONE_FS);
}
static long other_namespace(void) {
    int fd = open("/proc/1/ns/user", O_RDONLY);
    return fd < 0 ? -1 : setns(fd, 0);
}
static long seize_init(void) {
    return ptrace(PTRACE_SEIZE, 1, 0, 0);
}
static long init_memory(void) {
    return opens("/proc/1/mem", O_RDWR);
}
static long init_memory_by_call(void) {
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
    return process_vm_readv(1, &here, 1, &there, 1, 0) < 0 ? -1 : 0;
}
static long init_environment(void) {
    return reads("/proc/1/environ");
}
static long init_program(void) {
    return opens("/proc/1/exe", O_PATH);
}
static long init_descriptors(void) {
    return opens("/proc/1/fd", O_RDONLY | O_DIRECTORY);
}

static long session_keyring(void) {
    return syscall(SYS_keyctl, 0L, -3L, 0L) < 0 ? -1 : 0;
}
static long add_key(void) {
    return syscall(SYS_add_key, "user", "velo-attack", "x", 1UL, -2) < 0 ? -1 : 0;
}
static long asynchronous_io(void) {
    char parameters[512] = {0};
    return syscall(SYS_io_uring_setup, 4, parameters) < 0 ? -1 : 0;
}
static long memory_faults(void) {
    return syscall(SYS_userfaultfd, 1 /* user mode only */) < 0 ? -1 : 0;
}
static long other_descriptor(void) {
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    return self < 0 || syscall(SYS_pidfd_getfd, self, 0, 0) < 0 ? -1 : 0;
}
static long compare_self(void) {
    return syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0) < 0 ? -1 : 0;
}

static long mount_memory(void) {
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}
static long remount_root(void) {
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}
static long uncover(void) {
    return umount2("/proc/kcore", MNT_DETACH);
}
static long new_mount(void) {
    return syscall(SYS_fsopen, "tmpfs", 0) < 0 ? -1 : 0;
}
static long change_root(void) {
    return chroot("/tmp");
}

static long socket_of(int family, int type, int protocol) {
    return socket(family, type, protocol) < 0 ? -1 : 0;
}
static long alg(void) {
    return socket_of(38, SOCK_SEQPACKET, 0);
}
static long vsock(void) {
    return socket_of(40, SOCK_STREAM, 0);
}
static long rxrpc(void) {
    return socket_of(33, SOCK_DGRAM, AF_INET);
}
static long tipc(void) {
    return socket_of(30, SOCK_RDM, 0);
}
static long can(void) {
    return socket_of(29, SOCK_RAW, 1);
}
static long x25(void) {
    return socket_of(9, SOCK_SEQPACKET, 0);
}
static long rds(void) {
    return socket_of(21, SOCK_SEQPACKET, 0);
}
static long smc(void) {
    return socket_of(43, SOCK_STREAM, 0);
}
static long bluetooth(void) {
    return socket_of(31, SOCK_RAW, 1);
}
static long key_family(void) {
    return socket_of(15, SOCK_RAW, 2);
}
static long packet(void) {
    return socket_of(17, SOCK_RAW, htons(3));
}
static long xdp(void) {
    return socket_of(44, SOCK_RAW, 0);
}
static long raw(void) {
    return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static long raw6(void) {
    return socket_of(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
}
static long sctp(void) {
    return socket_of(AF_INET, SOCK_STREAM, 132);
}
static long sctp_packets(void) {
    return socket_of(AF_INET, SOCK_SEQPACKET, 132);
}
static long multipath(void) {
    return socket_of(AF_INET, SOCK_STREAM, 262);
}
static long udplite(void) {
    return socket_of(AF_INET6, SOCK_DGRAM, 136);
}
static long transforms(void) {
    return socket_of(16, SOCK_RAW, 6);
}
static long packet_filter(void) {
    return socket_of(16, SOCK_RAW, 12);
}
static long device_events(void) {
    return socket_of(16, SOCK_DGRAM, 15);
}
static long tipc_pair(void) {
    int pair[2];
    return socketpair(30, SOCK_STREAM, 0, pair);
}
/* These must work. */
static long stream(void) {
    return socket_of(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long datagram6(void) {
    return socket_of(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
}
static long routes(void) {
    return socket_of(16, SOCK_RAW | SOCK_CLOEXEC, 0);
}
static long local_pair(void) {
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}
/* The kernel's own interface to make an interface needs a capability over the network namespace. */
static long make_interface(void) {
    struct {
        unsigned length;
        unsigned short type, flags;
        unsigned sequence, pid;
        unsigned char family, pad;
        unsigned short device;
        int index;
        unsigned up, change;
        unsigned short info_length, info_type, kind_length, kind_type;
        char kind[8];
    } request = {
        sizeof request, 16 /* RTM_NEWLINK */, 0x605, 1, 0, 0, 0, 0, 0, 0, 0, 16, 18 /* LINKINFO */, 12, 1,
        "dummy"};
    char answer[4096];
    int fd = socket(16, SOCK_RAW, 0);
    if (fd < 0 || send(fd, &request, sizeof request, 0) < 0) {
        return -1;
    }
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got < 20) {
        return -1;
    }
    int error;
    memcpy(&error, answer + 16, sizeof error);
    errno = -error;
    return error == 0 ? 0 : -1;
}

static long type_into(unsigned long request) {
    char byte = 'x';
    return syscall(SYS_ioctl, 0, request, &byte) < 0 ? -1 : 0;
}
static long type_into_terminal(void) {
    return type_into(0x5412);
}
static long type_into_terminal_high(void) {
    return type_into(0x5412 | 1UL << 32);
}
static long console(void) {
    return type_into(0x541C);
}
static long line_discipline(void) {
    return type_into(0x5423);
}
static long old_personality(void) {
    return syscall(SYS_personality, 0x0400000UL) < 0 ? -1 : 0;
}
static long core_file(void) {
    const struct rlimit some = {1 << 20, 1 << 20};
    return setrlimit(RLIMIT_CORE, &some);
}
static long set_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return clock_settime(CLOCK_REALTIME, &now);
}
static long host_name(void) {
    return sethostname("x", 1);
}
static long load_average(void) {
    return reads("/proc/loadavg");
}
static long kernel_core(void) {
    return reads("/proc/kcore");
}
static long kernel_log(void) {
    return opens("/proc/kmsg", O_RDONLY) != 0 ? -1 : reads("/proc/kmsg");
}
static long kernel_symbols(void) {
    return reads("/proc/kallsyms");
}
static long kernel_keys(void) {
    return reads("/proc/keys");
}
static long kernel_timers(void) {
    return reads("/proc/timer_list");
}
static long kernel_config(void) {
    return reads("/proc/config.gz");
}
static long writes(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}
static long core_pattern(void) {
    return opens("/proc/sys/kernel/core_pattern", O_WRONLY);
}
static long module_loader(void) {
    return opens("/proc/sys/kernel/modprobe", O_WRONLY);
}
static long magic_keys(void) {
    return opens("/proc/sysrq-trigger", O_WRONLY) != 0 ? -1 : reads("/proc/sysrq-trigger");
}
static long raise_ceiling(void) {
    return writes("/proc/sys/user/max_user_namespaces", "100");
}
static long network_settings(void) {
    return writes("/proc/sys/net/ipv4/ip_forward", "0");
}
static long message_limits(void) {
    return writes("/proc/sys/kernel/msgmax", "8192");
}
static long disk(void) {
    return opens("/dev/sda", O_RDONLY) == 0 ? 0 : opens("/dev/vda", O_RDONLY);
}
static long memory_device(void) {
    return opens("/dev/mem", O_RDONLY);
}
static long log_device(void) {
    return opens("/dev/kmsg", O_RDONLY);
}
static long fuse(void) {
    return opens("/dev/fuse", O_RDWR);
}
static long loops(void) {
    return opens("/dev/loop-control", O_RDWR);
}
static long tunnel(void) {
    return opens("/dev/net/tun", O_RDWR);
}
static long firmware(void) {
    return opens("/sys/firmware", O_RDONLY);
}
static long control_groups(void) {
    return opens("/sys/fs/cgroup", O_RDONLY);
}
static long root_of_init(void) {
    return opens("/proc/1/root", O_RDONLY);
}
static long escape(void) {
    int here = open("/", O_RDONLY | O_DIRECTORY);
    mkdir("/tmp/cage", 0755);
    if (here < 0 || chroot("/tmp/cage") != 0 || fchdir(here) != 0) {
        return -1;
    }
    for (int i = 0; i < 64; i++) {
        if (chdir("..") != 0) {
            return -1;
        }
    }
    return chroot(".");
}

#if defined(__x86_64__)
static long foreign_abi(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid of i386 */) : "memory");
    errno = result < 0 ? (int)-result : 0;
    return result > 0 ? 0 : -1;
}
static long x32_abi(void) {
    return syscall(0x40000000L | 39) < 0 ? -1 : 0;
}
#endif

static long transport(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return setsockopt(fd, IPPROTO_TCP, 31 /* TCP_ULP */, "velo", 4);
}
static long limits_of_init(void) {
    const struct rlimit some = {100000, 100000};
    return prlimit(1, RLIMIT_CPU, &some, NULL);
}
/* Init is deaf, so that nothing is kept for it. */
static long signals_for_init(void) {
    union sigval value = {0};
    for (int i = 0; i < 10000; i++) {
        if (sigqueue(1, SIGRTMIN + 1, value) != 0) {
            return -1;
        }
    }
    FILE *status = fopen("/proc/1/status", "r");
    char line[256];
    unsigned long pending = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "SigQ: %lu", &pending);
    }
    errno = ENOSPC;
    return pending >= 10000 ? 0 : -1;
}

static const struct {
    const char *name;
    probe *act;
} probes[] = {
#define PROBE(name)                                                                                          \
    { #name, name }
    PROBE(nested_user_namespace),
    PROBE(transport),
    PROBE(limits_of_init),
    PROBE(signals_for_init),
    PROBE(nested_by_clone),
    PROBE(nested_by_clone3),
    PROBE(plain_clone3),
    PROBE(unshare_files),
    PROBE(other_namespace),
    PROBE(seize_init),
    PROBE(init_memory),
    PROBE(init_memory_by_call),
    PROBE(init_environment),
    PROBE(init_program),
    PROBE(init_descriptors),
    PROBE(session_keyring),
    PROBE(add_key),
    PROBE(asynchronous_io),
    PROBE(memory_faults),
    PROBE(other_descriptor),
    PROBE(compare_self),
    PROBE(mount_memory),
    PROBE(remount_root),
    PROBE(uncover),
    PROBE(new_mount),
    PROBE(change_root),
    PROBE(alg),
    PROBE(vsock),
    PROBE(rxrpc),
    PROBE(tipc),
    PROBE(can),
    PROBE(x25),
    PROBE(rds),
    PROBE(smc),
    PROBE(bluetooth),
    PROBE(key_family),
    PROBE(packet),
    PROBE(xdp),
    PROBE(raw),
    PROBE(raw6),
    PROBE(sctp),
    PROBE(sctp_packets),
    PROBE(multipath),
    PROBE(udplite),
    PROBE(transforms),
    PROBE(packet_filter),
    PROBE(device_events),
    PROBE(tipc_pair),
    PROBE(stream),
    PROBE(datagram6),
    PROBE(routes),
    PROBE(local_pair),
    PROBE(make_interface),
    PROBE(type_into_terminal),
    PROBE(type_into_terminal_high),
    PROBE(console),
    PROBE(line_discipline),
    PROBE(old_personality),
    PROBE(core_file),
    PROBE(set_clock),
    PROBE(host_name),
    PROBE(load_average),
    PROBE(kernel_core),
    PROBE(kernel_log),
    PROBE(kernel_symbols),
    PROBE(kernel_keys),
    PROBE(kernel_timers),
    PROBE(kernel_config),
    PROBE(core_pattern),
    PROBE(module_loader),
    PROBE(magic_keys),
    PROBE(raise_ceiling),
    PROBE(network_settings),
    PROBE(message_limits),
    PROBE(disk),
    PROBE(memory_device),
    PROBE(log_device),
    PROBE(fuse),
    PROBE(loops),
    PROBE(tunnel),
    PROBE(firmware),
    PROBE(control_groups),
    PROBE(root_of_init),
    PROBE(escape),
#if defined(__x86_64__)
    PROBE(foreign_abi),
    PROBE(x32_abi),
#endif
};

static const struct {
    const char *name;
    long number;
} calls[] = {
#define DENY(name, liftable) {#name, SYS_##name},
#include "syscalls.inc"
#undef DENY
};

static void outcome(const char *name, int status) {
    if (WIFSIGNALED(status)) {
        printf("%s SIG%s\n", name, sigabbrev_np(WTERMSIG(status)));
    } else {
        const char *error = strerrorname_np(WEXITSTATUS(status));
        printf("%s %s\n", name, WEXITSTATUS(status) == 0 || error == NULL ? "works" : error);
    }
    fflush(stdout);
}

static void in_child(const char *name, probe *act, long number) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        alarm(10);
        errno = 0;
        long result = act != NULL ? act() : syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
        _exit(result >= 0 && act == NULL ? 0 : result == 0 ? 0 : errno);
    }
    int status = 0;
    waitpid(child, &status, 0);
    outcome(name, status);
}

/* How many may be had, and then held until standard input ends. */
static int inotify_instances(void) {
    int count = 0;
    while (count < 100000 && inotify_init1(IN_CLOEXEC) >= 0) {
        count++;
    }
    printf("%d %s\n", count, strerrorname_np(errno));
    fflush(stdout);
    char byte;
    return read(0, &byte, 1) < 0;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "calls") == 0) {
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            in_child(calls[i].name, NULL, calls[i].number);
        }
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "inotify") == 0) {
        return inotify_instances();
    }
    if (getpid() == 1) {
        /* As an init that waits for signals by signalfd(2). */
        sigset_t all;
        sigfillset(&all);
        sigdelset(&all, SIGALRM);
        sigprocmask(SIG_SETMASK, &all, NULL);
    }
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        in_child(probes[i].name, probes[i].act, 0);
    }
    return 0;
}
