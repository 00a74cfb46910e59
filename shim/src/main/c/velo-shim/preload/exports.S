/* The names that programs see, made from hooks.table. Each is a jump: arguments and the way back stay. */
#if defined(__x86_64__)
#define JUMP(to) jmp to
#elif defined(__aarch64__)
#define JUMP(to) b to
#endif
    .section .text.hot, "ax", %progbits
#include "exports.inc"
    .section .note.GNU-stack, "", %progbits
