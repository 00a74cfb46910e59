#include "answers.h"

#include "../backing.h"
#include "../door.h"
#include "namespaces.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

/* The directories of the session that other users may be led to, as descriptors: their paths are root's. */
static struct {
    const char *name;
    int fd; /* 0: not opened yet */
} kept[] = {{"/files", 0}, {"/dirs", 0}, {"/exec", 0}};

/*
 * The whole of who it is costs as much as the rest of the call. Who has these capabilities may do what root
 * may with any file; what it makes is its own, but the core has asked for its umask by then, and so for all.
 */
static bool has_capabilities(int thread) {
    const uint32_t needed = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, thread};
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & needed) == needed &&
           namespace_same();
}

bool is_other_user(void) {
    struct credentials who;
    if (served == NULL || geteuid() != 0 ||
        (!served->person_known && has_capabilities((int)served->notif.pid))) {
        return false;
    }
    served->caller.credentials(&served->caller, false, &who);
    return who.uid != 0 || who.gid != getegid();
}

bool is_of_session(long number, const long arguments[6]) {
    const unsigned paths = served == NULL || geteuid() != 0 ? 0 : door_paths(number);
    bool is = false;
    for (unsigned place = 0; place < 6; place++) {
        is = is || ((paths & 1u << place) != 0 && arguments[place] != 0 &&
                    strncmp((const char *)arguments[place], served->world->session,
                            served->world->session_length) == 0);
    }
    return is;
}

static int directory(unsigned which) {
    char path[sizeof served->world->session + 8];
    if (kept[which].fd == 0) {
        snprintf(path, sizeof path, "%s%s", served->world->session, kept[which].name);
        kept[which].fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    return kept[which].fd;
}

bool way_of_session(const char *path, char *out, size_t room) {
    const struct world *world = served->world;
    if (strncmp(path, world->session, world->session_length) != 0) {
        return false;
    }
    path += world->session_length;
    for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++) {
        const size_t length = strlen(kept[i].name);
        if (strncmp(path, kept[i].name, length) == 0 && (path[length] == '/' || path[length] == 0)) {
            const int fd = directory(i);
            return fd >= 0 && door_text(fd, path + length, out, room) == 0;
        }
    }
    return false;
}

unsigned ways_of_call(long number, long arguments[6], char ways[2][WAY_ROOM]) {
    const unsigned paths = served == NULL ? 0 : door_paths(number);
    unsigned count = 0;
    for (unsigned place = 0; place < 6; place++) {
        if ((paths & 1u << place) != 0 && arguments[place] != 0 && count < 2 &&
            way_of_session((const char *)arguments[place], ways[count], WAY_ROOM)) {
            arguments[place] = (long)ways[count++];
        }
    }
    return count;
}

static long give_group(const struct world *world, node_id id, uint32_t gid) {
    struct real_path path;
    real_file(world, id, &path);
    return RAW(SYS_fchownat, AT_FDCWD, path.text, -1, gid, AT_SYMLINK_NOFOLLOW);
}

/* What belongs to root stays so here. */
static long copy_up(const struct world *world, node_id id, uint64_t most) {
    (void)world;
    (void)id;
    (void)most;
    return -ECONNREFUSED;
}

const struct door door_of_supervisor = {copy_up, give_group};
