#include "calls.h"
#include "kernel.h"
#include "launch.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

const struct denial denials[] = {
#define DENY(name, liftable) {{#name, SYS_##name}, liftable},
#include "syscalls.inc"
#undef DENY
};
const size_t denial_count = LENGTH(denials);

static const struct call calls[] = {
#define CALL(name) {#name, SYS_##name},
#include "calls.inc"
#undef CALL
};
_Static_assert(LENGTH(calls) > 300, "the compiler's headers name no system calls");

const struct call *find_call(const char *name) {
    for (size_t i = 0; i < LENGTH(calls); i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return &calls[i];
        }
    }
    return NULL;
}

static bool is_one_of(const struct call *call, const uint32_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (call->number == numbers[i]) {
            return true;
        }
    }
    return false;
}

enum call_rule rule_of(const struct call *call) {
    /* What filter.c looks at the arguments of, or answers in a way of its own. */
    static const uint32_t checked[] = {SYS_clone,
                                       SYS_unshare,
                                       SYS_ioctl,
                                       SYS_personality,
                                       SYS_prlimit64,
                                       SYS_socket,
                                       SYS_socketpair,
                                       SYS_setsockopt,
                                       SYS_setrlimit,
                                       SYS_sendto,
                                       SYS_sendmsg,
                                       SYS_sendmmsg,
                                       SYS_sched_setscheduler,
                                       SYS_sched_setparam,
                                       SYS_sched_setattr,
                                       SYS_sched_setaffinity,
                                       SYS_setpriority,
                                       SYS_ioprio_set};
    /* Made between the filter and the program's first instruction, by the kernel itself, or to end. */
    static const uint32_t needed[] = {SYS_execve, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
                                      SYS_restart_syscall};
    static const uint32_t fixed[] = {SYS_clone3};
    if (is_one_of(call, checked, LENGTH(checked))) {
        return CALL_CHECKED;
    }
    if (is_one_of(call, needed, LENGTH(needed))) {
        return CALL_NEEDED;
    }
    if (is_one_of(call, fixed, LENGTH(fixed))) {
        return CALL_FIXED;
    }
    for (size_t i = 0; i < denial_count; i++) {
        if (denials[i].call.number == call->number) {
            return denials[i].liftable ? CALL_DENIED : CALL_FIXED;
        }
    }
    return CALL_FREE;
}

int list_calls(void) {
    static const char *const words[] = {
        [CALL_FREE] = "free",       [CALL_DENIED] = "denied", [CALL_FIXED] = "fixed",
        [CALL_CHECKED] = "checked", [CALL_NEEDED] = "needed",
    };
    for (size_t i = 0; i < LENGTH(calls); i++) {
        printf("%s %s\n", calls[i].name, words[rule_of(&calls[i])]);
    }
    return fflush(stdout) == 0 ? 0 : EXIT_LAUNCH;
}
