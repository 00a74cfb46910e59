/*
 * System calls of the library (raw.h). Each is there twice: as it is called, and between raw_begin and raw_end,
 * which works wherever it is copied to. raw_there is 0, or where the copy is that is to be used. Where it is 0
 * nothing is jumped over: after a system call the processor has forgotten much of where jumps go.
 * Behind them is the entry of syscall(3): numbers that the library has no word in are made right here, with
 * nothing between the caller and the kernel, since some of them (clone, rt_sigreturn) do not come back the way
 * they went. RAW_ALONE: without that entry.
 */
    .section .text.hot, "ax", %progbits
    .hidden raw_there
    .globl raw_begin
    .hidden raw_begin
    .globl raw_end
    .hidden raw_end

#if defined(__x86_64__)
.macro body_raw_call
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    ret
.endm

.macro body_raw_call4
    mov %r8, %rax
    mov %rcx, %r10
    syscall
    ret
.endm

.macro body_raw_spawn
    sub $16, %rsi
    mov %rcx, (%rsi)
    mov %r8, 8(%rsi)
    mov $56, %eax
    xor %r10d, %r10d
    xor %r8d, %r8d
    syscall
    test %rax, %rax
    jz 1f
    ret
1:  xor %ebp, %ebp
    pop %rax
    pop %rdi
    call *%rax
    ud2
.endm

.macro function name
    .globl \name
    .hidden \name
    .type \name, %function
    .balign 64
\name:
    mov raw_there(%rip), %r11
    test %r11, %r11
    jne 2f
    body_\name
2:  add $(copy_\name - raw_begin), %r11
    jmp *%r11
    .size \name, . - \name
.endm

#elif defined(__aarch64__)
.macro body_raw_call
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc 0
    ret
.endm

.macro body_raw_call4
    mov x8, x4
    svc 0
    ret
.endm

.macro body_raw_spawn
    stp x3, x4, [x1, -16]!
    mov x3, 0
    mov x4, 0
    mov x8, 220
    svc 0
    cbz x0, 1f
    ret
1:  mov x29, 0
    mov x30, 0
    ldp x3, x0, [sp], 16
    blr x3
    brk 1
.endm

.macro function name
    .globl \name
    .hidden \name
    .type \name, %function
    .balign 64
\name:
    adrp x16, raw_there
    ldr x16, [x16, :lo12:raw_there]
    cbnz x16, 2f
    body_\name
2:  add x16, x16, copy_\name - raw_begin
    br x16
    .size \name, . - \name
.endm

#else
#error "no system calls for this machine"
#endif

    function raw_call4
    function raw_call
    function raw_spawn

    .balign 64
raw_begin:
copy_raw_call4:
    body_raw_call4
    .balign 16
copy_raw_call:
    body_raw_call
    .balign 16
copy_raw_spawn:
    body_raw_spawn
raw_end:

#ifndef RAW_ALONE
    .globl syscall_entry
    .hidden syscall_entry
    .type syscall_entry, %function
    .hidden syscall_known
    .hidden syscall_failed
    .hidden hook_syscall

#if defined(__x86_64__)
syscall_entry:
    cmp $512, %rdi
    jae 1f
    lea syscall_known(%rip), %rax
    cmpb $0, (%rax,%rdi)
    jne 2f
1:  mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    cmp $-4095, %rax
    jae 3f
    ret
2:  xor %eax, %eax
    jmp hook_syscall
3:  mov %rax, %rdi
    jmp syscall_failed
#else
syscall_entry:
    cmp x0, 512
    b.hs 1f
    adrp x9, syscall_known
    add x9, x9, :lo12:syscall_known
    ldrb w9, [x9, x0]
    cbnz w9, 2f
1:  mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc 0
    cmn x0, 4095
    b.hs 3f
    ret
2:  b hook_syscall
3:  b syscall_failed
#endif
    .size syscall_entry, . - syscall_entry
#endif
    .section .note.GNU-stack, "", %progbits
