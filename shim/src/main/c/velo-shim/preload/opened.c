#include "shim.h"

#include <fcntl.h>
#include <sys/syscall.h>

/*
 * What each descriptor was opened for, where a blob stands for several files. Other threads may look at an
 * entry while it is written: the inode is stored last and taken away first, and who finds it asks for the
 * rest and for the inode again.
 */
#define HINTS 4096

struct hint {
    uint64_t inode, device;
    node_id node;
};

static struct hint hints[HINTS];

static void opened(struct caller *caller, int fd, node_id node, uint64_t device, uint64_t inode) {
    (void)caller;
    if (fd < 0 || fd >= HINTS) {
        return;
    }
    struct hint *hint = &hints[fd];
    __atomic_store_n(&hint->inode, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&hint->device, device, __ATOMIC_RELAXED);
    __atomic_store_n(&hint->node, node, __ATOMIC_RELAXED);
    __atomic_store_n(&hint->inode, inode, __ATOMIC_RELEASE);
}

static node_id hint_of(struct caller *caller, int fd, uint64_t device, uint64_t inode) {
    (void)caller;
    if (fd < 0 || fd >= HINTS) {
        return NO_NODE;
    }
    struct hint *hint = &hints[fd];
    if (__atomic_load_n(&hint->inode, __ATOMIC_ACQUIRE) != inode ||
        __atomic_load_n(&hint->device, __ATOMIC_RELAXED) != device) {
        return NO_NODE;
    }
    node_id node = __atomic_load_n(&hint->node, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&hint->inode, __ATOMIC_RELAXED) == inode ? node : NO_NODE;
}

/* The same file, opened once more: the tag of the first one is not there (descriptor.h). */
void opened_copied(int from, int to) {
    const long tag = RAW2(SYS_fcntl, from, F_GETSIG);
    if (tag > 0) {
        RAW3(SYS_fcntl, to, F_SETSIG, tag);
    }
    if (from >= 0 && from < HINTS && hints[from].inode != 0) {
        opened(NULL, to, hints[from].node, hints[from].device, hints[from].inode);
    }
}

void opened_caller(struct caller *caller) {
    caller->opened = opened;
    caller->hint = hint_of;
}
