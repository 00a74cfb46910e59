#include "ioctl.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/types.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

/* Requests of file systems have these letters. */
static bool is_of_file_system(unsigned request) {
    unsigned letter = _IOC_TYPE(request);
    return letter == 'f' || letter == 'v' || letter == 'X' || letter == 0x94 || letter == 0xf5;
}

/* Those that only tell something; and the clones, whose first descriptor must be open for writing, which
 * that of a blob never is. */
static bool leaves_inode(unsigned request) {
    switch (request) {
    case FS_IOC_GETFLAGS:
    case FS_IOC32_GETFLAGS:
    case FS_IOC_GETVERSION:
    case FS_IOC32_GETVERSION:
    case FS_IOC_FSGETXATTR:
    case FS_IOC_GETFSLABEL:
    case FS_IOC_FIEMAP:
    case _IOR('f', 3, long): /* the generation, as ext4 has it */
    case FICLONE:
    case FICLONERANGE:
    case FIDEDUPERANGE:
        return true;
    default:
        return false;
    }
}

long sys_ioctl(int fd, unsigned long request, void *argument) {
    node_id node;
    unsigned asked = (unsigned)request;
    if (is_of_file_system(asked) && !leaves_inode(asked) && shim_virtual() &&
        world_descriptor(&shim.caller, fd, &node) == 0 && node != NO_NODE) {
        return -ENOTTY;
    }
    return RAW3(SYS_ioctl, fd, request, argument);
}

HOOK(int, ioctl, (int fd, unsigned long request, ...)) {
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return (int)told(sys_ioctl(fd, request, argument));
}
