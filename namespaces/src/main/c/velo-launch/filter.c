#include "calls.h"
#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/*
 * The system call filter of the payload, as classic BPF (seccomp(2)). What is allowed whatever its arguments
 * are costs nothing: since Linux 5.11 the kernel knows those numbers beforehand and does not run the filter
 * for them.
 */

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#error "filter.c does not know this architecture"
#endif

/* The last one of Linux 6.18. What came later is unknown to us, so to the payload the kernel has none of it.
 */
enum { LAST_KNOWN = 469 };

enum {
    F_NAMESPACES = 0x7E020080, /* every CLONE_NEW*, the one for time included */
    /* asm-generic/ioctls.h; the kernel looks at the lower half only (CVE-2019-10063) */
    F_TIOCSTI = 0x5412,
    F_TIOCLINUX = 0x541C,
    F_TIOCSETD = 0x5423
};

struct program {
    struct sock_filter code[BPF_MAXINSNS];
    unsigned short length;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no) {
    if (p->length == sizeof p->code / sizeof *p->code) {
        fail(EXIT_LAUNCH, "report this", "cannot make the system call filter: it is too long");
    }
    p->code[p->length++] = (struct sock_filter){code, yes, no, k};
}

static void load(struct program *p, size_t offset) {
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void give(struct program *p, uint32_t verdict) {
    add(p, BPF_RET | BPF_K, verdict, 0, 0);
}

static const uint32_t DENIED = SECCOMP_RET_ERRNO | EPERM;

/* The lower half of an argument; all that is looked at are ints to the kernel. */
static size_t argument(int number) {
    size_t at = offsetof(struct seccomp_data, args) + (size_t)number * sizeof(uint64_t);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? at : at + 4;
}

/* A block that is entered only where the loaded value passes the test. It ends with a verdict, so that what
 * stands behind it still finds that value. */
static unsigned short begin_if(struct program *p, uint16_t test, uint32_t value) {
    add(p, BPF_JMP | test | BPF_K, value, 0, 0);
    return p->length;
}

static void end_if(struct program *p, unsigned short begin) {
    p->code[begin - 1].jf = (uint8_t)(p->length - begin);
}

static void verdict_if(struct program *p, uint16_t test, uint32_t value, uint32_t verdict) {
    unsigned short begin = begin_if(p, test, value);
    give(p, verdict);
    end_if(p, begin);
}

/* Where the loaded value is this one: with these values of an argument allowed and every other one denied. */
static void allow_only(struct program *p, uint32_t loaded, int number, const uint32_t *values, size_t count) {
    unsigned short begin = begin_if(p, BPF_JEQ, loaded);
    load(p, argument(number));
    for (size_t i = 0; i < count; i++) {
        verdict_if(p, BPF_JEQ, values[i], SECCOMP_RET_ALLOW);
    }
    give(p, DENIED);
    end_if(p, begin);
}

/* The other way round, by a test of each value. */
static void deny_only(struct program *p, uint32_t loaded, int number, uint16_t test, const uint32_t *values,
                      size_t count) {
    unsigned short begin = begin_if(p, BPF_JEQ, loaded);
    load(p, argument(number));
    for (size_t i = 0; i < count; i++) {
        verdict_if(p, test, values[i], DENIED);
    }
    give(p, SECCOMP_RET_ALLOW);
    end_if(p, begin);
}

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static void check_flags(struct program *p, uint32_t number) {
    static const uint32_t namespaces[] = {F_NAMESPACES};
    deny_only(p, number, 0, BPF_JSET, namespaces, LENGTH(namespaces));
}

/* What types into a shell, and what loads a line discipline. */
static void check_ioctl(struct program *p) {
    static const uint32_t requests[] = {F_TIOCSTI, F_TIOCLINUX, F_TIOCSETD};
    deny_only(p, SYS_ioctl, 1, BPF_JEQ, requests, LENGTH(requests));
}

/* The values that change nothing of importance, and the one that asks. */
static void check_personality(struct program *p) {
    static const uint32_t harmless[] = {
        0, 0x0008, 0x20000, 0x20008, 0x40000 /* no random addresses: debuggers */, 0xFFFFFFFF};
    allow_only(p, SYS_personality, 0, harmless, LENGTH(harmless));
}

/* What puts another protocol, or IPsec, on a socket that was allowed. */
static void check_socket_option(struct program *p) {
    static const uint32_t transport[] = {31 /* TCP_ULP */};
    static const uint32_t encapsulation[] = {100 /* UDP_ENCAP */};
    unsigned short begin = begin_if(p, BPF_JEQ, SYS_setsockopt);
    load(p, argument(1));
    deny_only(p, IPPROTO_TCP, 2, BPF_JEQ, transport, LENGTH(transport));
    deny_only(p, IPPROTO_UDP, 2, BPF_JEQ, encapsulation, LENGTH(encapsulation));
    give(p, SECCOMP_RET_ALLOW);
    end_if(p, begin);
}

/* Bytes out of band, which hardly a program uses, and of which the kernel's Unix sockets lost count
 * (CVE-2025-38236). */
static void check_sending(struct program *p) {
    static const uint32_t out_of_band[] = {MSG_OOB};
    deny_only(p, SYS_sendto, 3, BPF_JSET, out_of_band, LENGTH(out_of_band));
    deny_only(p, SYS_sendmsg, 2, BPF_JSET, out_of_band, LENGTH(out_of_band));
    deny_only(p, SYS_sendmmsg, 3, BPF_JSET, out_of_band, LENGTH(out_of_band));
}

static const uint32_t IGNORED = SECCOMP_RET_ERRNO | 0;

/* The limit of core files stays as it is (confine.c): a lower one would start the host's program for them.
 * That is what ulimit -c 0 asks for, and many scripts do, so it is not an error. */
static void keep_core_limit(struct program *p, int limit) {
    enum { ANY_BIT = -1 };
    unsigned short begin = begin_if(p, BPF_JEQ, RLIMIT_CORE);
    load(p, argument(limit));
    verdict_if(p, BPF_JSET, (uint32_t)ANY_BIT, IGNORED);
    load(p, argument(limit) ^ sizeof(uint32_t)); /* the upper half of the pointer */
    verdict_if(p, BPF_JSET, (uint32_t)ANY_BIT, IGNORED);
    give(p, SECCOMP_RET_ALLOW);
    end_if(p, begin);
}

/* Init has the payload's user id, which is all that the kernel asks for here. */
static void check_limits(struct program *p) {
    unsigned short begin = begin_if(p, BPF_JEQ, SYS_prlimit64);
    load(p, argument(0));
    verdict_if(p, BPF_JEQ, 1, DENIED);
    load(p, argument(1));
    keep_core_limit(p, 2);
    give(p, SECCOMP_RET_ALLOW);
    end_if(p, begin);
    begin = begin_if(p, BPF_JEQ, SYS_setrlimit);
    load(p, argument(0));
    keep_core_limit(p, 1);
    give(p, SECCOMP_RET_ALLOW);
    end_if(p, begin);
}

/*
 * The same for who gets the processors: an init that the payload has put behind everybody else would end
 * nothing for as long as the payload keeps them busy.
 */
static void check_priorities(struct program *p) {
    static const uint32_t init[] = {1};
    static const uint32_t by_process[] = {SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr,
                                          SYS_sched_setaffinity};
    /* Of all processes of a user, init is one. */
    static const struct {
        uint32_t call, process, user;
    } by_kind[] = {{SYS_setpriority, 0, 2}, {SYS_ioprio_set, 1, 3}};
    for (size_t i = 0; i < LENGTH(by_process); i++) {
        deny_only(p, by_process[i], 0, BPF_JEQ, init, LENGTH(init));
    }
    for (size_t i = 0; i < LENGTH(by_kind); i++) {
        unsigned short begin = begin_if(p, BPF_JEQ, by_kind[i].call);
        load(p, argument(0));
        verdict_if(p, BPF_JEQ, by_kind[i].user, DENIED);
        deny_only(p, by_kind[i].process, 1, BPF_JEQ, init, LENGTH(init));
        give(p, SECCOMP_RET_ALLOW);
        end_if(p, begin);
    }
}

static void check_internet(struct program *p, uint32_t family) {
    static const uint32_t streams[] = {0, IPPROTO_TCP};
    static const uint32_t datagrams[] = {0, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6};
    enum { TYPE = 0xF }; /* the rest are SOCK_NONBLOCK and SOCK_CLOEXEC */
    unsigned short begin = begin_if(p, BPF_JEQ, family);
    load(p, argument(1));
    add(p, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0);
    allow_only(p, SOCK_STREAM, 2, streams, LENGTH(streams));
    allow_only(p, SOCK_DGRAM, 2, datagrams, LENGTH(datagrams));
    give(p, DENIED);
    end_if(p, begin);
}

/* Unix; the internet by TCP, UDP and ping; asking the kernel for its routes. Every other family is code that
 * few look after. */
static void check_socket(struct program *p) {
    static const uint32_t local[] = {AF_UNIX};
    static const uint32_t routes[] = {NETLINK_ROUTE};
    unsigned short begin = begin_if(p, BPF_JEQ, SYS_socket);
    load(p, argument(0));
    verdict_if(p, BPF_JEQ, AF_UNIX, SECCOMP_RET_ALLOW);
    check_internet(p, AF_INET);
    check_internet(p, AF_INET6);
    allow_only(p, AF_NETLINK, 2, routes, LENGTH(routes));
    give(p, DENIED);
    end_if(p, begin);
    allow_only(p, SYS_socketpair, 0, local, LENGTH(local));
}

bool is_allowed_by_plan(const struct plan *plan, uint32_t number) {
    for (size_t i = 0; i < plan->change_count; i++) {
        if (plan->changes[i].allowed && find_call(plan->changes[i].name)->number == number) {
            return true;
        }
    }
    return false;
}

static void check_change(const struct plan *plan, const struct call_change *change) {
    static const char remedy[] = "use bin/velo and velo-launch of one distribution";
    const struct call *call = find_call(change->name);
    if (call == NULL) {
        fail(EXIT_LAUNCH, remedy, "cannot filter system call %s: this architecture has none of that name",
             change->name);
    }
    enum call_rule rule = rule_of(call);
    if (change->allowed ? rule != CALL_DENIED : rule == CALL_NEEDED) {
        fail(EXIT_LAUNCH, remedy, "cannot %s system call %s: no plan may change that",
             change->allowed ? "allow" : "deny", change->name);
    }
    for (const struct call_change *other = plan->changes; other != change; other++) {
        if (strcmp(other->name, change->name) == 0) {
            fail(EXIT_LAUNCH, remedy, "cannot filter system call %s: the plan names it twice", change->name);
        }
    }
}

static int ascending(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

/*
 * In blocks of numbers that are left at once where the loaded one is higher than all of them: the kernel runs
 * the filter for each number beforehand, to know those that it always allows, and that would take longer than
 * the rest of the filter's making if each number were compared with all.
 */
static void deny_numbers(struct program *p, int *numbers, size_t count) {
    enum { BLOCK = 8 };
    unsigned short leave[LENGTH(p->code)];
    size_t left = 0;
    qsort(numbers, count, sizeof *numbers, ascending);
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t end = first + BLOCK < count ? first + BLOCK : count;
        uint8_t size = (uint8_t)(end - first);
        /* What is higher: over the comparisons, the way out and the verdict. */
        add(p, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)numbers[end - 1], size + 2, 0);
        for (uint8_t i = 0; i < size; i++) {
            add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[first + i], size - i, 0);
        }
        leave[left++] = p->length;
        add(p, BPF_JMP | BPF_JA, 0, 0, 0);
        give(p, DENIED);
    }
    for (size_t i = 0; i < left; i++) {
        p->code[leave[i]].k = (uint32_t)(p->length - leave[i] - 1);
    }
}

/* What the table denies but for what the plan allows, and what the plan denies; of that, too, a call whose
 * arguments are checked, and not clone3: it keeps its own verdict, without which C libraries would not fall
 * back. */
static void deny(struct program *p, const struct plan *plan) {
    size_t count = 0;
    int *numbers = calloc(denial_count + plan->change_count, sizeof *numbers);
    if (numbers == NULL) {
        fail(EXIT_LAUNCH, "free some memory", "cannot make the system call filter: out of memory");
    }
    for (size_t i = 0; i < denial_count; i++) {
        if (!is_allowed_by_plan(plan, denials[i].call.number)) {
            numbers[count++] = (int)denials[i].call.number;
        }
    }
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct call *call = find_call(plan->changes[i].name);
        enum call_rule rule = rule_of(call);
        if (!plan->changes[i].allowed && (rule == CALL_FREE || rule == CALL_CHECKED)) {
            numbers[count++] = (int)call->number;
        }
    }
    deny_numbers(p, numbers, count);
    free(numbers);
}

static void make_filter(struct program *p, const struct plan *plan) {
    /* Numbers mean other calls in another architecture, so none but the native one: a 32-bit program dies at
     * its first call. */
    load(p, offsetof(struct seccomp_data, arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
    give(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    /* The calls of x32, too: they have bit 30 set. */
    verdict_if(p, BPF_JGT, LAST_KNOWN, SECCOMP_RET_ERRNO | ENOSYS);
    deny(p, plan);
    /* Its flags are in memory, where a filter cannot look; C libraries fall back to clone. */
    verdict_if(p, BPF_JEQ, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    check_flags(p, SYS_clone);
    check_flags(p, SYS_unshare);
    check_ioctl(p);
    check_personality(p);
    check_socket(p);
    check_socket_option(p);
    check_sending(p);
    check_limits(p);
    check_priorities(p);
    give(p, SECCOMP_RET_ALLOW);
}

static struct program program;

void prepare_filter(const struct plan *plan) {
    for (size_t i = 0; i < plan->change_count; i++) {
        check_change(plan, &plan->changes[i]);
    }
    program.length = 0;
    make_filter(&program, plan);
}

struct sock_fprog prepared_filter(void) {
    return (struct sock_fprog){.len = program.length, .filter = program.code};
}

void filter_calls(void) {
    const struct sock_fprog filter = prepared_filter();
    /* Without that flag kernels before 5.16 make the whole program slower against attacks on itself. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) != 0) {
        fail_errno("use a kernel with CONFIG_SECCOMP_FILTER", "cannot install the system call filter");
    }
}
