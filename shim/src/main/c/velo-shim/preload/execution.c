#include "execution.h"
#include "reach.h"
#include "supervised.h"

#include "environment.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define FEW 256

char **pointer_room(char **small, size_t small_count, size_t count) {
    if (count <= small_count) {
        return small;
    }
    long memory =
        RAW6(SYS_mmap, 0, count * sizeof *small, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory < 0 && memory >= -4095 ? NULL : (char **)memory;
}

void pointer_free(char **list, char *const *small, size_t count) {
    if (list && list != small) {
        RAW2(SYS_munmap, list, count * sizeof *list);
    }
}

long pointer_count(char *const *list) {
    long count = 0;
    if (!list) {
        return 0;
    }
    for (;; count++) {
        if (!memory_readable(&list[count], sizeof *list)) {
            return -EFAULT;
        }
        if (!list[count]) {
            return count;
        }
        if (path_length(list[count]) == -EFAULT) {
            return -EFAULT;
        }
    }
}

static long execute_listed(const struct execution *what, char *const argv[], char *const envp[]) {
    if (what->blind != BLIND_NOT) {
        return supervised_execute(what, argv, envp);
    }
    if (!reach_loads_library(what->at, what->path, what->flags)) {
        return -EACCES;
    }
    return what->at == AT_FDCWD && what->flags == 0
               ? REACH3(SYS_execve, what->path, argv, envp)
               : REACH5(SYS_execveat, what->at, what->path, argv, envp, what->flags);
}

static __attribute__((noinline)) long execute(const struct execution *what, char *const argv[],
                                              char *const envp[]) {
    struct kept_environment room;
    char **list;
    long count = pointer_count(envp);
    if (count < 0) {
        return count;
    }
    long result = environment_complete(envp, (size_t)count, what->node, &room, &list);
    if (result < 0) {
        return result;
    }
    result = execute_listed(what, argv, list);
    if (list != envp) {
        pointer_free(list, room.few, (size_t)count + KEPT_MORE);
    }
    return result;
}

/* How the kernel names a script to its interpreter where it was given a descriptor. */
static long script_name(int at, const char *path, char *out, size_t room) {
    size_t length = strlen(path), begin = 0;
    if (path[0] != '/' && at != AT_FDCWD) {
        char digits[12];
        int count = 0;
        memcpy(out, "/dev/fd/", 8);
        begin = 8;
        for (int rest = at; rest > 0 || count == 0; rest /= 10) {
            digits[count++] = (char)('0' + rest % 10);
        }
        while (count > 0) {
            out[begin++] = digits[--count];
        }
        if (length > 0) {
            out[begin++] = '/';
        }
    }
    if (begin + length >= room) {
        return -ENAMETOOLONG;
    }
    memcpy(out + begin, path, length + 1);
    return 0;
}

static __attribute__((noinline)) long interpret(struct program *program, enum blindness blind, char *script,
                                                char *const argv[], char *const envp[]) {
    char *few[FEW], *word = program->words;
    long count = pointer_count(argv);
    if (count < 0) {
        return count;
    }
    size_t room = (size_t)count + program->word_count + 2, next = 0;
    char **list = pointer_room(few, FEW, room);
    if (!list) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < program->word_count; i++, word += strlen(word) + 1) {
        list[next++] = word;
    }
    list[next++] = script;
    for (long i = 1; i < count; i++) {
        list[next++] = argv[i];
    }
    list[next] = NULL;
    long result = execute(&(struct execution){AT_FDCWD, program->path, 0, program->node, blind}, list, envp);
    pointer_free(list, few, room);
    return result;
}

/* How to come to run it: 0, or -EACCES where it must not. */
static long prepare_blind(int at, const char *path, int flags, const struct program *program,
                          enum blindness *blind) {
    *blind = blindness_of(at, path, flags, program);
    if (*blind == BLIND_DIVIDED) {
        *blind = BLIND_STATIC;
        return static_program_divided(path);
    }
    if (*blind == BLIND_NOT) {
        return dynamic_program_reaches(path);
    }
    if (*blind != BLIND_FOREIGN) {
        if (static_program_supervised()) {
            return 0;
        }
        long reached = static_program_reaches(path);
        if (reached < 0) {
            return reached;
        }
    }
    *blind = BLIND_NOT;
    return static_program_allowed(path, program);
}

static long execute_program(int at, const char *path, char *const argv[], char *const envp[], int flags,
                            struct program *program) {
    char script[PATH_MAX];
    enum blindness blind;
    long allowed = prepare_blind(at, path, flags, program, &blind);
    if (allowed < 0) {
        return allowed;
    }
    if (!program->path[0]) {
        return execute(&(struct execution){at, path, flags, program->node, blind}, argv, envp);
    }
    if (program->word_count == 0) {
        return execute(&(struct execution){AT_FDCWD, program->path, 0, program->node, blind}, argv, envp);
    }
    long result = script_name(at, path, script, sizeof script);
    return result < 0 ? result : interpret(program, blind, script, argv, envp);
}

static long ask_program(int at, const char *path, int flags, struct program *program, bool again) {
    struct caller caller = shim.caller;
    caller.again = again;
    program->path[0] = 0;
    program->word_count = 0;
    program->script = program->is_static = program->is_foreign = false;
    program->node = ROOT_NODE;
    return call_execve(&caller, at, path, flags, program);
}

long sys_execveat(int at, const char *path, char *const argv[], char *const envp[], int flags) {
    struct program program;
    if (!shim_virtual()) {
        return at == AT_FDCWD && flags == 0 ? RAW3(SYS_execve, path, argv, envp)
                                            : RAW5(SYS_execveat, at, path, argv, envp, flags);
    }
    long result = path_length(path);
    if (result < 0) {
        return result;
    }
    result = ask_program(at, path, flags, &program, false);
    if (result == PASS) {
        result = execute_program(at, path, argv, envp, flags, &program);
    } else if (result < 0) {
        return result;
    }
    if (result == -ENOENT && world_expects_host_links(&shim.world)) {
        result = ask_program(at, path, flags, &program, true);
        if (result == PASS) {
            result = execute_program(at, path, argv, envp, flags, &program);
        }
    }
    return result;
}

long execute_shell(const char *script, char *const argv[], char *const envp[]) {
    char *few[FEW], shell[] = "/bin/sh";
    long count = pointer_count(argv);
    if (count < 0) {
        return count;
    }
    size_t room = (size_t)count + 3, next = 0;
    char **list = pointer_room(few, FEW, room);
    if (!list) {
        return -ENOMEM;
    }
    list[next++] = shell;
    list[next++] = (char *)(uintptr_t)script;
    for (long i = 1; i < count; i++) {
        list[next++] = argv[i];
    }
    list[next] = NULL;
    long result = sys_execveat(AT_FDCWD, shell, list, envp, 0);
    pointer_free(list, few, room);
    return result;
}
