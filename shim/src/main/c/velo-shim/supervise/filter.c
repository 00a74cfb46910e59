#include "filter.h"

#include "../file_request.h"
#include "../numbers.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#define FOREIGN_NUMBERS 0x40000000u /* x32 */
#else
#define OWN_ARCH AUDIT_ARCH_AARCH64
#define FOREIGN_NUMBERS 0xffffffffu
#endif

static const int caught[] = {
#define CAUGHT(number) number,
#define REFUSED(number)
#include "caught.inc"
#undef CAUGHT
#undef REFUSED
};

static const int refused[] = {
#define CAUGHT(number)
#define REFUSED(number) number,
#include "caught.inc"
#undef CAUGHT
#undef REFUSED
};

enum { CAUGHT_COUNT = sizeof caught / sizeof *caught, REFUSED_COUNT = sizeof refused / sizeof *refused };
enum { ROOM = 2 * (CAUGHT_COUNT + REFUSED_COUNT) + 64 };

/* Jumps of BPF are 255 instructions at most, so each number is followed by where it goes. */
struct code {
    struct sock_filter step[ROOM];
    unsigned short length;
};

static void add(struct code *code, struct sock_filter step) {
    code->step[code->length++] = step;
}

static void load(struct code *code, size_t offset) {
    add(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct code *code, uint32_t action) {
    add(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* The next step is made where what was loaded is the value. */
static void where_equal(struct code *code, uint32_t value) {
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
}

/* To be made where the call is one that is caught: it ends here. */
enum { EXEMPT_STEPS = 7 };

static void catch (struct code *code) {
    const uint64_t page = EXEMPT_PAGE;
    load(code, offsetof(struct seccomp_data, instruction_pointer) + 4);
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(page >> 32), 0, 4));
    load(code, offsetof(struct seccomp_data, instruction_pointer));
    add(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(2 * EXEMPT_SIZE - 1)));
    where_equal(code, (uint32_t)page);
    answer(code, SECCOMP_RET_ALLOW);
    answer(code, SECCOMP_RET_USER_NOTIF);
}

/* Over the steps of catch: the numbers before it jump there, one to the next, since it may be far. */
static void skip(struct code *code, unsigned steps) {
    add(code, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, steps));
}

static void catch_numbers(struct code *code) {
    for (unsigned i = 0; i < CAUGHT_COUNT; i++) {
        where_equal(code, (uint32_t)caught[i]);
        /* To catch, which follows the list and the step that goes around it. */
        skip(code, 2 * (CAUGHT_COUNT - i - 1) + 1);
    }
    skip(code, EXEMPT_STEPS);
    catch (code);
}

/* Only requests of file systems, by their letters, as file_request_acts looks at them. */
static void catch_requests(struct code *code) {
    static const uint8_t letters[] = FILE_REQUEST_LETTERS;
    enum { LETTERS = sizeof letters, STEPS = 2 * LETTERS + 4 + EXEMPT_STEPS };
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, STEPS));
    load(code, offsetof(struct seccomp_data, args[1]));
    add(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8));
    add(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff));
    for (unsigned i = 0; i < LETTERS; i++) {
        where_equal(code, letters[i]);
        skip(code, 2 * (LETTERS - i - 1) + 1);
    }
    answer(code, SECCOMP_RET_ALLOW);
    catch (code);
}

/* Datagrams that name where they go: no other sendto(2) is of interest. */
static void catch_named(struct code *code, int number, unsigned argument) {
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 5 + EXEMPT_STEPS));
    load(code, offsetof(struct seccomp_data, args) + 8 * argument);
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3));
    load(code, offsetof(struct seccomp_data, args) + 8 * argument + 4);
    where_equal(code, 0);
    answer(code, SECCOMP_RET_ALLOW);
    catch (code);
}

/* A question that the kernel answers, too: it takes no notice of the second argument (prctl(2)). */
static void answer_question(struct code *code) {
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 6));
    load(code, offsetof(struct seccomp_data, args[0]));
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_GET_SECCOMP, 0, 3));
    load(code, offsetof(struct seccomp_data, args[1]));
    where_equal(code, FILTER_QUESTION);
    answer(code, SECCOMP_RET_ERRNO | FILTER_ERRNO);
    answer(code, SECCOMP_RET_ALLOW);
}

static void build(struct code *code) {
    code->length = 0;
    /* Calls of another machine's programs have other numbers: there is nothing that they may do. */
    load(code, offsetof(struct seccomp_data, arch));
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0));
    answer(code, SECCOMP_RET_ERRNO | ENOSYS);
    load(code, offsetof(struct seccomp_data, nr));
    add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_NUMBERS, 0, 1));
    answer(code, SECCOMP_RET_ERRNO | ENOSYS);
    answer_question(code);
    for (unsigned i = 0; i < REFUSED_COUNT; i++) {
        where_equal(code, (uint32_t)refused[i]);
        answer(code, SECCOMP_RET_ERRNO | ENOSYS);
    }
    catch_named(code, SYS_sendto, 4);
    catch_requests(code);
    catch_numbers(code);
    answer(code, SECCOMP_RET_ALLOW);
}

static long install(const struct sock_fprog *program) {
    const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    return listener < 0 ? -errno : listener;
}

long filter_install(void) {
    struct code code;
    build(&code);
    const struct sock_fprog program = {code.length, code.step};
    long listener = install(&program);
    if (listener == -EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        listener = install(&program);
    }
    return listener;
}

bool filter_here(void) {
    return syscall(SYS_prctl, PR_GET_SECCOMP, FILTER_QUESTION, 0, 0, 0) == -1 && errno == FILTER_ERRNO;
}
