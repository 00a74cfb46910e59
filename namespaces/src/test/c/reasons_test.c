/* What the launcher makes of hosts that are not this one: a procfs, answers of the kernel, control groups and
 * subuid files made for the purpose. Built with sanitizers. */
#include "hierarchy.h"
#include "launch.h"
#include "reasons.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALL = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET };

static int failures;
static int checks;
static char place[64] = "/tmp/velo-reasons-XXXXXX";

static void expect(const char *what, const struct finding *finding, const char *type) {
    checks++;
    if (strcmp(reason_type(finding->reason), type) != 0) {
        char text[512];
        reason_text(finding, text, sizeof text);
        failures++;
        printf("failed: %s: %s (%s) instead of %s\n", what, reason_type(finding->reason), text, type);
    }
}

static void says(const char *what, const char *text, const char *part) {
    checks++;
    if (strstr(text, part) == NULL) {
        failures++;
        printf("failed: %s: \"%s\" lacks \"%s\"\n", what, text, part);
    }
}

static void __attribute__((noreturn)) die(const char *what) {
    perror(what);
    exit(1);
}

/* A file and the directories above it; a text of NULL makes a directory of that name. */
static void put(const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", place, name);
    for (char *slash = strchr(path + strlen(place) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    if (text == NULL) {
        mkdir(path, 0755);
        return;
    }
    FILE *out = fopen(path, "we");
    if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0) {
        die(path);
    }
}

static void clear(void) {
    int at = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0 || (remove_tree(at, place + 5) != 0 && errno != ENOENT)) {
        die(place);
    }
    close(at);
}

static void fresh(void) {
    clear();
    if (mkdir(place, 0755) != 0) {
        die(place);
    }
}

/* Lives as long as the test. */
static const char *under(const char *name) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", place, name) < 0) {
        die(name);
    }
    return path;
}

/* Answers of a kernel. */
static int user_errno, net_errno;
static bool has_filter;

static int answer_clone(int flags) {
    if ((flags & CLONE_FS) != 0) {
        return has_filter ? EPERM : EINVAL;
    }
    return user_errno != 0 ? user_errno : (flags & CLONE_NEWNET) != 0 ? net_errno : 0;
}

static bool answer_filtered(const char *call) {
    return has_filter && call[0] != '\0';
}

static struct host host;

/* A host without anything special: no profile, no ceiling reached, not in a chroot. */
static void plain_host(void) {
    static const char line[] = "27 1 254:0 / / rw - ext4 /dev/vda rw\n22 27 0:21 / /proc rw - proc proc rw\n";
    fresh();
    user_errno = net_errno = 0;
    has_filter = false;
    host = (struct host){under("proc"), answer_clone, answer_filtered};
    put("proc/self/status", "Name:\tvelo\nPPid:\t7\nCapEff:\t0000000000000000\nSeccomp:\t0\n");
    put("proc/7/status", "Name:\tsh\nPPid:\t1\n");
    put("proc/1/status", "Name:\tinit\nPPid:\t0\n");
    put("proc/self/uid_map", "         0          0 4294967295\n");
    put("proc/self/gid_map", "         0          0 4294967295\n");
    put("proc/self/mountinfo", line);
    put("proc/7/mountinfo", line);
    put("proc/1/mountinfo", line);
    put("proc/self/ns/mnt", "");
    put("proc/self/ns/pid", "");
    put("proc/self/ns/net", "");
    if (symlink("user:[4026531837]", under("proc/self/ns/user")) != 0) {
        die("symlink");
    }
    put("proc/sys/user/max_user_namespaces", "100\n");
    put("proc/sys/user/max_net_namespaces", "100\n");
}

static struct finding clone_failed(int errnum) {
    return diagnose_clone(&host, errnum, ALL);
}

static void test_ceilings(void) {
    char text[512];
    plain_host();
    user_errno = ENOSPC;
    struct finding finding = clone_failed(ENOSPC);
    expect("user ceiling", &finding, "userns-limit");
    reason_text(&finding, text, sizeof text);
    says("initial namespace", text, "100 for a user of this host");
    unlink(under("proc/self/ns/user"));
    if (symlink("user:[4026532000]", under("proc/self/ns/user")) != 0) {
        die("symlink");
    }
    finding = clone_failed(ENOSPC);
    reason_text(&finding, text, sizeof text);
    says("nested namespace", text, "100 in this user namespace, or that of an outer one");
    put("proc/sys/user/max_user_namespaces", "2147483647\n");
    finding = clone_failed(ENOSPC);
    expect("outer ceiling", &finding, "userns-limit");
    reason_text(&finding, text, sizeof text);
    says("outer ceiling", text, "of an outer user namespace");
    put("proc/sys/user/max_user_namespaces", "0\n");
    finding = clone_failed(ENOSPC);
    expect("user ceiling of 0", &finding, "userns-max-zero");
    plain_host();
    put("proc/sys/user/max_user_namespaces", "0\n");
    finding = clone_failed(EPERM);
    expect("a ceiling of 0 that did not fail", &finding, "unknown");

    plain_host();
    net_errno = ENOSPC;
    finding = clone_failed(ENOSPC);
    expect("network ceiling", &finding, "namespace-limit");
    reason_text(&finding, text, sizeof text);
    says("network ceiling", text, "user.max_net_namespaces");
    put("proc/sys/user/max_net_namespaces", "0\n");
    finding = clone_failed(ENOSPC);
    expect("network ceiling of 0", &finding, "namespace-max-zero");
    reason_fix(&finding, text, sizeof text);
    says("network ceiling of 0", text, "sysctl user.max_net_namespaces=10000");
    net_errno = 0;
    finding = clone_failed(ENOSPC);
    expect("a ceiling that is not reached any more", &finding, "unknown");
}

static void test_apparmor(void) {
    char text[512];
    plain_host();
    put("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
    put("proc/self/attr/current", "unconfined\n");
    struct finding finding = clone_failed(EACCES);
    expect("restricted", &finding, "userns-apparmor");
    finding = clone_failed(EPERM);
    expect("AppArmor does not say EPERM", &finding, "unknown");
    put("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0\n");
    finding = clone_failed(EACCES);
    expect("not restricted", &finding, "userns-security-module");
    put("proc/self/attr/current", "docker-default (enforce)\n");
    finding = clone_failed(EACCES);
    expect("profile", &finding, "apparmor-profile");
    reason_text(&finding, text, sizeof text);
    says("profile", text, "the AppArmor profile docker-default forbids user namespaces");
    put("proc/self/attr/current", "docker-default (complain)\n");
    finding = clone_failed(EACCES);
    expect("complaining profile", &finding, "userns-security-module");
    put("proc/self/attr/current", "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023");
    finding = clone_failed(EACCES);
    expect("SELinux's label", &finding, "userns-security-module");

    /* Ubuntu 24.04: the new namespace's process is in another profile than who made it. */
    put("proc/self/attr/current", "unprivileged_userns (enforce)\n");
    finding = diagnose_call(&host, EACCES, "self", "mount");
    expect("without rights", &finding, "userns-apparmor-rights");
    put("proc/self/attr/apparmor/current", "unconfined//&unprivileged_userns (mixed)\n");
    finding = diagnose_call(&host, EPERM, "self", "sethostname");
    expect("without rights, stacked", &finding, "userns-apparmor-rights");
    reason_text(&finding, text, sizeof text);
    says("without rights", text, "sethostname is refused");
    put("proc/99/attr/current", "unprivileged_userns (enforce)\n");
    put("proc/self/attr/apparmor/current", "unconfined\n");
    put("proc/self/attr/current", "unconfined\n");
    finding = diagnose_map(&host, EPERM, 99, "uid_map", 1000);
    expect("map without rights", &finding, "userns-apparmor-rights");
    finding = diagnose_call(&host, EPERM, "self", "sethostname");
    expect("refused and unexplained", &finding, "userns-rights");
    reason_text(&finding, text, sizeof text);
    checks++;
    if (strstr(text, "filter") != NULL) {
        failures++;
        printf("failed: a filter that is not there: %s\n", text);
    }
    put("proc/self/status", "Name:\tvelo\nSeccomp:\t2\n");
    finding = diagnose_call(&host, EPERM, "self", "sethostname");
    reason_text(&finding, text, sizeof text);
    says("active filter", text, "a system call filter is active");
}

static void test_refusals(void) {
    plain_host();
    struct finding finding = clone_failed(EPERM);
    expect("nothing known", &finding, "unknown");
    has_filter = true;
    finding = clone_failed(EPERM);
    expect("filter", &finding, "userns-seccomp");
    finding = diagnose_call(&host, ENOSYS, "self", "mount");
    expect("filtered mount", &finding, "seccomp-call");
    finding = diagnose_call(&host, EINVAL, "self", "mount");
    expect("filter, and another error", &finding, "unknown");
    has_filter = false;
    finding = diagnose_call(&host, ENOSYS, "self", "mount");
    expect("no filter", &finding, "unknown");

    put("proc/sys/kernel/unprivileged_userns_clone", "0\n");
    finding = clone_failed(EPERM);
    expect("Debian's sysctl", &finding, "userns-disabled");
    put("proc/self/status", "Name:\tvelo\nPPid:\t7\nCapEff:\t000001ffffffffff\n");
    finding = clone_failed(EPERM);
    expect("which does not bind root", &finding, "unknown");

    plain_host();
    put("proc/7/mountinfo", "27 1 254:0 / /srv/tree rw - ext4 /dev/vda rw\n");
    finding = clone_failed(EPERM);
    expect("chroot that the parent stands outside of", &finding, "userns-chroot");
    plain_host();
    put("proc/self/uid_map", "4000000000 0 1\n");
    finding = clone_failed(EPERM);
    expect("unmapped user", &finding, "userns-unmapped");
    unlink(under("proc/self/uid_map"));
    finding = clone_failed(EPERM);
    expect("unknown maps", &finding, "unknown");

    plain_host();
    finding = clone_failed(EINVAL);
    expect("all kinds are there", &finding, "unknown");
    unlink(under("proc/self/ns/net"));
    finding = clone_failed(EINVAL);
    expect("no network namespaces", &finding, "namespace-missing");
    unlink(under("proc/self/ns/user"));
    finding = clone_failed(EINVAL);
    expect("no user namespaces", &finding, "userns-missing");

    plain_host();
    put("proc/self/uid_map", "0 0 1000\n");
    finding = diagnose_map(&host, EPERM, 99, "uid_map", 1000);
    expect("id outside of the map", &finding, "idmap-unmapped");
    finding = diagnose_map(&host, EPERM, 99, "uid_map", 999);
    expect("id in the map", &finding, "userns-rights");
    finding = diagnose_map(&host, EROFS, 99, "uid_map", 999);
    expect("read-only procfs", &finding, "proc-read-only");
    finding = diagnose_map(&host, ENOENT, 99, "uid_map", 999);
    expect("no procfs", &finding, "proc-absent");
}

static void test_file_systems(void) {
    char text[512];
    plain_host();
    struct finding finding = diagnose_overlay(ENODEV);
    expect("no overlay", &finding, "overlay-missing");
    finding = diagnose_overlay(EINVAL);
    expect("bad overlay", &finding, "unknown");

    finding = diagnose_proc(&host, EPERM);
    expect("whole procfs", &finding, "unknown");
    put("proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n"
                               "30 22 0:30 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n");
    finding = diagnose_proc(&host, EPERM);
    expect("mount that hides nothing", &finding, "unknown");
    put("proc/self/mountinfo",
        "22 27 0:21 / /proc rw - proc proc rw\n31 22 0:31 / /proc/acpi ro - tmpfs tmpfs ro\n"
        "32 22 0:21 /sys /proc/sys ro - proc proc rw\n");
    finding = diagnose_proc(&host, EPERM);
    expect("masks", &finding, "proc-masked");
    reason_text(&finding, text, sizeof text);
    says("masks", text, "/proc/acpi and 1 more");
    put("proc/self/mountinfo", "22 27 0:21 / /proc ro,nosuid - proc proc rw\n");
    finding = diagnose_proc(&host, EPERM);
    expect("read-only", &finding, "proc-read-only");
    put("proc/self/mountinfo", "22 27 0:21 /7 /proc rw - proc proc rw\n");
    finding = diagnose_proc(&host, EPERM);
    expect("a part of a procfs", &finding, "proc-absent");
    finding = diagnose_proc(&host, ENOMEM);
    expect("no memory", &finding, "unknown");
}

/* As an ordinary user, whom permissions bind, with groups that nobody may write in. */
static void as_nobody(const char *what, const struct roots *roots, const char *controller, const char *type) {
    static const char *const groups[] = {"root/cg/user", "root/cg/user/scope", "root/v1/memory/box"};
    pid_t child = fork();
    int status = 1;
    if (child == 0) {
        char detail[512];
        failures = 0;
        for (size_t i = 0; i < 3; i++) {
            chmod(under(groups[i]), 0555);
        }
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            die("setuid");
        }
        const struct finding finding = find_controller(roots, controller, detail, sizeof detail);
        expect(what, &finding, type);
        fflush(stdout);
        _exit(failures);
    }
    waitpid(child, &status, 0);
    for (size_t i = 0; i < 3; i++) {
        chmod(under(groups[i]), 0755);
    }
    checks++;
    failures += status != 0;
}

static void test_cgroups(void) {
    static const char *const mount = "30 27 0:30 / /cg rw - cgroup2 cgroup2 rw\n";
    const struct roots roots = {under("proc"), under("root")};
    char own[64];
    char detail[512];
    fresh();
    put("proc/self/cgroup", "0::/user/scope\n");
    put("proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n");
    struct finding finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("no control groups", &finding, "cgroup-none");
    put("proc/self/mountinfo", mount);
    put("root/cg/cgroup.controllers", "cpu memory pids\n");
    finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("group that is not there", &finding, "cgroup-hidden");
    put("root/other/cgroup.procs", "");
    put("proc/self/cgroup", "0::/../other\n");
    finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("group outside of the namespace", &finding, "cgroup-hidden");

    put("proc/self/cgroup", "0::/user/scope\n");
    static const char *const groups[] = {"root/cg/user", "root/cg/user/scope"};
    for (size_t i = 0; i < 2; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/cgroup.type", groups[i]);
        put(name, "domain\n");
        snprintf(name, sizeof name, "%s/cgroup.procs", groups[i]);
        put(name, "");
        snprintf(name, sizeof name, "%s/cgroup.subtree_control", groups[i]);
        put(name, "");
        snprintf(name, sizeof name, "%s/cgroup.controllers", groups[i]);
        put(name, "memory pids\n");
    }
    snprintf(own, sizeof own, "%d\n%d\n", (int)getpid(), (int)getppid());
    put("root/cg/user/scope/cgroup.procs", own);
    finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("delegated group", &finding, "");
    says("delegated group", detail, "unified: v2 at ");
    says("delegated group", detail, "/cg/user/scope");
    finding = find_controller(&roots, "cpu", detail, sizeof detail);
    expect("controller that was not handed on", &finding, "cgroup-controller-not-delegated");
    finding = find_controller(&roots, "rdma", detail, sizeof detail);
    expect("controller of another kernel", &finding, "cgroup-controller-missing");
    as_nobody("somebody else's group", &roots, "memory", "cgroup-not-delegated");

    snprintf(own, sizeof own, "%d\n1\n", (int)getpid());
    put("root/cg/user/scope/cgroup.procs", own);
    finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("the group above", &finding, "");
    put("root/cg/user/cgroup.procs", "1\n");
    finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("crowded groups", &finding, "cgroup-busy");
    put("root/cg/user/scope/cgroup.subtree_control", "memory pids\n");
    finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("crowded group that hands on already", &finding, "");

    put("proc/self/mountinfo",
        "30 27 0:30 / /cg rw - cgroup2 cgroup2 rw\n31 27 0:31 / /v1/memory rw - cgroup cgroup rw,memory\n");
    put("proc/self/cgroup", "4:memory:/box\n0::/user/scope\n");
    put("root/v1/memory/box/cgroup.procs", "");
    finding = find_controller(&roots, "memory", detail, sizeof detail);
    expect("v1", &finding, "");
    says("v1", detail, "hybrid: v1 at ");
    as_nobody("v1 of root", &roots, "memory", "cgroup-v1-owner");
    finding = find_controller(&roots, "pids", detail, sizeof detail);
    expect("v2 beside v1", &finding, "");
}

static void test_ranges(void) {
    const struct id_files files = {under("subuid"), under("subgid"), under("bin")};
    char detail[128];
    fresh();
    struct finding finding = find_ranges(&files, 1000, "ann", detail, sizeof detail);
    expect("no programs", &finding, "subuid-tools");
    put("bin/newuidmap", "#!");
    put("bin/newgidmap", "#!");
    finding = find_ranges(&files, 1000, "ann", detail, sizeof detail);
    expect("not executable", &finding, "subuid-tools");
    chmod(under("bin/newuidmap"), 0755);
    chmod(under("bin/newgidmap"), 0755);
    finding = find_ranges(&files, 1000, "ann", detail, sizeof detail);
    expect("no rights", &finding, "subuid-tools-rights");
    if (geteuid() != 0) {
        printf("skipped: ranges, which need programs that are set-user-id root\n");
        return;
    }
    chmod(under("bin/newuidmap"), 04755);
    chmod(under("bin/newgidmap"), 04755);
    finding = find_ranges(&files, 1000, "ann", detail, sizeof detail);
    expect("no file", &finding, "subuid-range");
    put("subuid", "anna:100000:65536\nan:100000:99999\nann:1:5\nann:200000:65536\n");
    put("subgid", "1000:300000:70000\n");
    finding = find_ranges(&files, 1000, "ann", detail, sizeof detail);
    expect("ranges", &finding, "");
    says("ranges", detail, "uids 200000:65536, gids 300000:70000");
    put("subgid", "1000:300000:65535\nann:400000:1\n");
    finding = find_ranges(&files, 1000, "ann", detail, sizeof detail);
    expect("a range that is too small", &finding, "subuid-range");
    says("the file", finding.object, "subgid");
}

static void test_table(void) {
    char text[64];
    for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
        checks++;
        failures += reason_of_type(reason_type(reason)) != reason;
    }
    checks += 2;
    failures += reason_of_type("") != REASON_NONE;
    failures += reason_of_type("no-such-type") != REASON_NONE;
    /* What does not fit is cut, not written behind the end. */
    struct finding finding = found(REASON_USERNS_LIMIT, "", "");
    memset(finding.more, 'x', sizeof finding.more - 1);
    for (size_t size = 1; size <= sizeof text; size++) {
        reason_text(&finding, text, size);
        checks++;
        failures += strlen(text) != size - 1;
    }
}

int main(void) {
    if (mkdtemp(place) == NULL) {
        die(place);
    }
    test_table();
    test_ceilings();
    test_apparmor();
    test_refusals();
    test_file_systems();
    test_cgroups();
    test_ranges();
    clear();
    printf("reasons: %d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
