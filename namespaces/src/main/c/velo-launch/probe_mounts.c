#include "kernel.h"
#include "mount_api.h"
#include "reasons.h"
#include "resolve.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

struct finding try_mount_api(void) {
    static const mount_option options[] = {{"size", "4k"}, {NULL, NULL}};
    int errnum;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return diagnose_call(&this_host, errno, "self", "mount");
    }
    mount_stage("/tmp");
    int memory = make_filesystem("tmpfs", options, K_ATTR_NOSUID);
    if (memory < 0 || attach_mount(memory, AT_FDCWD, "/tmp") != 0) {
        return unexplained(errno);
    }
    int copy = copy_mount(memory, "", K_AT_RECURSIVE, K_ATTR_NODEV);
    int found_again = resolve("/tmp");
    if (copy < 0 || restrict_mount(memory, K_ATTR_RDONLY) != 0 || found_again < 0) {
        return unexplained(errno);
    }
    const char *call = refused_call(&errnum);
    if (call == NULL && openat2_is_missing()) {
        call = "openat2";
        errnum = ENOSYS;
    }
    return call == NULL ? errno_finding(0) : found(REASON_MOUNT_API, call, strerror(errnum));
}
