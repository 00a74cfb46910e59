#include "kernel.h"
#include "launch.h"
#include "reasons.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const char SEE_DOCTOR[] = "see velo doctor for what this host can do";

int open_target(int root, const char *target) {
    /* Inside the new root, following no link: an image must not choose where a mount lands. */
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC,
                             .resolve = K_RESOLVE_IN_ROOT | K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_MAGICLINKS};
    int fd = k_openat2(root, target, &how);
    if (fd < 0) {
        fail_errno("remove what the manifest has in that place", "cannot open mount point %s", target);
    }
    return fd;
}

void attach(int mount, int root, const char *target) {
    int fd = open_target(root, target);
    if (k_move_mount(mount, fd) != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount on %s", target);
    }
    close(fd);
}

/* The part of a mount point's path that is missing on an earlier mount: a bind on /tmp/x, or below another
 * bind. */
static void make_target(int root, const char *target, bool file) {
    char path[PATH_MAX];
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC,
                             .resolve = K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_MAGICLINKS};
    if ((size_t)snprintf(path, sizeof path, "%s", target) >= sizeof path) {
        fail(EXIT_LAUNCH, "bind it at a shorter path", "cannot make mount point %s: its path is too long",
             target);
    }
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    char *rest = NULL;
    for (char *name = strtok_r(path, "/", &rest); name != NULL;) {
        char *following = strtok_r(NULL, "/", &rest);
        int next = k_openat2(at, name, &how);
        if (next < 0 && errno == ENOENT) {
            int made = file && following == NULL
                           ? openat(at, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444)
                           : mkdirat(at, name, 0755);
            if (made < 0) {
                fail_errno("bind it where there is a mount point, or below a writable directory",
                           "cannot make mount point %s", target);
            }
            if (made > 0) {
                close(made);
            }
            next = k_openat2(at, name, &how);
        }
        if (next < 0) {
            fail_errno("remove what is in that place", "cannot open mount point %s", target);
        }
        close(at);
        at = next;
        name = following;
    }
    close(at);
}

int new_filesystem(const char *type, const char *const (*options)[2], unsigned long attributes) {
    int context = k_fsopen(type);
    int mounted = -1;
    if (context >= 0) {
        for (; options != NULL && (*options)[0] != NULL; options++) {
            if (k_fsconfig(context, K_FSCONFIG_STRING, (*options)[0], (*options)[1]) != 0) {
                fail_errno(SEE_DOCTOR, "cannot set %s of a %s", (*options)[0], type);
            }
        }
        if (k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) == 0) {
            mounted = k_fsmount(context, attributes);
        }
        close(context);
    }
    if (mounted < 0) {
        bool proc = strcmp(type, "proc") == 0;
        const struct finding finding =
            proc ? diagnose_proc(&this_host, errno) : diagnose_mount(&this_host, errno);
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
    const char *const options[][2] = {
        {"size", size_text}, {"nr_inodes", inodes_text}, {"mode", mode_text}, {NULL, NULL}};
    return new_filesystem("tmpfs", options, attributes);
}

void set_attributes(int mount, unsigned flags, uint64_t attributes, const char *what) {
    struct k_mount_attr attr = {.attr_set = attributes};
    if (k_mount_setattr(mount, flags, &attr) != 0) {
        fail_errno("use Linux 5.12 or newer", "cannot protect the mount of %s", what);
    }
}

int open_device(const char *name, unsigned major_number, unsigned minor_number) {
    char path[32];
    struct stat status;
    snprintf(path, sizeof path, "/dev/%s", name);
    int source = k_open_tree(AT_FDCWD, path, K_OPEN_TREE_CLONE | O_CLOEXEC);
    if (source < 0 || fstatat(source, "", &status, AT_EMPTY_PATH) != 0) {
        fail_errno("make sure that the host has this device", "cannot use %s", path);
    }
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(major_number, minor_number)) {
        fail(EXIT_LAUNCH, "repair the host's /dev", "cannot use %s: it is not the device of that name", path);
    }
    /* Read-only is the inode, which is the host's: its times could be changed by everybody who may write to
     * the device. The device itself is written to all the same. */
    set_attributes(source, 0, K_ATTR_NOSUID | K_ATTR_NOEXEC | K_ATTR_RDONLY, path);
    return source;
}

static void device(int dev, const char *name, unsigned major_number, unsigned minor_number) {
    int source = open_device(name, major_number, minor_number);
    if (mknodat(dev, name, S_IFREG | 0666, 0) != 0 || k_move_mount_at(source, dev, name) != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount /dev/%s", name);
    }
    close(source);
}

/* An instance that nobody else sees. All of them together are limited (kernel.pty.max), so that one gets few.
 */
static void mount_terminals(int dev) {
    static const char *const options[][2] = {
        {"mode", "0620"}, {"ptmxmode", "0666"}, {"max", "64"}, {NULL, NULL}};
    int terminals = new_filesystem("devpts", options, K_ATTR_NOSUID | K_ATTR_NOEXEC);
    int made = mkdirat(dev, "pts", 0755);
    int target = openat(dev, "pts", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (made != 0 || target < 0 || k_move_mount(terminals, target) != 0 ||
        symlinkat("pts/ptmx", dev, "ptmx") != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount /dev/pts");
    }
    close(target);
    close(terminals);
}

static void mount_dev(int root, const struct mount *m) {
    static const struct {
        const char *name;
        unsigned major_number, minor_number;
    } devices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                   {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    static const char *const links[][2] = {{"/proc/self/fd", "fd"},
                                           {"/proc/self/fd/0", "stdin"},
                                           {"/proc/self/fd/1", "stdout"},
                                           {"/proc/self/fd/2", "stderr"}};
    int dev = new_tmpfs(64 << 10, 64, 0755, K_ATTR_NOSUID | K_ATTR_NOEXEC);
    attach(dev, root, m->target);
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        device(dev, devices[i].name, devices[i].major_number, devices[i].minor_number);
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (symlinkat(links[i][0], dev, links[i][1]) != 0) {
            fail_errno(SEE_DOCTOR, "cannot make /dev/%s", links[i][1]);
        }
    }
    mount_terminals(dev);
    if (mkdirat(dev, "shm", 0755) != 0) {
        fail_errno(SEE_DOCTOR, "cannot make /dev/shm");
    }
    int shm = new_tmpfs(m->size, m->inodes, 01777, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC);
    if (k_move_mount_at(shm, dev, "shm") != 0) {
        fail_errno(SEE_DOCTOR, "cannot mount /dev/shm");
    }
    set_attributes(dev, 0, K_ATTR_RDONLY, "/dev");
    close(shm);
    close(dev);
}

int open_source(const char *path) {
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC,
                             .resolve = K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_MAGICLINKS};
    return k_openat2(AT_FDCWD, path, &how);
}

/* A copy of the host's mount. Where the host's is shared, so is the copy: what is mounted on either would
 * appear on the other, in here and out there (mount_namespaces(7)). */
static int bind_source(const struct mount *m) {
    const struct k_mount_attr apart = {.propagation = MS_PRIVATE};
    int source = open_source(m->sources[0]);
    if (source < 0) {
        return -1;
    }
    int mount = k_open_tree(source, "", K_OPEN_TREE_CLONE | K_AT_RECURSIVE | AT_EMPTY_PATH | O_CLOEXEC);
    close(source);
    if (mount >= 0 && k_mount_setattr(mount, K_AT_RECURSIVE, &apart) != 0) {
        fail_errno("use Linux 5.12 or newer", "cannot part the mount of %s from the host's", m->sources[0]);
    }
    return mount;
}

void prepare_binds(const struct plan *plan) {
    for (size_t i = 0; geteuid() == 0 && i < plan->mount_count; i++) {
        if (plan->mounts[i].kind == MOUNT_BIND) {
            plan->mounts[i].prepared = bind_source(&plan->mounts[i]);
        }
    }
}

static void mount_bind(int root, const struct mount *m) {
    int source = m->prepared > 0 ? m->prepared : bind_source(m);
    if (source < 0) {
        fail_errno(errno == ELOOP ? "leave its path as it is while a run begins"
                                  : "name something that the sandbox's identity may reach",
                   "cannot bind %s", m->sources[0]);
    }
    uint64_t attributes = K_ATTR_NOSUID | K_ATTR_NODEV;
    if ((m->flags & MOUNT_READ_ONLY) != 0) {
        attributes |= K_ATTR_RDONLY;
    }
    /* Before it is attached: it is never visible with more rights than it shall have. */
    set_attributes(source, K_AT_RECURSIVE, attributes, m->sources[0]);
    make_target(root, m->target, (m->flags & MOUNT_FILE) != 0);
    attach(source, root, m->target);
    close(source);
}

static void mount_overlay(int root, const struct plan *plan, const struct mount *m, const char *stage) {
    struct overlay overlay = {.lowers = m->sources,
                              .count = m->source_count,
                              .composed = plan->composed,
                              .composed_count = plan->composed_count,
                              .stage = stage};
    int mounted = overlay_mount(&overlay, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_RDONLY);
    attach(mounted, root, m->target);
    close(mounted);
}

void mount_one(int root, const struct plan *plan, const struct mount *m, const char *stage) {
    int mounted;
    switch (m->kind) {
    case MOUNT_PROC:
        mounted = new_filesystem("proc", NULL, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC);
        attach(mounted, root, m->target);
        mask_proc(mounted);
        close(mounted);
        break;
    case MOUNT_DEV:
        mount_dev(root, m);
        break;
    case MOUNT_TMPFS:
        mounted = new_tmpfs(m->size, m->inodes, m->mode, K_ATTR_NOSUID | K_ATTR_NODEV);
        attach(mounted, root, m->target);
        close(mounted);
        break;
    case MOUNT_BIND:
        mount_bind(root, m);
        break;
    case MOUNT_OVERLAY_READ_ONLY:
        mount_overlay(root, plan, m, stage);
        break;
    default:
        fail(EXIT_LAUNCH, "use parts of one distribution", "cannot mount: unknown operation %u", m->kind);
    }
}
