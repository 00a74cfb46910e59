#ifndef VELO_PROGRAM_H
#define VELO_PROGRAM_H

#include "kernel.h"

#include <stdbool.h>
#include <stddef.h>

/* What the first bytes of a file tell of how it is run. */
struct program_head {
    enum { HEAD_OTHER, HEAD_ELF, HEAD_SCRIPT } kind;
    bool is_static;  /* HEAD_ELF: names no loader, and is none; or is foreign */
    bool is_foreign; /* HEAD_ELF: of the machine's other word length */
    char text[256];  /* HEAD_SCRIPT: the interpreter, a NUL, the argument or "", a NUL */
    size_t argument;
};

/* Of an open file. -ENOEXEC: a "#!" line without an interpreter. */
long program_read(const struct kernel *kernel, int fd, struct program_head *out);

#endif
