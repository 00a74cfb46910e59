#include "kernel.h"
#include "launch.h"
#include "mount_api.h"

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
    "partitions", "diskstats",   "softirqs",    "kcore",       "kmsg",          "keys",
    "key-users",  "kallsyms",    "timer_list",  "timer_stats", "sched_debug",   "latency_stats",
    "config.gz",  "bootconfig",  "swaps",       "mdstat",      "interrupts",    "kpagecount",
    "kpageflags", "kpagecgroup", "vmallocinfo", "slabinfo",    "sysrq-trigger", "cmdline"};
static const char *const hidden_directories[] = {"acpi", "asound", "scsi", "pressure", "fs"};
static const char *const read_only[] = {"bus", "irq", "sys"};

/* An entry of the procfs itself, where no link can be in the way. false: the kernel has none of that name. */
static bool cover(int cover, int proc, const char *name) {
    if (attach_mount(cover, proc, name) == 0) {
        return true;
    }
    if (errno != ENOENT) {
        fail_errno(SEE_DOCTOR, "cannot cover /proc/%s", name);
    }
    return false;
}

/* The same once more, for another place. Only what is mounted somewhere can be cloned (before Linux 6.15). */
static int another(int mount, const char *name) {
    int copy = copy_mount(mount, name, AT_SYMLINK_NOFOLLOW, 0);
    if (copy < 0) {
        fail_errno(SEE_DOCTOR, "cannot make one more cover for /proc");
    }
    return copy;
}

/* The last name is one that every kernel has: so no cover is left over, and letting go of one that is mounted
 * nowhere waits for all processors. */
static void cover_all(int proc, int first, const char *const *names, size_t count) {
    int next = first;
    for (size_t i = 0; i < count; i++) {
        if (next < 0) {
            next = another(first, "");
        }
        if (cover(next, proc, names[i])) {
            if (next != first) {
                close(next);
            }
            next = -1;
        }
    }
    if (next >= 0 && next != first) {
        close(next);
    }
    close(first);
}

static void forbid_writing(int proc) {
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        int copy = copy_mount(proc, read_only[i], K_AT_RECURSIVE | AT_SYMLINK_NOFOLLOW, LOCKED);
        if (copy < 0 && errno == ENOENT) {
            continue;
        }
        if (copy < 0) {
            fail_errno(SEE_DOCTOR, "cannot protect /proc/%s", read_only[i]);
        }
        if (!cover(copy, proc, read_only[i])) {
            fail_errno(SEE_DOCTOR, "cannot cover /proc/%s", read_only[i]);
        }
        close(copy);
    }
}

/*
 * One file system with an empty directory, for all directories that are hidden, and a file, for what shall be
 * the same in every sandbox. It lies below the empty directory that covers its own place, where nobody gets
 * at it; taking it off again would wait for all processors.
 */
static void hide_by_memory(int proc) {
    static const char PLACE[] = "fs"; /* every kernel has it */
    static const char TEXT[] = "00000000-0000-4000-8000-000000000000\n";
    int memory = new_tmpfs(16 << 10, 4, 0755, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC);
    int file = openat(memory, "text", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
    if (file < 0 || write(file, TEXT, sizeof TEXT - 1) != (ssize_t)(sizeof TEXT - 1) ||
        mkdirat(memory, "empty", 0555) != 0) {
        fail_errno(SEE_DOCTOR, "cannot make what covers parts of /proc");
    }
    close(file);
    if (!cover(memory, proc, PLACE)) {
        fail_errno(SEE_DOCTOR, "cannot cover /proc/%s", PLACE);
    }
    set_attributes(memory, LOCKED, "what covers parts of /proc");
    int empty = another(memory, "empty");
    int text = another(memory, "text");
    cover_all(proc, empty, hidden_directories, sizeof hidden_directories / sizeof *hidden_directories);
    cover(text, proc, "sys/kernel/random/boot_id");
    close(text);
    close(memory);
}

void mask_proc(int proc) {
    cover_all(proc, open_device("null", 1, 3), hidden_files, sizeof hidden_files / sizeof *hidden_files);
    forbid_writing(proc);
    hide_by_memory(proc);
}
