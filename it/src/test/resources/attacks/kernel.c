/* Keys, devices, terminals, clocks, and files of the kernel. */
#include "act.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static long session_keyring(void) {
    return syscall(SYS_keyctl, 0L, -3L, 0L) < 0 ? -1 : 0;
}
static long add_key(void) {
    return syscall(SYS_add_key, "user", "velo-attack", "x", 1UL, -2) < 0 ? -1 : 0;
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
static long set_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return clock_settime(CLOCK_REALTIME, &now);
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
static long virtual_machines(void) {
    return opens("/dev/kvm", O_RDWR);
}
static long memory_faults_by_device(void) {
    return opens("/dev/userfaultfd", O_RDWR);
}
/* Anything that is not among the few that programs need. */
static long other_devices(void) {
    static const char known[] =
        " . .. null zero full random urandom tty fd stdin stdout stderr shm ptmx pts ";
    DIR *devices = opendir("/dev");
    char word[258];
    for (struct dirent *entry; devices != NULL && (entry = readdir(devices)) != NULL;) {
        snprintf(word, sizeof word, " %s ", entry->d_name);
        if (strstr(known, word) == NULL) {
            return 0;
        }
    }
    errno = ENOENT;
    return -1;
}
/* The inode is the host's: whoever may change its times leaves a mark there. */
static long times_of_device(void) {
    struct stat before;
    struct stat after;
    if (stat("/dev/zero", &before) != 0 || utimensat(AT_FDCWD, "/dev/zero", NULL, 0) != 0 ||
        stat("/dev/zero", &after) != 0) {
        return -1;
    }
    errno = ESTALE;
    return memcmp(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim) != 0 ? 0 : -1;
}
static long write_to_devices(void) {
    return writes("/dev/null", "x") == 0 && writes("/dev/zero", "x") == 0 ? reads("/dev/urandom") : -1;
}
static long kernel_messages(void) {
    char text[4096];
    return syscall(SYS_syslog, 3 /* read all */, text, sizeof text) < 0 ? -1 : 0;
}
static long machine_name(void) {
    return reads("/etc/machine-id");
}
static long adjust_clock(void) {
    struct timex now = {.modes = 0};
    if (adjtimex(&now) < 0) {
        return -1;
    }
    now.modes = ADJ_TICK;
    return adjtimex(&now) < 0 ? -1 : 0;
}
static long spare_me(void) {
    return writes("/proc/self/oom_score_adj", "-1000");
}

/* Any file of /proc, the processes left out, that can be opened for writing and is no device. */
static int writable;
static int look(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    if (kind == FTW_D && place->level == 1 &&
        (strspn(path + 6, "0123456789") > 0 || strncmp(path + 6, "self", 5) == 0 ||
         strcmp(path + 6, "thread-self") == 0)) {
        return FTW_SKIP_SUBTREE;
    }
    int fd = kind == FTW_F ? open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    struct stat opened;
    if (fd >= 0 && fstat(fd, &opened) == 0 && S_ISREG(opened.st_mode)) {
        fprintf(stderr, "%s can be opened for writing\n", path);
        writable++;
    }
    close(fd);
    return FTW_CONTINUE;
}
static long writable_kernel_files(void) {
    if (nftw("/proc", look, 32, FTW_PHYS | FTW_ACTIONRETVAL) != 0) {
        return -1;
    }
    errno = EACCES;
    return writable > 0 ? 0 : -1;
}

const struct act kernel_acts[] = {ACT(session_keyring),
                                  ACT(add_key),
                                  ACT(type_into_terminal),
                                  ACT(type_into_terminal_high),
                                  ACT(console),
                                  ACT(line_discipline),
                                  ACT(set_clock),
                                  ACT(adjust_clock),
                                  ACT(load_average),
                                  ACT(kernel_core),
                                  ACT(kernel_log),
                                  ACT(kernel_messages),
                                  ACT(kernel_symbols),
                                  ACT(kernel_keys),
                                  ACT(kernel_timers),
                                  ACT(kernel_config),
                                  ACT(machine_name),
                                  ACT(core_pattern),
                                  ACT(module_loader),
                                  ACT(magic_keys),
                                  ACT(raise_ceiling),
                                  ACT(network_settings),
                                  ACT(message_limits),
                                  ACT(writable_kernel_files),
                                  ACT(spare_me),
                                  ACT(disk),
                                  ACT(memory_device),
                                  ACT(log_device),
                                  ACT(fuse),
                                  ACT(loops),
                                  ACT(tunnel),
                                  ACT(virtual_machines),
                                  ACT(memory_faults_by_device),
                                  ACT(other_devices),
                                  ACT(times_of_device),
                                  ACT(write_to_devices),
                                  ACT(firmware),
                                  ACT(control_groups),
                                  {NULL, NULL}};
