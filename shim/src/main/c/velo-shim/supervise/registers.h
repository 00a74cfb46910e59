#ifndef VELO_REGISTERS_H
#define VELO_REGISTERS_H

#include <stdint.h>
#include <sys/user.h>

/* How a system call is made on this machine, as its registers are told by ptrace(2). */
#if defined(__x86_64__)
typedef struct user_regs_struct registers;
enum { CALL_LENGTH = 2 };
#define CALL_CODE 0x0f, 0x05 /* syscall */

static inline void registers_call(registers *r, uint64_t behind, long number, const long *a) {
    r->rip = behind - CALL_LENGTH;
    r->rax = (uint64_t)number;
    /* Else the kernel might start the call before once more. */
    r->orig_rax = UINT64_MAX;
    r->rdi = (uint64_t)a[0];
    r->rsi = (uint64_t)a[1];
    r->rdx = (uint64_t)a[2];
    r->r10 = (uint64_t)a[3];
    r->r8 = (uint64_t)a[4];
    r->r9 = (uint64_t)a[5];
}
static inline uint64_t registers_place(const registers *r) {
    return r->rip;
}
static inline long registers_result(const registers *r) {
    return (long)r->rax;
}
static inline void registers_return(registers *r, long result) {
    r->rax = (uint64_t)result;
    r->orig_rax = UINT64_MAX;
}
#elif defined(__aarch64__)
typedef struct {
    uint64_t x[31], sp, pc, pstate;
} registers;
enum { CALL_LENGTH = 4 };
#define CALL_CODE 0x01, 0x00, 0x00, 0xd4 /* svc #0 */

static inline void registers_call(registers *r, uint64_t behind, long number, const long *a) {
    r->pc = behind - CALL_LENGTH;
    r->x[8] = (uint64_t)number;
    for (int i = 0; i < 6; i++) {
        r->x[i] = (uint64_t)a[i];
    }
}
static inline uint64_t registers_place(const registers *r) {
    return r->pc;
}
static inline long registers_result(const registers *r) {
    return (long)r->x[0];
}
static inline void registers_return(registers *r, long result) {
    r->x[0] = (uint64_t)result;
}
#endif

#endif
