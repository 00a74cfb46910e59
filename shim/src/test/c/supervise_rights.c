#include "supervise_test.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/fanotify.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { STRANGER = 12345 };

static char host[64], file[80], link_to_host[128];

/* A file of the host that a link of the tree leads to. */
static bool make_host(unsigned mode) {
    snprintf(host, sizeof host, "/tmp/velo-supervise-XXXXXX");
    CHECK(mkdtemp(host) != NULL && chmod(host, 0755) == 0 && symlink(host, fresh(link_to_host, "host")) == 0);
    snprintf(file, sizeof file, "%s/file", host);
    const int fd = open(file, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0 && write(fd, "host", 4) == 4 && fchmod(fd, mode) == 0 && close(fd) == 0);
    return true;
}

static bool remove_host(void) {
    return unlink(file) == 0 && rmdir(host) == 0 && unlink(link_to_host) == 0;
}

/* In a child, so that this process can clean up. */
static bool in_child(bool (*body)(void)) {
    int status;
    const pid_t child = fork();
    if (child == 0) {
        _exit(body() ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool become_stranger(void) {
    CHECK(setgroups(0, NULL) == 0 && setresgid(STRANGER, STRANGER, STRANGER) == 0 &&
          setresuid(STRANGER, STRANGER, STRANGER) == 0);
    return true;
}

static bool drop_capabilities(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    CHECK(syscall(SYS_capset, &head, none) == 0);
    return true;
}

/* The same on the host itself is the positive and the negative control. */
static bool watches_fail(void) {
    char path[160];
    const int watch = inotify_init1(IN_CLOEXEC);
    CHECK(inotify_add_watch(watch, host, IN_CREATE) > 0 &&
          inotify_add_watch(watch, link_to_host, IN_OPEN) > 0);
    CHECK(become_stranger());
    CHECK(inotify_add_watch(watch, file, IN_OPEN) == -1 && errno == EACCES);
    snprintf(path, sizeof path, "%s/file", link_to_host);
    CHECK(inotify_add_watch(watch, path, IN_OPEN) == -1 && errno == EACCES);
    return true;
}

static bool marks_fail(void) {
    char path[160];
    const int group = (int)syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
    CHECK(group >= 0 && become_stranger());
    snprintf(path, sizeof path, "%s/file", link_to_host);
    CHECK(syscall(SYS_fanotify_mark, group, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, file) == -1);
    CHECK(syscall(SYS_fanotify_mark, group, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path) == -1 && errno == EACCES);
    return true;
}

bool watches(void) {
    CHECK(make_host(0600) && in_child(watches_fail) && in_child(marks_fail));
    return remove_host();
}

static bool root_without_capabilities(void) {
    char path[160];
    snprintf(path, sizeof path, "%s/file", link_to_host);
    CHECK(open(path, O_RDONLY) >= 0 && drop_capabilities());
    CHECK(open(file, O_RDONLY) == -1 && errno == EACCES);
    CHECK(open(path, O_RDONLY) == -1 && errno == EACCES);
    CHECK(chmod(path, 0644) == -1 && errno == EPERM);
    return true;
}

static bool stranger_is_no_administrator(void) {
    char path[160];
    snprintf(path, sizeof path, "%s/file", link_to_host);
    CHECK(setxattr(path, "trusted.velo", "x", 1, 0) == 0 && become_stranger());
    CHECK(setxattr(file, "trusted.velo", "y", 1, 0) == -1 && errno == EPERM);
    CHECK(setxattr(path, "trusted.velo", "y", 1, 0) == -1 && errno == EPERM);
    return true;
}

bool capabilities(void) {
    CHECK(make_host(0600) && chown(file, STRANGER, STRANGER) == 0);
    CHECK(in_child(root_without_capabilities) && in_child(stranger_is_no_administrator));
    return remove_host();
}

/* Nothing is done where there is no room for its descriptor; a change of directory needs none. */
bool full_table(void) {
    char made[128], here[PATH_MAX];
    struct stat state;
    const struct rlimit few = {24, 24};
    CHECK(mkdir(fresh(made, "full"), 0755) == 0 &&
          close(open(TREE "/full-file", O_CREAT | O_WRONLY, 0600)) == 0);
    CHECK(truncate(TREE "/full-file", 9) == 0 && setrlimit(RLIMIT_NOFILE, &few) == 0);
    while (dup(0) >= 0) {
    }
    CHECK(errno == EMFILE && open(TREE "/full-none", O_CREAT | O_WRONLY, 0600) == -1 && errno == EMFILE);
    CHECK(stat(TREE "/full-none", &state) == -1 && errno == ENOENT);
    CHECK(open(TREE "/full-file", O_TRUNC | O_WRONLY) == -1 && errno == EMFILE);
    CHECK(stat(TREE "/full-file", &state) == 0 && state.st_size == 9);
    CHECK(chdir(made) == 0 && getcwd(here, sizeof here) != NULL && strcmp(here, made) == 0 &&
          chdir("/") == 0);
    CHECK(close(23) == 0);
    const int fd = open(TREE "/full-none", O_CREAT | O_WRONLY, 0600);
    return fd == 23 && unlink(TREE "/full-none") == 0 && unlink(TREE "/full-file") == 0 && rmdir(made) == 0;
}

static char refused[128];

/* What is led there by a descriptor has none left when it is not executed: it could read what it may not. */
static bool fails_to_execute(void) {
    char *words[] = {refused, NULL}, *none[] = {NULL};
    const int before = dup(0);
    CHECK(before >= 0 && close(before) == 0 && become_stranger());
    CHECK(open(refused, O_RDONLY) == -1 && errno == EACCES);
    CHECK(execve(refused, words, none) == -1 && errno == ENOEXEC);
    return dup(0) == before;
}

bool failed_execution(void) {
    const int fd = open(fresh(refused, "refused"), O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0 && write(fd, "nothing", 7) == 7 && fchmod(fd, 0711) == 0 && close(fd) == 0);
    return in_child(fails_to_execute) && unlink(refused) == 0;
}

/* /proc/self is the process's, where the other path leads through the tree, too. */
bool own_descriptors(void) {
    char from[32], to[160], other[80];
    CHECK(make_host(0600));
    const int fd = fcntl(open(file, O_RDONLY), F_DUPFD, 200);
    snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
    snprintf(to, sizeof to, "%s/linked", link_to_host);
    snprintf(other, sizeof other, "%s/linked", host);
    CHECK(linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0 && has(other, "host"));
    return unlink(other) == 0 && remove_host();
}

/* Who is traced cannot be stopped by the supervisor, which says so. */
bool traced(void) {
    int ready[2];
    char byte;
    const pid_t process = getpid();
    CHECK(pipe(ready) == 0);
    const pid_t tracer = fork();
    if (tracer == 0) {
        const long seized = syscall(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, process, 0, 0);
        _exit(seized != 0 || write(ready[1], "x", 1) != 1 ? 1 : (pause(), 0));
    }
    close(ready[1]);
    CHECK(read(ready[0], &byte, 1) == 1 && chdir(TREE "/dir") == -1 && errno == EACCES);
    CHECK(chdir(TREE "/dir") == -1 && errno == EACCES);
    kill(tracer, SIGKILL);
    waitpid(tracer, NULL, 0);
    return chdir(TREE "/dir") == 0;
}
