#ifndef VELO_IOCTL_H
#define VELO_IOCTL_H

#include "sys.h"

/*
 * ioctl(2) acts on the inode behind a descriptor, which in the tree may be one that many trees share: flags,
 * a generation or verity on it would be everybody's. There the tree is a file system that has none of this:
 * ENOTTY.
 */
long sys_ioctl(int fd, unsigned long request, void *argument);

#endif
