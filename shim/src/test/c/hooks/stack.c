/*
 * stack TREE [tell]: what calls of the library need of a stack, as programs have small ones for signal
 * handlers (sigaltstack(2)): each call is made in a handler, on a stack that is looked at afterwards. Fails
 * where one needs more than docs/compatibility.md says. What the C library's own need is told, too, where
 * there is no library.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 1 << 16, MARK = 0xA5 };

static char paths[2][256];
static const char *volatile path;
static volatile uintptr_t begun;
static volatile long result;
static void (*volatile subject)(void);

static void nothing(void) {}

static void do_stat(void) {
    struct stat state;
    result = stat(path, &state);
}

static void do_access(void) {
    result = access(path, R_OK);
}

static void do_open(void) {
    result = open(path, O_RDONLY);
    close((int)result);
}

static void do_write(void) {
    result = open(path, O_RDWR);
    close((int)result);
}

static void do_readlink(void) {
    char target[64];
    result = readlink(path, target, sizeof target) < 0 ? 0 : -1; /* it is none */
}

static void do_rename(void) {
    result = rename(path, paths[1]);
}

static void do_unlink(void) {
    result = unlink(paths[1]);
}

static void do_mkdir(void) {
    result = mkdir(paths[1], 0755);
    rmdir(paths[1]);
}

static void do_execve(void) {
    static char *const words[] = {(char *)(uintptr_t) "x", NULL};
    result = execve("/no/such/program", words, words) == -1 ? 0 : -1;
}

static const struct call {
    const char *name;
    void (*make)(void);
    unsigned most; /* of what is of the tree */
} calls[] = {
    {"stat", do_stat, 7168},          {"access", do_access, 7168}, {"open to read", do_open, 9216},
    {"readlink", do_readlink, 10240}, {"mkdir", do_mkdir, 7168},   {"open to write", do_write, 9216},
    {"rename", do_rename, 12288},     {"unlink", do_unlink, 7168}, {"execve", do_execve, 22528},
};
enum { CALLS = sizeof calls / sizeof *calls };

static void handle(int number) {
    char here;
    (void)number;
    begun = (uintptr_t)&here;
    subject();
}

static unsigned depth(unsigned char *stack, void (*make)(void)) {
    memset(stack, MARK, ROOM);
    subject = make;
    raise(SIGUSR1);
    size_t lowest = 0;
    while (lowest < ROOM && stack[lowest] == MARK) {
        lowest++;
    }
    return (unsigned)(begun - (uintptr_t)(stack + lowest));
}

int main(int count, char **words) {
    unsigned char *stack = malloc(ROOM);
    const stack_t used = {.ss_sp = stack, .ss_size = ROOM};
    struct sigaction action = {.sa_flags = SA_ONSTACK};
    int status = 0;
    action.sa_handler = handle;
    if (count < 2 || stack == NULL || sigaltstack(&used, NULL) != 0 ||
        sigaction(SIGUSR1, &action, NULL) != 0) {
        return 2;
    }
    snprintf(paths[0], sizeof paths[0], "%s/stack.%d", words[1], (int)getpid());
    snprintf(paths[1], sizeof paths[1], "%s/stack.%d.moved", words[1], (int)getpid());
    close(open(paths[0], O_WRONLY | O_CREAT, 0644));
    const unsigned own = depth(stack, nothing);
    for (unsigned i = 0; i < CALLS; i++) {
        path = "/etc/passwd";
        const bool changes = i >= 5;
        depth(stack, changes ? nothing : calls[i].make); /* what is done once */
        const unsigned host = changes ? 0 : depth(stack, calls[i].make) - own;
        path = paths[0];
        const unsigned tree = depth(stack, calls[i].make) - own;
        if (count > 2) {
            printf("%s: %u on the host, %u in the tree\n", calls[i].name, host, tree);
        }
        if (result < 0 || tree > calls[i].most) {
            printf("stack: %s needs %u bytes (result %ld)\n", calls[i].name, tree, result);
            status = 1;
        }
    }
    return status;
}
