#include "call.h"

#include "hints.h"
#include "namespaces.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the kernel tells of a thread in /proc/<thread>/status: who it is, and its umask. */

static const char *line_of(const char *text, const char *name) {
    const char *line = strstr(text, name);
    return line == NULL ? "" : line + strlen(name);
}

static void put_groups(const char *line, struct credentials *out) {
    enum { MOST = sizeof out->groups / sizeof *out->groups };
    char *end;
    out->group_count = 0;
    while (out->group_count < MOST) {
        uint32_t group = (uint32_t)strtoul(line, &end, 10);
        const char *stop = strchr(line, '\n');
        if (end == line || (stop != NULL && end > stop)) {
            break;
        }
        out->groups[out->group_count++] = group;
        line = end;
    }
}

static void put_ids(const char *text, unsigned column, struct credentials *out) {
    char *uids, *gids;
    uids = gids = NULL;
    const char *uid = line_of(text, "\nUid:"), *gid = line_of(text, "\nGid:");
    for (unsigned i = 0; i <= column; i++) {
        out->uid = (uint32_t)strtoul(uid, &uids, 10);
        out->gid = (uint32_t)strtoul(gid, &gids, 10);
        uid = uids;
        gid = gids;
    }
}

static void ask(struct call *call) {
    char path[40], text[4096];
    if (call->person_known) {
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/status", (int)call->notif.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[length < 0 ? 0 : length] = 0;
    put_ids(text, 0, &call->real);
    /* The fourth is what the file system goes by: setfsuid(2). */
    put_ids(text, 3, &call->effective);
    put_groups(line_of(text, "\nGroups:"), &call->real);
    call->effective.group_count = call->real.group_count;
    memcpy(call->effective.groups, call->real.groups, sizeof call->real.groups);
    call->capabilities = strtoull(line_of(text, "\nCapEff:"), NULL, 16);
    call->effective.overrides = (call->capabilities & 1u << CAP_DAC_OVERRIDE) != 0 &&
                                (call->effective.uid == geteuid() || namespace_has_owner());
    call->real.overrides = call->real.uid == 0;
    call->table = (unsigned)strtoul(line_of(text, "\nFDSize:"), NULL, 10);
    call->umask = (uint32_t)strtoul(line_of(text, "\nUmask:"), NULL, 8) & 0777;
    call->process = (int)strtol(line_of(text, "\nTgid:"), NULL, 10);
    call->person_known = true;
}

int call_process(void) {
    ask(served);
    return served->process;
}

static void credentials(struct caller *caller, bool real, struct credentials *out) {
    (void)caller;
    ask(served);
    *out = real ? served->real : served->effective;
}

static uint32_t file_mask(struct caller *caller) {
    (void)caller;
    ask(served);
    return served->umask;
}

/* What comes from call_directory is the supervisor's own already; paths of /proc name the process's. */
static bool is_own(int fd) {
    for (unsigned i = 0; i < served->held_count; i++) {
        if (served->held[i].ours == fd) {
            return true;
        }
    }
    return false;
}

static long origin(struct caller *caller, int fd, struct origin *out) {
    int own = fd;
    if (fd == AT_FDCWD) {
        long error = call_enter();
        if (error < 0) {
            return error;
        }
    } else if (!is_own(fd) && (own = call_descriptor(fd)) < 0) {
        return own;
    }
    long error = world_descriptor(caller, own, &out->node);
    if (error < 0) {
        return error;
    }
    out->kind = out->node == NO_NODE ? ORIGIN_HOST : ORIGIN_TREE;
    out->fd = own;
    return 0;
}

static void opened(struct caller *caller, int fd, node_id node, uint64_t device, uint64_t inode) {
    (void)caller;
    (void)fd;
    served->opened = (struct opened){node, device, inode};
}

static node_id hint(struct caller *caller, int fd, uint64_t device, uint64_t inode) {
    (void)caller;
    for (unsigned i = 0; i < served->held_count; i++) {
        if (served->held[i].ours == fd) {
            return hint_find(call_process(), served->held[i].theirs, device, inode);
        }
    }
    return NO_NODE;
}

void call_caller(struct call *call) {
    call->opened.node = NO_NODE;
    /* The kernel's answer is not seen here: links of the host that lead into the tree are looked for at
     * once, where a process of the run has made one. */
    call->caller = (struct caller){.world = call->world,
                                   .origin = origin,
                                   .credentials = credentials,
                                   .umask = file_mask,
                                   .opened = opened,
                                   .hint = hint,
                                   .pid = (int)call->notif.pid,
                                   .again = true};
}
