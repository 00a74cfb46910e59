#include "program.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

enum { SEGMENTS_MOST = 256, SEGMENTS_AT_ONCE = 16, DYNAMIC_MOST = 512 };

/* The kernel looks at so many bytes of a "#!" line and takes a longer one as it is cut there, if only the
 * interpreter's name is whole. */
static long parse_line(char *text, size_t length, size_t *argument) {
    char *end = memchr(text, '\n', length);
    bool cut = end == NULL && length == sizeof((struct program_head *)0)->text;
    if (end == NULL) {
        end = text + length - (cut ? 1 : 0);
    }
    char *name = text + 2 + strspn(text + 2, " \t");
    if (name >= end || *name == 0) {
        return -ENOEXEC;
    }
    char *after = name;
    while (after < end && *after != ' ' && *after != '\t' && *after != 0) {
        after++;
    }
    if (after == end && cut) {
        return -ENOEXEC;
    }
    if (after == name) {
        return -ENOEXEC;
    }
    char *word = after;
    while (word < end && (*word == ' ' || *word == '\t')) {
        word++;
    }
    while (end > word && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    *end = 0;
    *after = 0;
    size_t rest = word < end ? strlen(word) : 0, first = (size_t)(after - name) + 1;
    memmove(text, name, first);
    memmove(text + first, word, rest);
    text[first + rest] = 0;
    *argument = first;
    return 0;
}

/* A library that is run as a program is a loader, and loads what it is told to. */
static bool is_library(const struct kernel *kernel, int fd, const Elf64_Phdr *dynamic) {
    Elf64_Dyn some[SEGMENTS_AT_ONCE];
    for (unsigned from = 0; from < DYNAMIC_MOST; from += SEGMENTS_AT_ONCE) {
        long got =
            KERNEL4(kernel, SYS_pread64, fd, some, sizeof some, dynamic->p_offset + from * sizeof some[0]);
        for (unsigned i = 0; i < SEGMENTS_AT_ONCE; i++) {
            if (got < (long)((i + 1) * sizeof some[0]) || some[i].d_tag == DT_NULL) {
                return false;
            }
            if (some[i].d_tag == DT_SONAME) {
                return true;
            }
        }
    }
    return false;
}

static bool has_loader(const struct kernel *kernel, int fd, const Elf64_Ehdr *head) {
    Elf64_Phdr some[SEGMENTS_AT_ONCE], dynamic = {.p_type = PT_NULL};
    unsigned count = head->e_phnum < SEGMENTS_MOST ? head->e_phnum : SEGMENTS_MOST;
    for (unsigned from = 0; from < count; from += SEGMENTS_AT_ONCE) {
        long got = KERNEL4(kernel, SYS_pread64, fd, some, sizeof some, head->e_phoff + from * sizeof some[0]);
        for (unsigned i = 0; i < SEGMENTS_AT_ONCE && from + i < count; i++) {
            if (got < (long)((i + 1) * sizeof some[0])) {
                return false;
            }
            if (some[i].p_type == PT_INTERP) {
                return true;
            }
            dynamic = some[i].p_type == PT_DYNAMIC ? some[i] : dynamic;
        }
    }
    return dynamic.p_type == PT_DYNAMIC && is_library(kernel, fd, &dynamic);
}

long program_read(const struct kernel *kernel, int fd, struct program_head *out) {
    memset(out, 0, sizeof *out);
    long length = KERNEL4(kernel, SYS_pread64, fd, out->text, sizeof out->text, 0);
    if (length < 0) {
        return length;
    }
    if (length > 2 && out->text[0] == '#' && out->text[1] == '!') {
        out->kind = HEAD_SCRIPT;
        return parse_line(out->text, (size_t)length, &out->argument);
    }
    Elf64_Ehdr head;
    if ((size_t)length >= sizeof head && memcmp(out->text, ELFMAG, SELFMAG) == 0) {
        memcpy(&head, out->text, sizeof head);
        out->kind = HEAD_ELF;
        bool known = head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_phentsize == sizeof(Elf64_Phdr);
        out->is_foreign = !known;
        /* A program of the machine's other word length does not load this library either. */
        out->is_static = !known || !has_loader(kernel, fd, &head);
    }
    return 0;
}
