#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Tags go up to the last signal. That one is for a descriptor that found none free. */
enum { TAG_NONE = 0, TAG_LAST = 64, TRIES = 8 };

/* A pair that no inode has, since device numbers have 32 bits. That of TAG_LAST is there where the inode
 * stands for more than one node. */
static uint64_t tagged(uint64_t device, unsigned tag) {
    return device | (uint64_t)tag << 32;
}

/* Nodes with the same first choice are next to each other: a few tries find a free tag or the node's own. */
static unsigned tag_for(struct tree *tree, uint64_t device, uint64_t inode, node_id id) {
    for (unsigned i = 0; i < TRIES; i++) {
        unsigned tag = 1 + (id + i) % (TAG_LAST - 1);
        node_id stands = tree_noted(tree, tagged(device, tag), inode);
        if (stands == id) {
            return tag;
        }
        if (stands == NO_NODE) {
            long result = tree_note_first(tree, tagged(device, tag), inode, id);
            if (result != -EEXIST) {
                return result == 0 ? tag : TAG_LAST;
            }
        }
    }
    return TAG_LAST;
}

/* What was noted first stays: descriptors that are out already go by it. */
static void tell(struct caller *caller, int fd, node_id id, uint64_t device, uint64_t inode) {
    struct tree *tree = &caller->world->tree;
    node_id first = tree_noted(tree, device, inode);
    if (first == NO_NODE && tree_note_first(tree, device, inode, id) == -EEXIST) {
        first = tree_noted(tree, device, inode);
    }
    if (first == NO_NODE || first == id) {
        return;
    }
    if (tree_noted(tree, tagged(device, TAG_LAST), inode) == NO_NODE) {
        (void)tree_note_first(tree, tagged(device, TAG_LAST), inode, first);
    }
    (void)KERNEL3(caller->world->kernel, SYS_fcntl, fd, F_SETSIG, tag_for(tree, device, inode, id));
}

void descriptor_opened(struct caller *caller, int fd, node_id id) {
    struct stat status;
    if (KERNEL2(caller->world->kernel, SYS_fstat, fd, &status) < 0) {
        return;
    }
    tell(caller, fd, id, status.st_dev, status.st_ino);
    if (caller->opened != NULL) {
        caller->opened(caller, fd, id, status.st_dev, status.st_ino);
    }
}

/* O_PATH descriptors can have no tag: there, and where there were none left, the process remembers. */
static node_id hinted(struct caller *caller, int fd, uint64_t device, uint64_t inode, node_id otherwise) {
    node_id id = NO_NODE;
    if (caller->hint != NULL) {
        id = caller->hint(caller, fd, device, inode);
    }
    return id == NO_NODE ? otherwise : id;
}

node_id descriptor_node(struct caller *caller, int fd, uint64_t device, uint64_t inode) {
    const struct tree *tree = &caller->world->tree;
    node_id first = tree_noted(tree, device, inode);
    if (first == NO_NODE || fd < 0 || tree_noted(tree, tagged(device, TAG_LAST), inode) == NO_NODE) {
        return first;
    }
    long tag = KERNEL2(caller->world->kernel, SYS_fcntl, fd, F_GETSIG);
    if (tag == TAG_NONE) {
        return first;
    }
    node_id id = NO_NODE;
    if (tag > TAG_NONE && tag < TAG_LAST) {
        id = tree_noted(tree, tagged(device, (unsigned)tag), inode);
    }
    return id == NO_NODE ? hinted(caller, fd, device, inode, first) : id;
}
