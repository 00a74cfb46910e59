#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <string.h>

/*
 * A Landlock domain of the payload's own (landlock(7)): from inside, abstract sockets can be connected to,
 * and processes signalled and traced, only where their owner is in the domain, too. It has no rules for
 * files: those would have to name all that is allowed, each open(2) would pay for them, and /dev/stdout could
 * not be opened any more where the caller's standard output is a file. What no path leads to needs no rule.
 */

/* Asking for what the kernel does not know fails: E2BIG where its structure ends before, EINVAL where a bit
 * means nothing to it. */
static const char *explain(int errnum) {
    switch (errnum) {
    case ENOSYS:
        return "this kernel has no Landlock";
    case EOPNOTSUPP:
        return "Landlock was not chosen when this kernel was started (lsm=)";
    case E2BIG:
    case EINVAL:
        return "the Landlock of this kernel is older than Linux 6.12";
    default:
        return strerror(errnum);
    }
}

/* NULL, or why there is none. */
static const char *new_domain(void) {
    const struct k_landlock_ruleset scopes = {.scoped =
                                                  K_LANDLOCK_SCOPE_ABSTRACT_UNIX | K_LANDLOCK_SCOPE_SIGNAL};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &scopes, sizeof scopes, 0);
    if (ruleset < 0) {
        return explain(errno);
    }
    const char *refusal = NULL;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        /* Sixteen, one in the other, are the most. */
        refusal = errno == E2BIG ? "velo itself runs in too many Landlock domains" : strerror(errno);
    }
    close(ruleset);
    return refusal;
}

void enter_domain(const struct plan *plan) {
    const char *refusal = new_domain();
    /* Without the host's network its sockets are out of reach in any case, and so are all processes but init
     * by the pid namespace. */
    if (refusal != NULL && plan->network == NETWORK_HOST) {
        message("warning: the program can connect to abstract sockets of the host: %s; leave --net host out, "
                "or use Linux 6.12 or newer",
                refusal);
    }
}
