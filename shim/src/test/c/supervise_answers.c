#include "supervise_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool answers(void) {
    struct stat state;
    char room[128];
    CHECK(has(TREE "/link", "content 8\n") && stat(TREE "/dir", &state) == 0 && S_ISDIR(state.st_mode));
    CHECK(mkdir(fresh(room, "made"), 0700) == 0 && chdir(room) == 0 && mkdir("in", 0755) == 0);
    CHECK(chdir("in") == 0 && rmdir("../in") == 0 && chdir("/") == 0 && rmdir(room) == 0);
    return true;
}

bool bad_pointers(void) {
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    char *edge = pages + 4096 - sizeof TREE "/link";
    memcpy(edge, TREE "/link", sizeof TREE "/link");
    struct stat state;
    CHECK(syscall(SYS_newfstatat, AT_FDCWD, edge, &state, 0) == 0);
    CHECK(syscall(SYS_newfstatat, AT_FDCWD, edge, pages + 4090, 0) == -1 && errno == EFAULT);
    memcpy(pages + 4096 - 8, "xxxxxxxx", 8);
    CHECK(syscall(SYS_openat, AT_FDCWD, pages + 4096 - 8, O_RDONLY) == -1 && errno == EFAULT);
    static char longest[8192];
    memset(longest, 'a', sizeof longest - 1);
    CHECK(syscall(SYS_openat, AT_FDCWD, longest, O_RDONLY) == -1 && errno == ENAMETOOLONG);
    static const long numbers[] = {SYS_openat,  SYS_newfstatat, SYS_statx,    SYS_faccessat, SYS_readlinkat,
                                   SYS_mkdirat, SYS_unlinkat,   SYS_fchmodat, SYS_fchownat,  SYS_utimensat,
                                   SYS_mknodat, SYS_openat2,    SYS_execveat, SYS_symlinkat, SYS_linkat};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        CHECK(syscall(numbers[i], AT_FDCWD, 0x123456789000, 0x123456789000, 24, 0, 0) == -1 && errno != 0);
    }
    CHECK(syscall(SYS_getcwd, 0x1000, 4096) == -1 && syscall(SYS_fstat, 12345, &state) == -1);
    return syscall(SYS_bind, 0, 0x1000, 16) == -1 && syscall(SYS_execve, TREE "/dir/script", 0x1000, 0) == -1;
}

/* Whichever way leads to a descriptor: what it was opened for is not changed, but the file in the tree. */
static bool blob_stays(const char *file, const char *way) {
    char path[256], bytes[16] = "", now[16] = "";
    const int fd = open(file, O_RDONLY);
    snprintf(path, sizeof path, "%s/%d", way, fd);
    const int other = open(path, O_RDWR);
    CHECK(fd >= 0 && other >= 0 && pwrite(other, "X", 1, 0) == 1);
    CHECK(pread(fd, bytes, 7, 0) == 7 && strcmp(bytes, "content") == 0);
    close(other);
    close(fd);
    const int again = open(file, O_RDONLY);
    CHECK(pread(again, now, 7, 0) == 7 && strcmp(now, "Xontent") == 0);
    close(again);
    return true;
}

bool blobs(void) {
    char host[] = "/tmp/velo-supervise-XXXXXX", link[64];
    struct stat state;
    CHECK(mkdtemp(host) != NULL);
    snprintf(link, sizeof link, "%s/fds", host);
    CHECK(symlink("/proc/self/fd", link) == 0);
    CHECK(blob_stays(TREE "/dir/twin", link));
    CHECK(blob_stays(TREE "/dir/sub/deep", "/proc/self/root/proc/self/fd"));
    const int fd = open(TREE "/private", O_RDONLY);
    void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    char map[128];
    snprintf(map, sizeof map, "/proc/self/map_files/%lx-%lx", (long)page, (long)page + 4096);
    /* To follow these takes CAP_CHECKPOINT_RESTORE. */
    if (stat(map, &state) == 0) {
        CHECK(truncate(map, 0) == 0 && fstat(fd, &state) == 0 && state.st_size == 0);
        CHECK(memcmp(page, "content", 7) == 0);
    }
    return unlink(link) == 0 && rmdir(host) == 0;
}
