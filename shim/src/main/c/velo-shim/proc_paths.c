#include "proc_paths.h"

#include "backing.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* What follows a word in a path: from its slash or its end on; NULL where the path does not go on with it. */
static const char *behind(const char *path, const char *word) {
    size_t length = strlen(word);
    bool there = strncmp(path, word, length) == 0 && (path[length] == '/' || path[length] == 0);
    return there ? path + length : NULL;
}

static const char *number(const char *text, long *out) {
    const char *at = text;
    *out = 0;
    while (*at >= '0' && *at <= '9' && *out < 100000000) {
        *out = *out * 10 + (*at++ - '0');
    }
    bool plain = at != text && (*text != '0' || at == text + 1);
    return plain && (*at == '/' || *at == 0) ? at : NULL;
}

static long own_number(struct caller *caller) {
    return caller->pid != 0 ? caller->pid : KERNEL0(caller->world->kernel, SYS_getpid);
}

/* Behind /proc/self, /proc/thread-self, /proc/<pid> and their task/<tid>: all threads share what is asked
 * here. */
static const char *own_directory(struct caller *caller, const char *path) {
    long value;
    const char *rest = behind(path, "/proc/self");
    if (rest == NULL && (rest = behind(path, "/proc/thread-self")) == NULL) {
        rest = number(path + strlen("/proc/"), &value);
        if (rest == NULL || value != own_number(caller)) {
            return NULL;
        }
    }
    const char *task = behind(rest, "/task");
    if (task != NULL && *task == '/' && (task = number(task + 1, &value)) != NULL) {
        rest = task;
    }
    return rest;
}

static void descriptor(const char *text, struct proc_path *out) {
    long value;
    const char *rest = *text == '/' ? number(text + 1, &value) : NULL;
    if (rest != NULL) {
        *out = (struct proc_path){PROC_DESCRIPTOR, (int)value, rest};
    }
}

static void below_proc(struct caller *caller, const char *path, struct proc_path *out) {
    const char *rest = own_directory(caller, path), *after;
    if (rest == NULL) {
        return;
    }
    if ((after = behind(rest, "/fd")) != NULL) {
        descriptor(after, out);
    } else if ((after = behind(rest, "/cwd")) != NULL) {
        *out = (struct proc_path){PROC_CURRENT, AT_FDCWD, after};
    } else if ((after = behind(rest, "/exe")) != NULL) {
        *out = (struct proc_path){PROC_PROGRAM, -1, after};
    } else if ((after = behind(rest, "/root")) != NULL) {
        *out = (struct proc_path){PROC_ROOT, -1, after};
    }
}

void proc_path(struct caller *caller, const char *path, struct proc_path *out) {
    static const char *const NAMES[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    const char *after;
    *out = (struct proc_path){PROC_OTHER, -1, path};
    if (strncmp(path, "/proc/", 6) == 0) {
        below_proc(caller, path, out);
    } else if (strncmp(path, "/dev/", 5) == 0) {
        if ((after = behind(path, "/dev/fd")) != NULL) {
            descriptor(after, out);
        }
        for (int fd = 0; fd < 3; fd++) {
            if ((after = behind(path, NAMES[fd])) != NULL) {
                *out = (struct proc_path){PROC_DESCRIPTOR, fd, after};
            }
        }
    }
}

node_id proc_program(struct caller *caller) {
    struct stat status;
    struct node node;
    struct real_path path = {.length = 0};
    path_add(&path, "/proc/");
    path_number(&path, (unsigned long)own_number(caller), 10, 1);
    path_add(&path, "/exe");
    if (caller->program != ROOT_NODE && tree_node(&caller->world->tree, caller->program, &node)) {
        return caller->program;
    }
    if (KERNEL4(caller->world->kernel, SYS_newfstatat, AT_FDCWD, path.text, &status, 0) < 0) {
        return NO_NODE;
    }
    return world_inode(caller, -1, &status);
}
