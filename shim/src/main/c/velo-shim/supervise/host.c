#include "answers.h"

#include "namespaces.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/fsuid.h>

long own_result(long result) {
    return result == -1 ? -errno : result;
}

/* What stands for these words at the beginning of a path; NULL: something else is there. */
static const char *behind(const char *path, const char *word) {
    size_t length = strlen(word);
    bool there = strncmp(path, word, length) == 0 && (path[length] == '/' || path[length] == 0);
    return there ? path + length : NULL;
}

const char *host_path(char *elsewhere) {
    static const char *const STREAMS[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    char place[64];
    const char *rest;
    int thread = (int)served->notif.pid;
    if (strncmp(elsewhere, "/proc/", 6) != 0 && strncmp(elsewhere, "/dev/", 5) != 0) {
        return elsewhere;
    }
    if ((rest = behind(elsewhere, "/proc/self")) != NULL) {
        snprintf(place, sizeof place, "/proc/%d", call_process());
    } else if ((rest = behind(elsewhere, "/proc/thread-self")) != NULL) {
        snprintf(place, sizeof place, "/proc/%d/task/%d", call_process(), thread);
    } else if ((rest = behind(elsewhere, "/dev/fd")) != NULL) {
        snprintf(place, sizeof place, "/proc/%d/fd", thread);
    } else {
        for (int fd = 0; rest == NULL && fd < 3; fd++) {
            rest = behind(elsewhere, STREAMS[fd]);
            snprintf(place, sizeof place, "/proc/%d/fd/%d", thread, fd);
        }
    }
    size_t length = strlen(place), left = rest == NULL ? 0 : strlen(rest) + 1;
    if (rest != NULL && length + left <= PATH_MAX) {
        memmove(elsewhere + length, rest, left);
        memcpy(elsewhere, place, length);
    }
    return elsewhere;
}

bool host_is(const char *path) {
    const struct world *world = served->world;
    return (strncmp(path, world->session, world->session_length) != 0 ||
            path[world->session_length] != '/') &&
           (strncmp(path, world->store, world->store_length) != 0 || path[world->store_length] != '/');
}

/* What was changed. */
static bool acting, lowered;

/* The supervisor's own groups; more are not known here, and then it keeps those it has. */
enum { GROUPS = 4096 };
static gid_t own_groups[GROUPS];

static long group_count(void) {
    static long count = -1;
    if (count < 0) {
        count = syscall(SYS_getgroups, GROUPS, own_groups);
    }
    return count;
}

/* Of this thread alone, as the C library's function is not. Who is nobody special cannot, and has one user's
 * processes to answer for. */
static void take_groups(long count, const uint32_t *groups) {
    if (group_count() >= 0) {
        (void)syscall(SYS_setgroups, count, groups);
    }
}

static struct __user_cap_header_struct this_thread = {.version = _LINUX_CAPABILITY_VERSION_3};
static struct __user_cap_data_struct own_capabilities[2]; /* before they were lowered */

/* Those of a user namespace below this one are none here. Behind the user id: the kernel takes and gives some
 * of them by that (setfsuid(2)). */
static void lower_capabilities(void) {
    struct __user_cap_data_struct left[2] = {own_capabilities[0], own_capabilities[1]};
    const bool has = (left[0].effective | left[1].effective) != 0 && namespace_same();
    for (int i = 0; i < 2; i++) {
        left[i].effective &= has ? (uint32_t)(served->capabilities >> 32 * i) : 0;
        lowered = lowered || left[i].effective != own_capabilities[i].effective;
    }
    if (lowered) {
        (void)syscall(SYS_capset, &this_thread, left);
    }
}

static void raise_capabilities(void) {
    if (lowered) {
        (void)syscall(SYS_capset, &this_thread, own_capabilities);
        lowered = false;
    }
}

void act_as_process(void) {
    struct credentials who;
    served->caller.credentials(&served->caller, false, &who);
    acting = who.uid != geteuid() || who.gid != getegid();
    (void)syscall(SYS_capget, &this_thread, own_capabilities);
    if (acting) {
        take_groups((long)who.group_count, who.groups);
        setfsgid(who.gid);
        setfsuid(who.uid);
    }
    lower_capabilities();
}

void act_as_self(void) {
    raise_capabilities();
    if (acting) {
        setfsuid(geteuid());
        setfsgid(getegid());
        take_groups(group_count(), own_groups);
        acting = false;
    }
}
