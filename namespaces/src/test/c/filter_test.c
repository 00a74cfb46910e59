/* Runs the filter's program, as the kernel would, for every system call: without changes, and with what a
 * plan may change. Built with sanitizers. */
#include "calls.h"
#include "launch.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

enum { LAST_KNOWN = 469, NUMBERS = 512 };

static const uint32_t ALLOWED = SECCOMP_RET_ALLOW;
static const uint32_t DENIED = SECCOMP_RET_ERRNO | EPERM;
static const uint32_t UNKNOWN = SECCOMP_RET_ERRNO | ENOSYS;

static int failures;
static int checks;

static void check(bool condition, const char *what) {
    checks++;
    if (!condition) {
        failures++;
        printf("failed: %s\n", what);
    }
}

/* What linux/filter.h defines, as far as the program uses it; anything else ends the test. */
static uint32_t run(const struct sock_fprog *program, const struct seccomp_data *data) {
    uint32_t value = 0;
    for (size_t at = 0; at < program->len; at++) {
        const struct sock_filter *step = &program->filter[at];
        switch (step->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&value, (const char *)data + step->k, sizeof value);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            value &= step->k;
            break;
        case BPF_JMP | BPF_JA:
            at += step->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += value == step->k ? step->jt : step->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            at += value > step->k ? step->jt : step->jf;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            at += (value & step->k) != 0 ? step->jt : step->jf;
            break;
        case BPF_RET | BPF_K:
            return step->k;
        default:
            printf("failed: an instruction that this test does not know\n");
            exit(2);
        }
    }
    printf("failed: the program ends without a verdict\n");
    exit(2);
}

static uint32_t verdict(uint32_t number, uint64_t first, uint64_t second, uint64_t third) {
    const struct seccomp_data data = {.nr = (int)number, .arch = NATIVE, .args = {first, second, third}};
    const struct sock_fprog program = prepared_filter();
    return run(&program, &data);
}

/* With arguments that no check objects to: an AF_UNIX socket, clone without a namespace. */
static uint32_t plain(uint32_t number) {
    bool family = number == SYS_socket || number == SYS_socketpair;
    return verdict(number, family ? 1 : 0, 0, 0);
}

static void prepare(struct call_change *changes, size_t count) {
    const struct plan plan = {.changes = changes, .change_count = count};
    prepare_filter(&plan);
}

/* How the launcher ends when a plan asks for these changes; it says why on standard error. */
static int status_of(struct call_change *changes, size_t count) {
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        prepare(changes, count);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check_default(void) {
    prepare(NULL, 0);
    for (size_t i = 0; i < denial_count; i++) {
        check(plain(denials[i].call.number) == DENIED, denials[i].call.name);
    }
    check(plain(SYS_clone3) == UNKNOWN, "clone3");
    for (uint32_t number = LAST_KNOWN + 1; number < NUMBERS; number++) {
        check(plain(number) == UNKNOWN, "what came after the last one known");
    }
    check(plain(0x40000000U | SYS_getpid) == UNKNOWN, "x32");
    const struct seccomp_data foreign = {.nr = SYS_getpid, .arch = AUDIT_ARCH_I386};
    const struct sock_fprog program = prepared_filter();
    check(run(&program, &foreign) == SECCOMP_RET_KILL_PROCESS, "another architecture");
    check(plain(SYS_getpid) == ALLOWED && plain(SYS_clone) == ALLOWED && plain(SYS_socket) == ALLOWED,
          "positive control: what programs need");
    check(verdict(SYS_clone, CLONE_NEWUSER, 0, 0) == DENIED, "clone of a namespace");
    check(verdict(SYS_ioctl, 0, 0x5412, 0) == DENIED && verdict(SYS_ioctl, 0, 0x5413, 0) == ALLOWED, "ioctl");
    check(verdict(SYS_socket, 38, 5, 0) == DENIED, "a socket of another family");
}

/* All that differs between two programs is what the changes name. */
static void check_change(const char *name, bool allowed, uint32_t expected) {
    struct call_change change = {name, allowed};
    uint32_t before[NUMBERS];
    const uint32_t number = find_call(name)->number;
    prepare(NULL, 0);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        before[i] = plain(i);
    }
    prepare(&change, 1);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        check(plain(i) == (i == number ? expected : before[i]), name);
    }
    check(verdict(SYS_unshare, CLONE_NEWNS, 0, 0) == DENIED && verdict(SYS_ioctl, 0, 0x541C, 0) == DENIED,
          "checks of arguments stay");
}

static void check_changes(void) {
    check_change("getcwd", false, DENIED);
    check_change("mseal", false, DENIED);
    check_change("ioctl", false, DENIED);
    check_change("socket", false, DENIED);
    check_change("clone", false, DENIED);
    check_change("keyctl", true, ALLOWED);
    check_change("io_uring_setup", true, ALLOWED);
    check_change("mount", false, DENIED);
    check_change("keyctl", false, DENIED);
    check_change("clone3", false, UNKNOWN);
}

static void check_refusals(void) {
    struct call_change fine[] = {{"getcwd", false}, {"keyctl", true}};
    struct call_change unknown[] = {{"getcwdd", false}};
    struct call_change empty[] = {{"", true}};
    struct call_change twice[] = {{"getcwd", false}, {"getcwd", false}};
    struct call_change both[] = {{"keyctl", true}, {"keyctl", false}};
    check(status_of(fine, 2) == 0, "positive control: a change");
    check(status_of(unknown, 1) == EXIT_LAUNCH && status_of(empty, 1) == EXIT_LAUNCH, "no such call");
    check(status_of(twice, 2) == EXIT_LAUNCH && status_of(both, 2) == EXIT_LAUNCH,
          "a call that stands twice");
    static const char *const fixed[] = {
        "mount",     "setns",         "init_module", "open_by_handle_at", "clone3", "clone",
        "unshare",   "ioctl",         "socket",      "socketpair",        "getcwd", "personality",
        "prlimit64", "setsockopt",    "execve",      "setrlimit",         "sendto", "sendmsg",
        "sendmmsg",  "sched_setattr", "setpriority", "ioprio_set"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        struct call_change change[] = {{fixed[i], true}};
        check(status_of(change, 1) == EXIT_LAUNCH, fixed[i]);
    }
    static const char *const needed[] = {"execve", "exit", "exit_group", "rt_sigreturn", "restart_syscall"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        struct call_change change[] = {{needed[i], false}};
        check(status_of(change, 1) == EXIT_LAUNCH, needed[i]);
    }
}

/* Every call that may be denied, denied; every one that may be allowed, allowed: the longest programs. */
static void check_all(const char *const *names, size_t count) {
    struct call_change *changes = calloc(count, sizeof *changes);
    for (int allowed = 0; allowed < 2; allowed++) {
        size_t used = 0;
        for (size_t i = 0; i < count; i++) {
            enum call_rule rule = rule_of(find_call(names[i]));
            if (allowed != 0 ? rule == CALL_DENIED : rule != CALL_NEEDED) {
                changes[used++] = (struct call_change){names[i], allowed != 0};
            }
        }
        check(used > 20, "calls to change");
        prepare(changes, used);
        check(prepared_filter().len <= BPF_MAXINSNS, "a program that the kernel takes");
        for (size_t i = 0; i < used; i++) {
            uint32_t expected = strcmp(changes[i].name, "clone3") == 0 ? UNKNOWN : allowed ? ALLOWED : DENIED;
            check(plain(find_call(changes[i].name)->number) == expected, changes[i].name);
        }
        check(plain(SYS_execve) == ALLOWED, "what every program needs");
    }
    free(changes);
}

/* The names as the program prints them for Java, each with its rule. */
static void check_names(void) {
    static char text[1 << 16];
    const char *names[1024];
    size_t count = 0;
    FILE *list = tmpfile();
    int out = dup(STDOUT_FILENO);
    fflush(stdout);
    dup2(fileno(list), STDOUT_FILENO);
    int result = list_calls();
    dup2(out, STDOUT_FILENO);
    rewind(list);
    text[fread(text, 1, sizeof text - 1, list)] = '\0';
    fclose(list);
    check(result == 0, "the list of calls");
    for (char *line = strtok(text, "\n"); line != NULL && count < 1024; line = strtok(NULL, "\n")) {
        char *space = strchr(line, ' ');
        check(space != NULL, "a rule behind each name");
        *space = '\0';
        const struct call *call = find_call(line);
        check(call != NULL && call->number <= LAST_KNOWN, line);
        check(count == 0 || strcmp(names[count - 1], line) < 0, "names in order, each once");
        names[count++] = line;
    }
    for (size_t i = 0; i < denial_count; i++) {
        const struct call *call = find_call(denials[i].call.name);
        check(call != NULL && call->number == denials[i].call.number, "a call of the table has a name");
    }
    check(find_call("file_setattr") != NULL && find_call("file_setattr")->number == LAST_KNOWN,
          "the youngest call");
    check_all(names, count);
}

int main(void) {
    check_default();
    check_changes();
    check_refusals();
    check_names();
    printf("filter: %d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
