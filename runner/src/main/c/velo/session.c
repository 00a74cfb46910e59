#include "client.h"
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool is_session_plan(const unsigned char *plan, size_t length) {
    static const char magic[] = "VELOSESS";
    return length >= sizeof magic - 1 && memcmp(plan, magic, sizeof magic - 1) == 0;
}

static int in_memory(const struct bytes *plan) {
    const int file = memfd_create("plan", 0);
    for (size_t at = 0; file >= 0 && at < plan->length;) {
        const ssize_t put = write(file, plan->at + at, plan->length - at);
        if (put <= 0) {
            return -1;
        }
        at += (size_t)put;
    }
    return file;
}

/* What the caller left open the program inherits, as if velo were not there; what this process has opened
 * itself closes at the exec. */
void become_session(const struct answer *answer, const struct caller *caller) {
    static char name[] = "velo-session", all[] = "all";
    char program[PATH_MAX + 32], plan[16], lock[16];
    char *const arguments[] = {name, plan, lock, all, NULL};
    char *const environment[] = {NULL};
    const int file = in_memory(&answer->sent);
    if (file < 0 || fcntl(answer->lease, F_SETFD, 0) != 0) {
        fail_errno("free some memory", "cannot hand on the plan of the run");
    }
    snprintf(program, sizeof program, "%s/libexec/velo-session", caller->home);
    snprintf(plan, sizeof plan, "%d", file);
    snprintf(lock, sizeof lock, "%d", answer->lease);
    umask(caller->mask);
    execve(program, arguments, environment);
    fail_errno("install velo again, all of its directories", "cannot start %s", program);
}

/* Numbers with commas between them; "none". NULL: there is no memory. */
static char *inherited(void) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    DIR *each = opendir("/proc/self/fd");
    for (const struct dirent *entry = NULL; out != NULL && each != NULL && (entry = readdir(each)) != NULL;) {
        const int number = atoi(entry->d_name);
        const int flags = number > STDERR_FILENO && number != dirfd(each) ? fcntl(number, F_GETFD) : -1;
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
            fprintf(out, "%s%d", ftell(out) == 0 ? "" : ",", number);
        }
    }
    if (each != NULL) {
        closedir(each);
    }
    if (out == NULL || (ftell(out) == 0 && fputs("none", out) < 0) || fclose(out) != 0) {
        return NULL;
    }
    return text;
}

/* A JVM leaves files of its own open, which a program that it becomes cannot tell from the caller's. */
void name_descriptors(struct caller *caller) {
    size_t count = 0;
    while (caller->environment[count] != NULL) {
        count++;
    }
    char **more = calloc(count + 2, sizeof *more);
    char *numbers = inherited();
    char *variable_text = NULL;
    if (more == NULL || numbers == NULL ||
        asprintf(&variable_text, "VELO_CALLER_DESCRIPTORS=%s", numbers) < 0) {
        return; /* it inherits none then */
    }
    more[0] = variable_text;
    memcpy(more + 1, caller->environment, count * sizeof *more);
    caller->environment = more;
    free(numbers);
}
