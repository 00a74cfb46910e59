#include "hooks_test.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

/*
 * A path of the tree in memory that is then taken away: EFAULT, as the kernel says, and no signal. The
 * library has looked at the memory before, so it must have seen that it went.
 */
enum { ROOM = 4096 };

static char *page_with_path(void) {
    char *page = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) {
        strcpy(page, TREE "/dir/file");
    }
    return page;
}

static bool is_gone(const char *page) {
    struct stat state;
    return stat(page, &state) == -1 && errno == EFAULT && access(page, F_OK) == -1 && errno == EFAULT;
}

/* Of a path over two pages the second is protected, and later both are gone: at the same address each time.
 */
static bool is_told_at_the_edge(int (*unmap)(void *, size_t)) {
    static const char path[] = TREE "/dir/file";
    for (int i = 0; i < 3; i++) {
        char *pages = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char *at = pages + ROOM - (sizeof path - 1);
        memcpy(at, path, sizeof path);
        CHECK(exists(at) && mprotect(pages + ROOM, ROOM, PROT_NONE) == 0);
        CHECK(is_gone(at) && unmap(pages, 2 * ROOM) == 0);
        CHECK(is_gone(at));
    }
    return true;
}

static bool t_munmap(void *symbol) {
    int (*call)(void *, size_t) = (int (*)(void *, size_t))symbol;
    char *page = page_with_path();
    CHECK(exists(page) && call(page, ROOM) == 0);
    CHECK(is_gone(page));
    CHECK(call((void *)1, ROOM) == -1 && errno == EINVAL);
    return is_told_at_the_edge(call);
}

static bool t_mprotect(void *symbol) {
    int (*call)(void *, size_t, int) = (int (*)(void *, size_t, int))symbol;
    char *page = page_with_path();
    struct stat *out = (struct stat *)(void *)(page + ROOM / 2);
    CHECK(stat(page, out) == 0 && call(page, ROOM, PROT_READ) == 0);
    CHECK(exists(page) && stat(page, out) == -1 && errno == EFAULT);
    CHECK(call(page, ROOM, PROT_NONE) == 0 && is_gone(page));
    CHECK(call(page, ROOM, PROT_READ) == 0 && exists(page));
    return true;
}

static bool t_pkey_mprotect(void *symbol) {
    int (*call)(void *, size_t, int, int) = (int (*)(void *, size_t, int, int))symbol;
    char *page = page_with_path();
    CHECK(exists(page) && call(page, ROOM, PROT_NONE, -1) == 0);
    CHECK(is_gone(page));
    return true;
}

static bool t_mremap(void *symbol) {
    void *(*call)(void *, size_t, size_t, int, ...) = (void *(*)(void *, size_t, size_t, int, ...))symbol;
    char *page = page_with_path(), *to = page_with_path();
    CHECK(exists(page) && call(page, ROOM, ROOM, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    CHECK(is_gone(page) && exists(to));
    return true;
}

static bool t_mmap(void *symbol) {
    void *(*call)(void *, size_t, int, int, int, off_t) =
        (void *(*)(void *, size_t, int, int, int, off_t))symbol;
    char *page = page_with_path();
    CHECK(exists(page));
    CHECK(call(page, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page);
    CHECK(is_gone(page));
    CHECK(call(NULL, 0, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    return true;
}

static bool t_shmat(void *symbol) {
    void *(*call)(int, const void *, int) = (void *(*)(int, const void *, int))symbol;
    int id = shmget(IPC_PRIVATE, ROOM, 0600);
    char *page = page_with_path();
    struct stat *out = (struct stat *)(void *)(page + ROOM / 2);
    CHECK(id >= 0 && stat(page, out) == 0);
    char *at = call(id, page, SHM_REMAP | SHM_RDONLY);
    shmctl(id, IPC_RMID, NULL);
    CHECK(at == page && stat(TREE "/dir/file", out) == -1 && errno == EFAULT);
    return true;
}

static bool t_shmdt(void *symbol) {
    int (*call)(const void *) = (int (*)(const void *))symbol;
    int id = shmget(IPC_PRIVATE, ROOM, 0600);
    char *page = shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    CHECK(id >= 0 && page != MAP_FAILED);
    strcpy(page, TREE "/dir/file");
    CHECK(exists(page) && call(page) == 0);
    CHECK(is_gone(page));
    return true;
}

/* By number, as syscall(3) makes them. */
static bool t_number_mprotect(void *symbol) {
    long (*call)(long, ...) = (long (*)(long, ...))symbol;
    char *page = page_with_path();
    CHECK(exists(page) && call(SYS_mprotect, page, ROOM, PROT_NONE) == 0 && is_gone(page));
    CHECK(call(SYS_mprotect, page, ROOM, PROT_READ) == 0 && exists(page));
    return true;
}

static bool t_number_munmap(void *symbol) {
    long (*call)(long, ...) = (long (*)(long, ...))symbol;
    char *page = page_with_path();
    CHECK(exists(page) && call(SYS_munmap, page, ROOM) == 0 && is_gone(page));
    return true;
}

static bool t_number_mremap(void *symbol) {
    long (*call)(long, ...) = (long (*)(long, ...))symbol;
    char *page = page_with_path(), *to = page_with_path();
    CHECK(exists(page) && call(SYS_mremap, page, ROOM, ROOM, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to);
    CHECK(is_gone(page) && exists(to));
    return true;
}

static bool t_number_mmap(void *symbol) {
    long (*call)(long, ...) = (long (*)(long, ...))symbol;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    char *page = page_with_path();
    CHECK(exists(page) && call(SYS_mmap, page, ROOM, PROT_NONE, flags, -1, 0) == (long)page && is_gone(page));
    return true;
}

CASES("memory", {"mmap", t_mmap}, {"mmap64", t_mmap}, {"munmap", t_munmap}, {"mprotect", t_mprotect},
      {"pkey_mprotect", t_pkey_mprotect}, {"mremap", t_mremap}, {"shmat", t_shmat}, {"shmdt", t_shmdt},
      {"SYS_mmap", t_number_mmap}, {"SYS_munmap", t_number_munmap}, {"SYS_mprotect", t_number_mprotect},
      {"SYS_mremap", t_number_mremap})
