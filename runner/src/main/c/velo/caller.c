#include "client.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

const char *variable(const struct caller *caller, const char *name) {
    const size_t length = strlen(name);
    for (char **at = caller->environment; *at != NULL; at++) {
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=') {
            return (*at)[length + 1] == '\0' ? NULL : *at + length + 1;
        }
    }
    return NULL;
}

bool is_run(const struct caller *caller) {
    return caller->arguments[0] != NULL && strcmp(caller->arguments[0], "run") == 0;
}

/* A value that looks like it is taken for it: then Java does what the user meant. */
bool wants_sandbox(const struct caller *caller) {
    static const char option[] = "--isolate";
    for (char **at = caller->arguments; *at != NULL && strcmp(*at, "--") != 0; at++) {
        if (strncmp(*at, option, sizeof option - 1) == 0) {
            return true;
        }
    }
    return false;
}

/* Only up to "--": what stands behind is another program's. Where a program is named without that, this may
 * take one of its options for velo's; the resident process, which knows all options, declines then. */
static const char *store_option(const struct caller *caller) {
    static const char option[] = "--store";
    for (char **at = caller->arguments; *at != NULL && strcmp(*at, "--") != 0; at++) {
        if (strcmp(*at, option) == 0) {
            return at[1];
        }
        if (strncmp(*at, option, sizeof option - 1) == 0 && (*at)[sizeof option - 1] == '=') {
            return *at + sizeof option;
        }
    }
    return NULL;
}

/* As Java's Path writes it: absolute, with single slashes, none at the end. */
static bool name_store(struct caller *caller) {
    const char *named = store_option(caller);
    named = named == NULL ? variable(caller, "VR_THE_SOURCE") : named;
    caller->store[0] = '\0';
    if (named == NULL) {
        return true;
    }
    const int length = named[0] == '/'
                           ? snprintf(caller->store, sizeof caller->store, "%s", named)
                           : snprintf(caller->store, sizeof caller->store, "%s/%s", caller->directory, named);
    if (length < 0 || (size_t)length >= sizeof caller->store) {
        return false;
    }
    caller->stored = (size_t)length;
    char *to = caller->store;
    for (const char *from = caller->store; *from != '\0'; from++) {
        if (*from != '/' || to == caller->store || to[-1] != '/') {
            *to++ = *from;
        }
    }
    if (to > caller->store + 1 && to[-1] == '/') {
        to--;
    }
    *to = '\0';
    return true;
}

static bool number_of(const char *path, uint64_t *device, uint64_t *inode) {
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    if (device != NULL) {
        *device = status.st_dev;
    }
    *inode = status.st_ino;
    return true;
}

static bool find_credentials(struct caller *caller) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}, {0}};
    const int count = getgroups(0, NULL);
    if (count < 0 || syscall(SYS_capget, &header, sets) != 0) {
        return false;
    }
    caller->capabilities = sets[0].effective | (uint64_t)sets[1].effective << 32;
    caller->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 0;
    caller->filtered = (uint32_t)prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
    caller->uid = geteuid();
    caller->gid = getegid();
    caller->group_count = (uint32_t)count;
    caller->groups = calloc((size_t)count + 1, sizeof *caller->groups);
    return caller->groups != NULL && getgroups(count, caller->groups) == count;
}

static void find_terminals(struct caller *caller) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        struct winsize size;
        if (isatty(fd)) {
            caller->terminals |= 1U << fd;
            if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
                caller->rows = size.ws_row;
                caller->columns = size.ws_col;
            }
        }
    }
}

bool look_around(struct caller *caller) {
    struct stat named;
    struct stat entered;
    struct rlimit files;
    /* The name is all that goes to the other process, so it must lead there. */
    if (getcwd(caller->directory, sizeof caller->directory) == NULL || caller->directory[0] != '/' ||
        stat(caller->directory, &named) != 0 || stat(".", &entered) != 0 || named.st_dev != entered.st_dev ||
        named.st_ino != entered.st_ino || getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return false;
    }
    caller->descriptor_limit = files.rlim_cur;
    find_terminals(caller);
    return name_store(caller) && find_credentials(caller) &&
           number_of("/proc/self/ns/mnt", NULL, &caller->namespaces[0]) &&
           number_of("/proc/self/ns/user", NULL, &caller->namespaces[1]) &&
           number_of("/", &caller->root[0], &caller->root[1]);
}

void put_identity(struct bytes *out, const struct caller *caller) {
    static const char *const names[] = {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"};
    put_string(out, caller->home);
    put_string(out, caller->store);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put_string(out, variable(caller, names[i]));
    }
    for (int i = 0; i < 2; i++) {
        put_u64(out, caller->namespaces[i]);
    }
    for (int i = 0; i < 2; i++) {
        put_u64(out, caller->root[i]);
    }
    put_u64(out, caller->capabilities);
    put_u32(out, caller->no_new_privileges);
    put_u32(out, caller->filtered);
    put_u32(out, caller->uid);
    put_u32(out, caller->gid);
    put_u32(out, caller->group_count);
    for (uint32_t i = 0; i < caller->group_count; i++) {
        put_u32(out, caller->groups[i]);
    }
}

uint64_t hash(const unsigned char *at, size_t length) {
    uint64_t value = 0xcbf29ce484222325U; /* FNV-1a */
    for (size_t i = 0; i < length; i++) {
        value = (value ^ at[i]) * 0x100000001b3U;
    }
    return value;
}

void put_hello(struct bytes *out, const struct caller *caller, const struct bytes *identity) {
    size_t begin = begin_frame(out, FRAME_HELLO);
    put_string(out, caller->build);
    put_bytes(out, identity->at, identity->length);
    out->failed = out->failed || identity->failed;
    end_frame(out, begin);
}

static void put_all(struct bytes *out, char **texts) {
    uint32_t count = 0;
    while (texts[count] != NULL) {
        count++;
    }
    put_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        put_string(out, texts[i]);
    }
}

void put_request(struct bytes *out, const struct caller *caller) {
    size_t begin = begin_frame(out, FRAME_REQUEST);
    put_u32(out, caller->mask);
    put_u32(out, caller->terminals);
    put_u32(out, caller->rows);
    put_u32(out, caller->columns);
    put_u64(out, caller->descriptor_limit);
    put_string(out, caller->directory);
    put_all(out, caller->arguments);
    put_all(out, caller->environment);
    end_frame(out, begin);
}

/* Not the whole of it: the unused pages of long arrays would have to be made for that. */
void forget_caller(struct caller *caller) {
    explicit_bzero(caller->home, strlen(caller->home));
    explicit_bzero(caller->directory, strlen(caller->directory));
    explicit_bzero(caller->store, caller->stored);
}
