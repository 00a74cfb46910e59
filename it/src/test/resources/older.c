/*
 * Stands for an outer filter that is older than some system calls, or an old kernel:
 *
 *   older ERRNO CALL[,CALL...] -- COMMAND...    becomes the command, where these calls fail so; KILL: end the
 * process older ask CALL...                           prints what each call answers in namespaces of one's
 * own older terminal                              makes a terminal, and reads from it what was written to it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EMPTY_PATH = 0x1000, CLONE = 1, MOST = 16 };

static const struct {
    const char *name;
    unsigned number;
} calls[] = {{"open_tree", 428},     {"move_mount", 429}, {"fsopen", 430},
             {"fsconfig", 431},      {"fsmount", 432},    {"fspick", 433},
             {"mount_setattr", 442}, {"openat2", 437},    {"setgroups", SYS_setgroups},
             {"setns", SYS_setns},   {"dup3", SYS_dup3},  {"seccomp", SYS_seccomp}};
enum { CALLS = sizeof calls / sizeof *calls };

static void __attribute__((noreturn)) die(const char *what) {
    perror(what);
    exit(99);
}

static unsigned number_of(const char *name) {
    for (size_t i = 0; i < CALLS; i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return calls[i].number;
        }
    }
    errno = EINVAL;
    die(name);
}

static void refuse(const char *answer, char *names) {
    const bool kills = strcmp(answer, "KILL") == 0;
    unsigned errnum = strcmp(answer, "EPERM") == 0 ? EPERM : strcmp(answer, "ENOSYS") == 0 ? ENOSYS : 0;
    struct sock_filter rules[2 * MOST + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short length = 1;
    for (char *name = strtok(names, ","); name != NULL && length < 2 * MOST; name = strtok(NULL, ",")) {
        rules[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(name), 0, 1);
        rules[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, kills ? SECCOMP_RET_KILL_PROCESS
                                                                              : SECCOMP_RET_ERRNO | errnum);
    }
    rules[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, rules};
    if ((errnum == 0 && !kills) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        die("filter");
    }
}

/* With arguments that an unfiltered kernel takes, or refuses with another errno than a filter's. */
static long call(const char *name) {
    const uint64_t how[3] = {O_PATH, 0, 0};
    const uint64_t attributes[4] = {1, 0, 0, 0};
    if (strcmp(name, "open_tree") == 0) {
        return syscall(number_of(name), AT_FDCWD, "/", CLONE);
    }
    if (strcmp(name, "fsopen") == 0) {
        return syscall(number_of(name), "tmpfs", 0);
    }
    if (strcmp(name, "openat2") == 0) {
        return syscall(number_of(name), AT_FDCWD, "/", how, sizeof how);
    }
    if (strcmp(name, "mount_setattr") == 0) {
        return syscall(number_of(name), -1, "", EMPTY_PATH, attributes, sizeof attributes);
    }
    return syscall(number_of(name), -1, "", -1, "", 0);
}

static int ask(char **names) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        die("namespaces");
    }
    for (; *names != NULL; names++) {
        long result = call(*names);
        printf("%s %s\n", *names,
               result >= 0       ? "made"
               : errno == ENOSYS ? "ENOSYS"
               : errno == EPERM  ? "EPERM"
                                 : "other");
    }
    return fflush(stdout);
}

static int terminal(void) {
    char text[8] = "";
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        die("/dev/ptmx");
    }
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0 || write(slave, "works", 5) != 5 || read(master, text, 5) != 5) {
        die(ptsname(master));
    }
    return puts(text) < 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "terminal") == 0) {
        return terminal();
    }
    if (argc > 2 && strcmp(argv[1], "ask") == 0) {
        return ask(argv + 2);
    }
    if (argc < 5 || strcmp(argv[3], "--") != 0) {
        errno = EINVAL;
        die("arguments");
    }
    refuse(argv[1], argv[2]);
    execvp(argv[4], argv + 4);
    die(argv[4]);
}
