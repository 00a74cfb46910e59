/*
 * System calls of the library, in a page of their own (raw.h), and the entry of syscall(3): numbers that the
 * library has no word in are made right here, with nothing between the caller and the kernel, since some of
 * them (clone, rt_sigreturn) do not come back the way they went. RAW_ALONE: without that entry.
 */
    .section .text.velo_raw, "ax", %progbits
    .balign 4096
    .globl raw_call
    .hidden raw_call
    .type raw_call, %function
    .globl raw_call4
    .hidden raw_call4
    .type raw_call4, %function
    .globl raw_spawn
    .hidden raw_spawn
    .type raw_spawn, %function
#ifndef RAW_ALONE
    .globl syscall_entry
    .hidden syscall_entry
    .type syscall_entry, %function
    .hidden syscall_known
    .hidden syscall_failed
    .hidden hook_syscall
#endif

#if defined(__x86_64__)
raw_call:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    ret
    .size raw_call, . - raw_call

raw_call4:
    mov %r8, %rax
    mov %rcx, %r10
    syscall
    ret
    .size raw_call4, . - raw_call4

raw_spawn:
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
    .size raw_spawn, . - raw_spawn

#ifndef RAW_ALONE
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
    .size syscall_entry, . - syscall_entry
#endif

#elif defined(__aarch64__)
raw_call:
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc 0
    ret
    .size raw_call, . - raw_call

raw_call4:
    mov x8, x4
    svc 0
    ret
    .size raw_call4, . - raw_call4

raw_spawn:
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
    .size raw_spawn, . - raw_spawn

#ifndef RAW_ALONE
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
    .size syscall_entry, . - syscall_entry
#endif
#else
#error "no system calls for this machine"
#endif
    .balign 4096
    .section .note.GNU-stack, "", %progbits
