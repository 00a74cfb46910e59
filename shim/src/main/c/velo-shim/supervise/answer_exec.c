#include "answers.h"

#include "inject.h"
#include "namespaces.h"

#include <errno.h>
#include <string.h>

/* More do not fit into the memory that the process is lent. */
enum { SCRIPT_WORDS = 1 << 16 };

/* The process's pointers and, beside them, what stands in their place. */
static remote words[SCRIPT_WORDS];
static const char *texts[SCRIPT_WORDS];

/* The pointers of argv up to its NULL, from a place on. How many, or -errno. */
static long copy_words(remote argv, size_t at) {
    const remote *from = argv;
    for (; at + 1 < SCRIPT_WORDS; at++, from++) {
        if (copy_in(&words[at], from, sizeof *words) != 0) {
            return -EFAULT;
        }
        if (words[at] == NULL) {
            return (long)at;
        }
        texts[at] = NULL;
    }
    return -E2BIG;
}

/* How the kernel names a script to its interpreter where it was given a descriptor. */
static long script_name(int at, const char *path, char *out, size_t room) {
    int length = path[0] == '/' || at == AT_FDCWD ? snprintf(out, room, "%s", path)
                 : path[0] == 0                   ? snprintf(out, room, "/dev/fd/%d", at)
                                                  : snprintf(out, room, "/dev/fd/%d/%s", at, path);
    return length < (int)room ? 0 : -ENAMETOOLONG;
}

static long interpret(const struct program *program, const char *script, struct execution *execution) {
    size_t next = 0;
    remote first = NULL;
    const char *word = program->words;
    for (unsigned i = 0; i < program->word_count; i++, word += strlen(word) + 1) {
        texts[next++] = word;
    }
    texts[next++] = script;
    if (execution->argv != NULL && copy_in(&first, execution->argv, sizeof first) != 0) {
        return -EFAULT;
    }
    /* argv[0] goes: the script's name stands in its place. */
    long count = (long)next;
    if (first != NULL) {
        count = copy_words((const remote *)execution->argv + 1, next);
    }
    if (count < 0) {
        return count;
    }
    execution->words = words;
    execution->texts = texts;
    execution->count = (size_t)count;
    return inject_execve(execution);
}

/* Another user than root executes it by a descriptor. Whether he may is the kernel's to say, of the file. */
static bool is_closed(const char *path) {
    const struct world *world = served->world;
    const bool session = strncmp(path, world->session, world->session_length) == 0;
    const bool store = strncmp(path, world->store, world->store_length) == 0;
    return (session || store) && is_other_user();
}

long sys_execveat(int at, remote path, remote argv, remote envp, int flags) {
    char local[PATH_MAX], script[PATH_MAX];
    struct program program;
    namespace_look();
    PATH_IN(local, path);
    long result = call_execve(&served->caller, call_directory(at, local), local, flags, &program);
    if (result != PASS || program.path[0] == 0) {
        return result;
    }
    struct execution execution = {
        .path = program.path, .closed = is_closed(program.path), .argv = argv, .envp = envp};
    if (program.word_count == 0) {
        return inject_execve(&execution);
    }
    result = script_name(at, local, script, sizeof script);
    return result < 0 ? result : interpret(&program, script, &execution);
}
