#include "execution.h"
#include "supervised.h"

#include "auditing.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define FEW 256
#define MORE 5 /* variables that may be added, and the end */

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

/* What keeps the session in a child, with room for the variables that may be missing. */
struct kept_environment {
    char *few[FEW];
    char preload[PATH_MAX];
    char program[32];
    char audit[PATH_MAX];
};

static bool names_library(const char *value) {
    size_t own = strlen(shim.library);
    while (*value) {
        size_t length = strcspn(value, ": ");
        if (length == own && memcmp(value, shim.library, own) == 0) {
            return true;
        }
        value += length + (value[length] != 0);
    }
    return false;
}

/* The libraries that the program asks for stay in front. */
static long join_preload(const char *value, char *out, size_t room) {
    static const char name[] = "LD_PRELOAD=";
    size_t length = value ? strlen(value) : 0, own = strlen(shim.library);
    if (sizeof name + length + own + 1 > room) {
        return -E2BIG;
    }
    memcpy(out, name, sizeof name);
    out += sizeof name - 1;
    if (length > 0) {
        memcpy(out, value, length);
        out[length] = ':';
        out += length + 1;
    }
    memcpy(out, shim.library, own + 1);
    return 0;
}

struct missing {
    bool session, preload;
    node_id program; /* ROOT_NODE: nothing is said */
    enum auditing auditing;
};

static void put_program(node_id node, char *out) {
    char digits[12];
    int count = 0;
    memcpy(out, "VELO_SHIM_PROGRAM=", 18);
    out += 18;
    do {
        digits[count++] = (char)('0' + node % 10);
    } while ((node /= 10) > 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    *out = 0;
}

static bool replaced(const struct missing *missing, const char *entry) {
    return (missing->preload && strncmp(entry, "LD_PRELOAD=", 11) == 0) ||
           (missing->program != ROOT_NODE && strncmp(entry, "VELO_SHIM_PROGRAM=", 18) == 0) ||
           (missing->auditing != AUDITING_STAYS && strncmp(entry, "LD_AUDIT=", 9) == 0);
}

static void fill(char *const envp[], size_t count, const struct missing *missing,
                 struct kept_environment *room, char **list) {
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        if (!replaced(missing, envp[i])) {
            list[next++] = envp[i];
        }
    }
    if (missing->preload) {
        list[next++] = room->preload;
    }
    if (missing->session) {
        list[next++] = shim.variable;
    }
    if (missing->program != ROOT_NODE) {
        put_program(missing->program, room->program);
        list[next++] = room->program;
    }
    if (missing->auditing == AUDITING_CHANGES) {
        list[next++] = room->audit;
    }
    list[next] = NULL;
}

/* *list is envp itself where nothing is missing. */
static long complete(char *const envp[], size_t count, node_id program, struct kept_environment *room,
                     char ***list) {
    const char *preload = environment_value(envp, "LD_PRELOAD");
    struct missing missing = {.session = !environment_value(envp, "VELO_SHIM_SESSION"),
                              .preload = shim.library[0] && !(preload && names_library(preload)),
                              .program = program,
                              .auditing = auditing_of(envp, program, room->audit)};
    *list = (char **)(uintptr_t)envp;
    if (!missing.session && !missing.preload && program == ROOT_NODE && missing.auditing == AUDITING_STAYS) {
        return 0;
    }
    if (missing.preload) {
        long error = join_preload(preload, room->preload, sizeof room->preload);
        if (error < 0) {
            return error;
        }
    }
    *list = pointer_room(room->few, FEW, count + MORE);
    if (!*list) {
        return -ENOMEM;
    }
    fill(envp, count, &missing, room, *list);
    return 0;
}

static long execute_listed(const struct execution *what, char *const argv[], char *const envp[]) {
    if (what->blind != BLIND_NOT) {
        return supervised_execute(what, argv, envp);
    }
    return what->at == AT_FDCWD && what->flags == 0
               ? RAW3(SYS_execve, what->path, argv, envp)
               : RAW5(SYS_execveat, what->at, what->path, argv, envp, what->flags);
}

static __attribute__((noinline)) long execute(const struct execution *what, char *const argv[],
                                              char *const envp[]) {
    struct kept_environment room;
    char **list;
    long count = pointer_count(envp);
    if (count < 0) {
        return count;
    }
    long result = complete(envp, (size_t)count, what->node, &room, &list);
    if (result < 0) {
        return result;
    }
    result = execute_listed(what, argv, list);
    if (list != envp) {
        pointer_free(list, room.few, (size_t)count + MORE);
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
    if (*blind == BLIND_NOT || (*blind != BLIND_FOREIGN && static_program_supervised())) {
        return 0;
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
