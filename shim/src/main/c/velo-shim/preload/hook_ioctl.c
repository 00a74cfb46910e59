#include "ioctl.h"

#include "../file_request.h"

#include <stdarg.h>
#include <sys/syscall.h>

long sys_ioctl(int fd, unsigned long request, void *argument) {
    node_id node;
    if (file_request_acts((unsigned)request) && shim_virtual() &&
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
