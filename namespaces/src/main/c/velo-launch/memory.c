#include "kernel.h"
#include "launch.h"
#include "mount_api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static char upper[4096];
static char work[4096];

/* As prepare_run_directory does it for an upper layer in the store. */
static void look_like(int memory, const char *like) {
    struct stat tree;
    if (mkdirat(memory, "upper", 0755) != 0 || mkdirat(memory, "work", 0755) != 0 || stat(like, &tree) != 0) {
        fail_errno("see velo doctor", "cannot make an upper layer in memory");
    }
    const struct timespec times[2] = {tree.st_mtim, tree.st_mtim};
    if (fchmodat(memory, "upper", tree.st_mode & 07777, 0) != 0 ||
        utimensat(memory, "upper", times, AT_SYMLINK_NOFOLLOW) != 0) {
        fail_errno("see velo doctor", "cannot prepare the upper layer in memory");
    }
}

/* The most that is a whole number of pages; an inode for each page, and some for what is empty. */
static int make_memory(uint64_t limit) {
    enum { PAGE = 4096, EMPTY = 1024 };
    char size[32];
    char inodes[32];
    uint64_t pages = limit / PAGE > 0 ? limit / PAGE : 1;
    snprintf(size, sizeof size, "%llu", (unsigned long long)(pages * PAGE));
    snprintf(inodes, sizeof inodes, "%llu", (unsigned long long)(pages + EMPTY));
    mount_option limited[] = {{"mode", "0700"}, {"size", size}, {"nr_inodes", inodes}, {NULL, NULL}};
    mount_option unlimited[] = {{"mode", "0700"}, {NULL, NULL}};
    return make_filesystem("tmpfs", limit == 0 ? unlimited : limited, K_ATTR_NOSUID | K_ATTR_NODEV);
}

int memory_upper(struct overlay *overlay, const char *like, const struct plan *plan) {
    const uint64_t limit = plan->disk_limit;
    int memory = make_memory(limit);
    if (memory < 0) {
        fail_errno("keep the store on ext4, xfs, btrfs or tmpfs", "cannot make an upper layer in memory");
    }
    if (attach_mount(memory, AT_FDCWD, overlay->stage) != 0) {
        fail_errno("keep the store on ext4, xfs, btrfs or tmpfs", "cannot attach an upper layer in memory");
    }
    look_like(memory, like);
    snprintf(upper, sizeof upper, "%s/upper", overlay->stage);
    snprintf(work, sizeof work, "%s/work", overlay->stage);
    if (limit != 0) {
        /* Since Linux 6.6; without it a directory that is removed and made again would show what it hid. */
        bool able = setxattr(upper, "user.velo", "", 0, 0) == 0 && removexattr(upper, "user.velo") == 0;
        if (!able && !plan->best_effort) {
            fail_errno("use Linux 6.6 or newer, or leave --disk out",
                       "cannot limit what is written to the root: memory cannot be an upper layer here");
        }
        if (!able) {
            umount2(overlay->stage, MNT_DETACH);
            close(memory);
            return -1;
        }
    }
    overlay->upper = upper;
    overlay->work = work;
    if (limit == 0) {
        message("warning: the store's file system cannot hold what the program writes, so memory does, up to "
                "half of it; "
                "keep the store on ext4, xfs, btrfs or tmpfs");
    }
    return memory;
}

union rights {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

void send_descriptor(int socket, char what, int descriptor) {
    char byte = what;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union rights rights = {
        .header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = rights.space,
                             .msg_controllen = sizeof rights.space};
    memcpy(CMSG_DATA(&rights.header), &descriptor, sizeof descriptor);
    if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
        fail_errno("try again", "cannot hand on a descriptor");
    }
}

ssize_t receive(int socket, void *bytes, size_t length, int *descriptor) {
    struct iovec data = {.iov_base = bytes, .iov_len = length};
    union rights rights;
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = rights.space,
                             .msg_controllen = sizeof rights.space};
    ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    }
    return got;
}
