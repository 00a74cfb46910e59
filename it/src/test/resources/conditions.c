/*
 * Makes a condition and then becomes a command in it: conditions CONDITION [ARGUMENT...] -- COMMAND...
 *
 *   namespace                       a user namespace in which the caller keeps his number
 *   ceiling NAME VALUE              the same, with /proc/sys/user/NAME at VALUE
 *   occupied                        the same, with one network namespace allowed, and that one in use
 *   unmapped                        a user namespace without any map
 *   filter CALL ERRNO               a filter that answers CALL so; CALL is mount, unshare, clone (each with
 *                                   CLONE_NEWUSER only), landlock or acct
 *   mounts                          a mount namespace, for an ordinary user in a user namespace
 *   masked PATH                     the same, with an empty tmpfs on PATH
 *   read-only                       the same, with /proc read-only
 *   tree DIRECTORY, chroot DIRECTORY          the same, with all of / bound below DIRECTORY, and then a
 * chroot there whole DIRECTORY, chroot-mount DIRECTORY   the same, with / bound on DIRECTORY, and then a
 * chroot there landlock                        prints the ABI of Landlock, and runs nothing
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

static void __attribute__((noreturn)) die(const char *what) {
    perror(what);
    exit(99);
}

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        die(path);
    }
    close(fd);
}

static void user_namespace(void) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int go[2];
    int status;
    char path[64];
    char map[64];
    if (pipe2(go, O_CLOEXEC) != 0) {
        die("pipe");
    }
    pid_t self = getpid();
    pid_t child = fork();
    if (child == 0) {
        char byte;
        if (read(go[0], &byte, 1) != 1) {
            _exit(1);
        }
        if (uid != 0) {
            snprintf(path, sizeof path, "/proc/%d/setgroups", (int)self);
            put(path, "deny");
        }
        snprintf(path, sizeof path, "/proc/%d/uid_map", (int)self);
        snprintf(map, sizeof map, "%u %u %u", (unsigned)uid, (unsigned)uid, uid == 0 ? 65536 : 1);
        put(path, map);
        snprintf(path, sizeof path, "/proc/%d/gid_map", (int)self);
        snprintf(map, sizeof map, "%u %u %u", (unsigned)gid, (unsigned)gid, uid == 0 ? 65536 : 1);
        put(path, map);
        _exit(0);
    }
    if (child < 0 || unshare(CLONE_NEWUSER) != 0 || write(go[1], "g", 1) != 1 ||
        waitpid(child, &status, 0) != child || status != 0) {
        die("user namespace");
    }
}

static void ceiling(const char *name, const char *value) {
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/user/%s", name);
    user_namespace();
    put(path, value);
}

/* The namespace is held by a process that stays outside of the command. */
static void occupy(void) {
    int ready[2];
    int status;
    char byte;
    ceiling("max_net_namespaces", "1");
    if (pipe2(ready, O_CLOEXEC) != 0) {
        die("pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        if (read(ready[0], &byte, 1) != 1) {
            _exit(99);
        }
        return;
    }
    if (child < 0 || unshare(CLONE_NEWNET) != 0 || write(ready[1], "r", 1) != 1 ||
        waitpid(child, &status, 0) != child) {
        die("network namespace");
    }
    exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static unsigned number_of(const char *call) {
    static const struct {
        const char *name;
        unsigned number;
    } calls[] = {{"mount", SYS_mount},
                 {"unshare", SYS_unshare},
                 {"clone", SYS_clone},
                 {"landlock", SYS_landlock_create_ruleset},
                 {"acct", SYS_acct}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].name, call) == 0) {
            return calls[i].number;
        }
    }
    errno = EINVAL;
    die(call);
}

static unsigned errno_of(const char *name) {
    if (strcmp(name, "EPERM") == 0) {
        return EPERM;
    }
    return strcmp(name, "ENOSYS") == 0 ? ENOSYS : EOPNOTSUPP;
}

/* As a container's filter: the call fails, clone and unshare only with CLONE_NEWUSER, clone3 as if there were
 * none. */
static void filter(const char *call, const char *answer) {
    unsigned number = number_of(call);
    unsigned flags = number == SYS_clone || number == SYS_unshare ? CLONE_NEWUSER : 0;
    struct sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
                                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4),
                                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                                  BPF_STMT(BPF_ALU | BPF_AND | BPF_K, flags),
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flags, 0, 1),
                                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno_of(answer)),
                                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        die("filter");
    }
}

static void mount_namespace(void) {
    if (geteuid() != 0) {
        user_namespace();
    }
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        die("mount namespace");
    }
}

/* A directory that is no mount itself and has everything of / in it. */
static void bind_all(const char *directory) {
    DIR *all = opendir("/");
    for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
        char from[300], to[4096], target[4096];
        struct stat status;
        snprintf(from, sizeof from, "/%s", entry->d_name);
        snprintf(to, sizeof to, "%s/%s", directory, entry->d_name);
        if (entry->d_name[0] == '.' || lstat(from, &status) != 0) {
            continue;
        }
        ssize_t length = S_ISLNK(status.st_mode) ? readlink(from, target, sizeof target - 1) : 0;
        if (length > 0) {
            target[length] = '\0';
        }
        if (S_ISLNK(status.st_mode)
                ? symlink(target, to) != 0
                : S_ISDIR(status.st_mode) &&
                      (mkdir(to, 0755) != 0 || mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0)) {
            die(to);
        }
    }
}

/* Whoever started it stays outside, as a shell does. */
static void change_root(const char *directory) {
    int status;
    pid_t child = fork();
    if (child > 0 && waitpid(child, &status, 0) == child) {
        exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    if (child != 0 || chroot(directory) != 0 || chdir("/") != 0) {
        die("chroot");
    }
}

int main(int argc, char **argv) {
    int words = 1;
    while (words < argc && strcmp(argv[words], "--") != 0) {
        words++;
    }
    const char *condition = argc > 1 ? argv[1] : "";
    const char *first = words > 2 ? argv[2] : "";
    const char *second = words > 3 ? argv[3] : "";
    if (strcmp(condition, "landlock") == 0) {
        return printf("%ld\n", syscall(SYS_landlock_create_ruleset, NULL, 0, 1)) < 0;
    } else if (strcmp(condition, "namespace") == 0) {
        user_namespace();
    } else if (strcmp(condition, "ceiling") == 0) {
        ceiling(first, second);
    } else if (strcmp(condition, "occupied") == 0) {
        occupy();
    } else if (strcmp(condition, "unmapped") == 0) {
        if (unshare(CLONE_NEWUSER) != 0) {
            die("user namespace");
        }
    } else if (strcmp(condition, "filter") == 0) {
        filter(first, second);
    } else {
        mount_namespace();
        if (strcmp(condition, "masked") == 0) {
            if (mount("tmpfs", first, "tmpfs", 0, "size=4k") != 0) {
                die(first);
            }
        } else if (strcmp(condition, "read-only") == 0) {
            if (mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0) {
                die("/proc");
            }
        } else if (strcmp(condition, "tree") == 0 || strcmp(condition, "chroot") == 0) {
            bind_all(first);
        } else if (strcmp(condition, "whole") == 0 || strcmp(condition, "chroot-mount") == 0) {
            if (mount("/", first, NULL, MS_BIND | MS_REC, NULL) != 0) {
                die(first);
            }
        } else if (strcmp(condition, "mounts") != 0) {
            errno = EINVAL;
            die(condition);
        }
        if (strncmp(condition, "chroot", 6) == 0) {
            change_root(first);
        }
    }
    if (words + 1 >= argc) {
        errno = EINVAL;
        die("command");
    }
    execvp(argv[words + 1], argv + words + 1);
    die(argv[words + 1]);
}
