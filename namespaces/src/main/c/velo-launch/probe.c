#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* Runs in a child in new namespaces; returns 0 or an errno. */
typedef int (*trial)(void);

static int nothing(void) {
    return 0;
}

static uid_t caller;
static gid_t caller_group;

static void map_self(void) {
    static const char *const names[] = {"setgroups", "uid_map", "gid_map"};
    char path[64];
    char text[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/self/%s", names[i]);
        if (i == 0) {
            snprintf(text, sizeof text, "deny");
        } else {
            snprintf(text, sizeof text, "0 %u 1", (unsigned)(i == 1 ? caller : caller_group));
        }
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, text, strlen(text)) < 0) {
            _exit(errno);
        }
        close(fd);
    }
}

static int try_overlay(void) {
    map_self();
    static const char *const directories[] = {"/tmp/lower", "/tmp/upper", "/tmp/work"};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") != 0) {
        return errno;
    }
    for (size_t i = 0; i < 3; i++) {
        if (mkdir(directories[i], 0755) != 0) {
            return errno;
        }
    }
    int context = k_fsopen("overlay");
    if (context < 0 || k_fsconfig(context, K_FSCONFIG_FLAG, "userxattr", NULL) != 0 ||
        k_fsconfig(context, K_FSCONFIG_STRING, "lowerdir+", "/tmp/lower") != 0 ||
        k_fsconfig(context, K_FSCONFIG_STRING, "upperdir", "/tmp/upper") != 0 ||
        k_fsconfig(context, K_FSCONFIG_STRING, "workdir", "/tmp/work") != 0 ||
        k_fsconfig(context, K_FSCONFIG_FLAG, "volatile", NULL) != 0 ||
        k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) != 0 || k_fsmount(context, 0) < 0) {
        return errno;
    }
    return 0;
}

static int try_proc(void) {
    int context = k_fsopen("proc");
    if (context < 0 || k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) != 0 || k_fsmount(context, 0) < 0) {
        return errno;
    }
    return 0;
}

static void print(const char *name, int errnum) {
    if (errnum == 0) {
        printf("%s ok\n", name);
    } else {
        printf("%s %d %s\n", name, errnum, strerror(errnum));
    }
}

static void attempt(const char *name, int flags, trial body) {
    int status = 0;
    fflush(stdout);
    bool born;
    pid_t child = clone_into(flags, -1, &born);
    if (child == 0) {
        _exit(body());
    }
    int errnum = child < 0 ? errno : 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child > 0) {
        errnum = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    }
    print(name, errnum);
}

static bool make_blob_and_metadata(void) {
    static const char content[] = "velo";
    static const char *const directories[] = {"data", "data/ab", "tree", "top", "stage"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        if (mkdir(directories[i], 0700) != 0) {
            return false;
        }
    }
    int blob = open("data/ab/blob", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    int file = open("tree/file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    return blob >= 0 && file >= 0 && write(blob, content, 4) == 4 && ftruncate(file, 4) == 0 &&
           fsetxattr(file, "user.overlay.metacopy", "", 0, 0) == 0 &&
           fsetxattr(file, "user.overlay.redirect", "/ab/blob", 8, 0) == 0 && fchmod(file, 0500) == 0 &&
           close(blob) == 0 && close(file) == 0;
}

static int stacked(const char *const (*options)[2]) {
    int context = k_fsopen("overlay");
    if (context < 0 || k_fsconfig(context, K_FSCONFIG_FLAG, "userxattr", NULL) != 0) {
        return -1;
    }
    for (; (*options)[0] != NULL; options++) {
        if (k_fsconfig(context, K_FSCONFIG_STRING, (*options)[0], (*options)[1]) != 0) {
            return -1;
        }
    }
    return k_fsconfig(context, K_FSCONFIG_CREATE, NULL, NULL) == 0 ? k_fsmount(context, K_ATTR_RDONLY) : -1;
}

/* As a run does it: one metadata layer above its data, and that below another overlay. */
static int try_metadata(void) {
    static const char *const layer[][2] = {
        {"lowerdir+", "tree"}, {"datadir+", "data"}, {"index", "off"}, {"xino", "off"}, {NULL, NULL}};
    static const char *const root[][2] = {
        {"lowerdir+", "top"}, {"lowerdir+", "stage"}, {"index", "off"}, {"xino", "off"}, {NULL, NULL}};
    char content[4];
    struct stat status;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || !make_blob_and_metadata()) {
        return errno;
    }
    int composed = stacked(layer);
    int stage = open("stage", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (composed < 0 || stage < 0 || k_move_mount(composed, stage) != 0) {
        return errno;
    }
    int merged = stacked(root);
    int file = merged < 0 ? -1 : openat(merged, "file", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, content, sizeof content) < 0 || fstat(file, &status) != 0) {
        return errno;
    }
    bool right = memcmp(content, "velo", 4) == 0 && (status.st_mode & 07777) == 0500 && status.st_size == 4;
    return right ? 0 : EINVAL;
}

int probe_metadata(const char *directory) {
    struct stat owner;
    int go[2];
    int status = 0;
    if (chdir(directory) != 0 || stat(".", &owner) != 0 || pipe2(go, O_CLOEXEC) != 0) {
        fail_errno("name a directory", "cannot probe in %s", directory);
    }
    bool root = geteuid() == 0;
    struct plan plan = {.outside_uid = root ? owner.st_uid : geteuid(),
                        .outside_gid = root ? owner.st_gid : getegid()};
    bool born;
    pid_t child = clone_into(CLONE_NEWUSER | CLONE_NEWNS, -1, &born);
    if (child < 0) {
        print("metadata", errno);
        return 0;
    }
    if (child == 0) {
        char byte;
        close(go[1]);
        if (read(go[0], &byte, 1) != 1) {
            _exit(EIO);
        }
        become_mapped(&plan);
        _exit(try_metadata());
    }
    write_id_maps(child, &plan);
    if (write(go[1], "g", 1) != 1) {
        close(go[1]); /* the child then reads the end, and says so */
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    print("metadata", WIFEXITED(status) ? WEXITSTATUS(status) : EIO);
    return fflush(stdout) == 0 ? 0 : EXIT_LAUNCH;
}

int probe(void) {
    caller = geteuid();
    caller_group = getegid();
    attempt("user-namespace", CLONE_NEWUSER, nothing);
    attempt("mount-namespace", CLONE_NEWUSER | CLONE_NEWNS, nothing);
    attempt("pid-namespace", CLONE_NEWUSER | CLONE_NEWPID, nothing);
    attempt("network-namespace", CLONE_NEWUSER | CLONE_NEWNET, nothing);
    attempt("ipc-namespace", CLONE_NEWUSER | CLONE_NEWIPC, nothing);
    attempt("uts-namespace", CLONE_NEWUSER | CLONE_NEWUTS, nothing);
    attempt("cgroup-namespace", CLONE_NEWUSER | CLONE_NEWCGROUP, nothing);
    attempt("overlay", CLONE_NEWUSER | CLONE_NEWNS, try_overlay);
    attempt("proc", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, try_proc);
    return fflush(stdout) == 0 ? 0 : EXIT_LAUNCH;
}
