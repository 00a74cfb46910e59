#include "kernel.h"
#include "reasons.h"

#include <errno.h>
#include <stdio.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

void probe_landlock(void) {
    enum { ASK_VERSION = 1, SCOPES_SINCE = 6 };
    char detail[40] = "";
    char version[32] = "";
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0UL, ASK_VERSION);
    struct finding finding = errno_finding(0);
    if (abi < 0) {
        finding = errno == ENOSYS                     ? found(REASON_LANDLOCK_MISSING, "", "")
                  : errno == EOPNOTSUPP               ? found(REASON_LANDLOCK_DISABLED, "", "")
                  : errno == EPERM || errno == EACCES ? found(REASON_LANDLOCK_FILTERED, "", "")
                                                      : unexplained(errno);
    } else {
        snprintf(detail, sizeof detail, "ABI %ld", abi);
        snprintf(version, sizeof version, "%ld", abi);
    }
    answer("landlock", false, &finding, detail);
    if (abi >= 0 && abi < SCOPES_SINCE) {
        finding = found(REASON_LANDLOCK_NO_SCOPES, version, "");
    }
    answer("landlock-scopes", false, &finding, detail);
}
