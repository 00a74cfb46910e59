#include "kernel.h"
#include "launch.h"
#include "mount_api.h"
#include "reasons.h"
#include "resolve.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const char SEE_DOCTOR[] = "see velo doctor for what this host can do";

/* Inside the new root, following no link: an image must not choose where a mount lands. */
void attach_inside(int mount, int root, const char *target) {
    int fd = resolve_inside(root, target);
    if (fd < 0) {
        fail_errno("remove what the manifest has in that place", "cannot open mount point %s", target);
    }
    if (attach_mount(mount, fd, NULL) != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount on %s", target);
    }
    close(fd);
}

static int new_filesystem(const char *type, mount_option *options, uint64_t attributes) {
    int mounted = make_filesystem(type, options, attributes);
    if (mounted < 0) {
        bool proc = strcmp(type, "proc") == 0;
        const struct finding finding = proc ? diagnose_proc(&this_host, errno) : unexplained(errno);
        fail_because(&finding, SEE_DOCTOR, proc ? "cannot mount a new proc" : "cannot mount a new tmpfs");
    }
    return mounted;
}

int new_tmpfs(uint64_t size, uint64_t inodes, uint32_t mode, unsigned long attributes) {
    char size_text[32];
    char inodes_text[32];
    char mode_text[16];
    snprintf(size_text, sizeof size_text, "%llu", (unsigned long long)size);
    snprintf(inodes_text, sizeof inodes_text, "%llu", (unsigned long long)inodes);
    snprintf(mode_text, sizeof mode_text, "%o", mode);
    mount_option options[] = {
        {"size", size_text}, {"nr_inodes", inodes_text}, {"mode", mode_text}, {NULL, NULL}};
    return new_filesystem("tmpfs", options, attributes);
}

void set_attributes(int mount, uint64_t attributes, const char *what) {
    if (restrict_mount(mount, attributes) != 0) {
        fail_errno(SEE_DOCTOR, "cannot protect the mount of %s", what);
    }
}

int open_device(const char *name, unsigned major_number, unsigned minor_number) {
    char path[32];
    struct stat status;
    snprintf(path, sizeof path, "/dev/%s", name);
    /* Read-only is the inode, which is the host's: its times could be changed by everybody who may write to
     * the device. The device itself is written to all the same. */
    int source = copy_mount(AT_FDCWD, path, 0, K_ATTR_NOSUID | K_ATTR_NOEXEC | K_ATTR_RDONLY);
    if (source < 0 || fstatat(source, "", &status, AT_EMPTY_PATH) != 0) {
        fail_errno("make sure that the host has this device", "cannot use %s", path);
    }
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(major_number, minor_number)) {
        fail(EXIT_LAUNCH, "repair the host's /dev", "cannot use %s: it is not the device of that name", path);
    }
    return source;
}

static void device(int dev, const char *name, unsigned major_number, unsigned minor_number) {
    int source = open_device(name, major_number, minor_number);
    if (mknodat(dev, name, S_IFREG | 0666, 0) != 0 || attach_mount(source, dev, name) != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount /dev/%s", name);
    }
    close(source);
}

/* An instance that nobody else sees. All of them together are limited (kernel.pty.max), so that one gets few.
 */
static void mount_terminals(int dev) {
    static mount_option options[] = {{"mode", "0620"}, {"ptmxmode", "0666"}, {"max", "64"}, {NULL, NULL}};
    int terminals = new_filesystem("devpts", options, K_ATTR_NOSUID | K_ATTR_NOEXEC);
    if (mkdirat(dev, "pts", 0755) != 0 || attach_mount(terminals, dev, "pts") != 0 ||
        symlinkat("pts/ptmx", dev, "ptmx") != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount /dev/pts");
    }
    close(terminals);
}

/* Made before there was a root to attach it to; -1: not yet. */
static int prepared_proc = -1;
static int prepared_dev = -1;

static int new_proc(void) {
    return new_filesystem("proc", NULL, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC);
}

static int new_dev(void) {
    return new_tmpfs(64 << 10, 64, 0755, K_ATTR_NOSUID | K_ATTR_NOEXEC);
}

/* All but /dev/shm, whose size is the plan's. */
static void fill_dev(int dev) {
    static const struct {
        const char *name;
        unsigned major_number, minor_number;
    } devices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                   {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    static const char *const links[][2] = {{"/proc/self/fd", "fd"},
                                           {"/proc/self/fd/0", "stdin"},
                                           {"/proc/self/fd/1", "stdout"},
                                           {"/proc/self/fd/2", "stderr"}};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        device(dev, devices[i].name, devices[i].major_number, devices[i].minor_number);
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (symlinkat(links[i][0], dev, links[i][1]) != 0) {
            fail_errno(SEE_DOCTOR, "cannot make /dev/%s", links[i][1]);
        }
    }
    mount_terminals(dev);
}

static void mount_dev(int root, const struct mount *m) {
    int dev = prepared_dev < 0 ? new_dev() : prepared_dev;
    attach_inside(dev, root, m->target);
    if (prepared_dev < 0) {
        fill_dev(dev);
    }
    if (mkdirat(dev, "shm", 0755) != 0) {
        fail_errno(SEE_DOCTOR, "cannot make /dev/shm");
    }
    int shm = new_tmpfs(m->size, m->inodes, 01777, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC);
    if (attach_mount(shm, dev, "shm") != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount /dev/shm");
    }
    set_attributes(dev, K_ATTR_RDONLY, "/dev");
    close(shm);
    close(dev);
}

static void mount_overlay(int root, const struct plan *plan, const struct mount *m) {
    struct overlay overlay = {.lowers = m->sources,
                              .count = m->source_count,
                              .composed = plan->composed,
                              .composed_count = plan->composed_count};
    int mounted = overlay_mount(&overlay, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_RDONLY);
    attach_inside(mounted, root, m->target);
    close(mounted);
}

static void attach_aside(int mount, const char *place) {
    if (attach_mount(mount, AT_FDCWD, place) != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount on %s of the host", place);
    }
}

/* Before Linux 6.15 nothing can be mounted on what is not attached. What lies on / is on no path, since the
 * root of this process is what it lies on. */
void prepare_mounts(void) {
    prepared_dev = new_dev();
    attach_aside(prepared_dev, "/");
    fill_dev(prepared_dev);
    prepared_proc = new_proc();
    attach_aside(prepared_proc, "/proc");
    mask_proc(prepared_proc);
}

void mount_one(int root, const struct plan *plan, const struct mount *m) {
    int mounted;
    switch (m->kind) {
    case MOUNT_PROC:
        mounted = prepared_proc < 0 ? new_proc() : prepared_proc;
        attach_inside(mounted, root, m->target);
        if (prepared_proc < 0) {
            mask_proc(mounted);
        }
        close(mounted);
        break;
    case MOUNT_DEV:
        mount_dev(root, m);
        break;
    case MOUNT_TMPFS:
        mounted = new_tmpfs(m->size, m->inodes, m->mode, K_ATTR_NOSUID | K_ATTR_NODEV);
        attach_inside(mounted, root, m->target);
        close(mounted);
        break;
    case MOUNT_BIND:
        mount_bind(root, m);
        break;
    case MOUNT_OVERLAY_READ_ONLY:
        mount_overlay(root, plan, m);
        break;
    default:
        fail(EXIT_LAUNCH, "use parts of one distribution", "cannot mount: unknown operation %u", m->kind);
    }
}
