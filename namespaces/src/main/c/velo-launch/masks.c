#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static const char SEE_DOCTOR[] = "see velo doctor for what this host can do";

enum { LOCKED = K_ATTR_RDONLY | K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC };

/* Files that tell of the host or of other users' keys, and those that act on the machine when written.
 * pressure does both: it is the whole machine's, and what is written to it makes the kernel watch that. */
static const char *const hidden_files[] = {
    "cmdline",       "partitions", "diskstats",   "softirqs",    "kcore",       "kmsg",
    "keys",          "key-users",  "kallsyms",    "timer_list",  "timer_stats", "sched_debug",
    "latency_stats", "config.gz",  "bootconfig",  "swaps",       "mdstat",      "interrupts",
    "kpagecount",    "kpageflags", "kpagecgroup", "vmallocinfo", "slabinfo",    "sysrq-trigger"};
static const char *const hidden_directories[] = {"acpi", "asound", "fs", "pressure", "scsi"};
static const char *const read_only[] = {"bus", "irq", "sys"};

/* -1 where the kernel has none of that name. */
static int part(int proc, const char *name) {
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC,
                             .resolve = K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_MAGICLINKS};
    int found = k_openat2(proc, name, &how);
    if (found < 0 && errno != ENOENT) {
        fail_errno(SEE_DOCTOR, "cannot open /proc/%s", name);
    }
    return found;
}

static void cover(int cover, int target, const char *name) {
    if (cover < 0 || k_move_mount(cover, target) != 0) {
        fail_errno(SEE_DOCTOR, "cannot cover /proc/%s", name);
    }
    close(cover);
    close(target);
}

static void hide_files(int proc) {
    for (size_t i = 0; i < sizeof hidden_files / sizeof *hidden_files; i++) {
        int target = part(proc, hidden_files[i]);
        if (target >= 0) {
            cover(open_device("null", 1, 3), target, hidden_files[i]);
        }
    }
}

/* One empty directory, in as many places as there are directories to hide. */
static void hide_directories(int proc) {
    int empty = -1;
    for (size_t i = 0; i < sizeof hidden_directories / sizeof *hidden_directories; i++) {
        int target = part(proc, hidden_directories[i]);
        if (target < 0) {
            continue;
        }
        if (empty < 0) {
            cover(new_tmpfs(4096, 1, 0555, LOCKED), target, hidden_directories[i]);
            empty = part(proc, hidden_directories[i]);
        } else {
            cover(k_open_tree(empty, "", K_OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC), target,
                  hidden_directories[i]);
        }
    }
    if (empty >= 0) {
        close(empty);
    }
}

static void forbid_writing(int proc) {
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        int target = part(proc, read_only[i]);
        if (target < 0) {
            continue;
        }
        int copy = k_open_tree(target, "", K_OPEN_TREE_CLONE | K_AT_RECURSIVE | AT_EMPTY_PATH | O_CLOEXEC);
        set_attributes(copy, K_AT_RECURSIVE, LOCKED, read_only[i]);
        cover(copy, target, read_only[i]);
    }
}

/* A file of a file system that is mounted nowhere: only what is mounted can be cloned (before Linux 6.15). */
static int constant_file(int proc, const char *text) {
    int memory = new_tmpfs(16 << 10, 4, 0755, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC);
    int place = part(proc, "sys");
    int file = openat(memory, "text", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
    if (place < 0 || file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text) ||
        k_move_mount(memory, place) != 0) {
        fail_errno(SEE_DOCTOR, "cannot make a file to cover others with");
    }
    int copy = k_open_tree(memory, "text", K_OPEN_TREE_CLONE | O_CLOEXEC);
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", memory);
    close(file);
    set_attributes(copy, 0, LOCKED, "a constant file");
    if (umount2(link, MNT_DETACH) != 0) {
        fail_errno(SEE_DOCTOR, "cannot use a file to cover others with");
    }
    close(place);
    close(memory);
    return copy;
}

/* The same for every sandbox. */
static void hide_boot_id(int proc) {
    static const char NAME[] = "sys/kernel/random/boot_id";
    int file = constant_file(proc, "00000000-0000-4000-8000-000000000000\n");
    int target = part(proc, NAME);
    if (target >= 0) {
        cover(file, target, NAME);
    }
}

void mask_proc(int proc) {
    hide_files(proc);
    hide_directories(proc);
    forbid_writing(proc);
    hide_boot_id(proc);
}
