#include "kernel.h"
#include "launch.h"
#include "mount_api.h"
#include "reasons.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* Runs in a child in new namespaces, with its ids mapped. */
typedef struct finding (*trial)(void);

static struct finding nothing(void) {
    return errno_finding(0);
}

/* As a run does: the payload gets a user namespace in that of its mounts. */
static struct finding try_second(void) {
    return unshare(CLONE_NEWUSER) == 0 ? nothing() : diagnose_call(&this_host, errno, "self", "unshare");
}

static struct finding try_hostname(void) {
    return sethostname("velo", 4) == 0 ? nothing() : diagnose_call(&this_host, errno, "self", "sethostname");
}

static struct finding try_private(void) {
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
               ? nothing()
               : diagnose_call(&this_host, errno, "self", "mount");
}

/* As init enters what its companion has made. */
static struct finding try_network(void) {
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    return own >= 0 && setns(own, CLONE_NEWNET) == 0 ? nothing()
                                                     : diagnose_call(&this_host, errno, "self", "setns");
}

/* Kernels before 6.8 do not take layers one by one, and a run does without, too. */
static int make_overlay(mount_option *options, const char *text) {
    int mounted = make_filesystem_by_context("overlay", options, K_ATTR_NOSUID | K_ATTR_NODEV);
    return mounted < 0 && (is_refused(errno) || errno == EINVAL)
               ? make_filesystem_of_text("overlay", text, NULL, K_ATTR_NOSUID | K_ATTR_NODEV)
               : mounted;
}

static struct finding try_overlay(void) {
    static const char *const directories[] = {"/tmp/lower", "/tmp/upper", "/tmp/work", "/tmp/stage"};
    mount_option options[] = {{"userxattr", NULL},        {"lowerdir+", "/tmp/lower"},
                              {"upperdir", "/tmp/upper"}, {"workdir", "/tmp/work"},
                              {"volatile", NULL},         {NULL, NULL}};
    struct finding finding = try_private();
    if (finding.reason != REASON_NONE) {
        return finding;
    }
    if (mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") != 0) {
        return diagnose_call(&this_host, errno, "self", "mount");
    }
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        if (mkdir(directories[i], 0755) != 0) {
            return unexplained(errno);
        }
    }
    mount_stage("/tmp/stage");
    int mounted =
        make_overlay(options, "userxattr,lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work,volatile");
    if (mounted < 0) {
        return diagnose_overlay(errno);
    }
    if (attach_mount(mounted, AT_FDCWD, "/tmp/lower") != 0) {
        return is_refused(errno) ? found(REASON_SECCOMP_CALL, "move_mount", "") : unexplained(errno);
    }
    return nothing();
}

static struct finding try_proc(void) {
    struct finding finding = try_private();
    if (finding.reason != REASON_NONE) {
        return finding;
    }
    mount_stage("/tmp");
    return make_filesystem("proc", NULL, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC) < 0
               ? diagnose_proc(&this_host, errno)
               : nothing();
}

static struct finding stopped(int status) {
    char how[64];
    snprintf(how, sizeof how, "the probe ended with %s %d", WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return found(REASON_UNKNOWN, how, "");
}

/* The kernel frees namespaces some time after their last process, and until then those of the trial before
 * count for the ceilings. A ceiling that is reached for good is waited for once. */
static pid_t clone_patiently(int flags) {
    enum { PAUSE_MS = 20 };
    static int patience;
    for (;;) {
        bool born;
        pid_t child = clone_into(flags, -1, &born);
        if (child > 0) {
            patience = patience == 0 ? 100 : patience;
        }
        if (child >= 0 || errno != ENOSPC || patience <= 1) {
            return child;
        }
        patience--;
        pause_for(PAUSE_MS);
    }
}

/* What the trial finds in new namespaces that were made as for a run. */
static struct finding attempt(int flags, const struct plan *plan, trial body) {
    struct finding finding;
    int pair[2];
    int status = 0;
    char go = 'g';
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return unexplained(errno);
    }
    fflush(stdout);
    pid_t child = clone_patiently(flags);
    if (child == 0) {
        close(pair[0]);
        if (recv(pair[1], &go, 1, 0) != 1) {
            _exit(EXIT_LAUNCH);
        }
        become_mapped(plan);
        finding = body();
        _exit(send(pair[1], &finding, sizeof finding, MSG_NOSIGNAL) < 0 ? EXIT_LAUNCH : 0);
    }
    int errnum = errno;
    close(pair[1]);
    if (child < 0) {
        close(pair[0]);
        return diagnose_clone(&this_host, errnum, flags);
    }
    struct finding mapped = map_ids(child, plan);
    bool answered = mapped.reason == REASON_NONE && send(pair[0], &go, 1, MSG_NOSIGNAL) == 1 &&
                    recv(pair[0], &finding, sizeof finding, 0) == (ssize_t)sizeof finding;
    close(pair[0]); /* a child that waits for its maps then ends */
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (mapped.reason != REASON_NONE) {
        return mapped;
    }
    return answered ? finding : stopped(status);
}

static bool make_blob_and_metadata(void) {
    static const char content[] = "velo";
    static const char *const directories[] = {"data", "data/ab", "tree", "top", "stage", "scratch"};
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

/* As a run does it: one metadata layer above its data, and that below another overlay. */
static int mount_metadata(void) {
    mount_option layer[] = {{"userxattr", NULL}, {"lowerdir+", "tree"}, {"datadir+", "data"},
                            {"index", "off"},    {"xino", "off"},       {NULL, NULL}};
    mount_option root[] = {{"userxattr", NULL}, {"lowerdir+", "top"}, {"lowerdir+", "stage"},
                           {"index", "off"},    {"xino", "off"},      {NULL, NULL}};
    char content[4];
    struct stat status;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || !make_blob_and_metadata()) {
        return errno;
    }
    mount_stage("scratch");
    int composed = make_overlay(layer, "userxattr,lowerdir=tree::data,index=off,xino=off");
    if (composed < 0 || attach_mount(composed, AT_FDCWD, "stage") != 0) {
        return errno;
    }
    int merged = make_overlay(root, "userxattr,lowerdir=top:stage,index=off,xino=off");
    int file = merged < 0 ? -1 : openat(merged, "file", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, content, sizeof content) < 0 || fstat(file, &status) != 0) {
        return errno;
    }
    bool right = memcmp(content, "velo", 4) == 0 && (status.st_mode & 07777) == 0500 && status.st_size == 4;
    return right ? 0 : EINVAL;
}

static struct finding try_metadata(void) {
    int errnum = mount_metadata();
    return errnum == 0 ? nothing() : found(REASON_STORE_METADATA, strerror(errnum), "");
}

int probe_metadata(const char *directory) {
    struct stat owner;
    if (chdir(directory) != 0 || stat(".", &owner) != 0) {
        fail_errno("name a directory", "cannot probe in %s", directory);
    }
    bool root = geteuid() == 0;
    const struct plan plan = {.outside_uid = root ? owner.st_uid : geteuid(),
                              .outside_gid = root ? owner.st_gid : getegid()};
    const struct finding finding = attempt(CLONE_NEWUSER | CLONE_NEWNS, &plan, try_metadata);
    answer("store-metadata", false, &finding, "");
    return fflush(stdout) == 0 ? 0 : EXIT_LAUNCH;
}

int print_refusal(const struct refusal *refusal) {
    enum reason reason = reason_of_type(refusal->type);
    if (reason == REASON_NONE) {
        fail(EXIT_LAUNCH, "see docs/formats/doctor.md", "cannot explain %s: there is no such type",
             refusal->type);
    }
    const struct finding finding = found(reason, refusal->object, refusal->more);
    answer(refusal->name, strcmp(refusal->need, "needed") == 0, &finding, "");
    return fflush(stdout) == 0 ? 0 : EXIT_LAUNCH;
}

int probe(uid_t uid, gid_t gid) {
    static const struct {
        const char *name;
        int flags;
        trial body;
    } needs[] = {{"user-namespace", 0, try_second},
                 {"mount-namespace", CLONE_NEWNS, try_private},
                 {"pid-namespace", CLONE_NEWPID, nothing},
                 {"network-namespace", CLONE_NEWNET, try_network},
                 {"ipc-namespace", CLONE_NEWIPC, nothing},
                 {"uts-namespace", CLONE_NEWUTS, try_hostname},
                 {"cgroup-namespace", CLONE_NEWCGROUP, nothing},
                 {"overlay", CLONE_NEWNS, try_overlay},
                 {"proc", CLONE_NEWNS | CLONE_NEWPID, try_proc}};
    const struct plan plan = {.outside_uid = uid, .outside_gid = gid};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        const struct finding finding = attempt(CLONE_NEWUSER | needs[i].flags, &plan, needs[i].body);
        answer(needs[i].name, true, &finding, "");
    }
    const struct finding older = attempt(CLONE_NEWUSER | CLONE_NEWNS, &plan, try_mount_api);
    answer("mount-api", false, &older, older.reason == REASON_NONE ? "fsopen, openat2" : "mount(2)");
    probe_cgroups();
    probe_ids();
    probe_landlock();
    return fflush(stdout) == 0 ? 0 : EXIT_LAUNCH;
}
