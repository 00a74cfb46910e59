#include "hooks_test.h"

#include <linux/openat2.h>

typedef int opener(const char *, int, ...);
typedef int opener_at(int, const char *, int, ...);

static bool read_only(int fd) {
    struct stat state;
    CHECK(fd >= 0);
    CHECK(fd_has_content(fd, IN_FILE));
    CHECK(fstat(fd, &state) == 0 && S_ISREG(state.st_mode) && state.st_size == (off_t)strlen(IN_FILE));
    return true;
}

static bool t_open(void *symbol) {
    opener *call = (opener *)symbol;
    struct stat state;
    errno = EDOM;
    int fd = call(TREE "/dir/file", O_RDONLY);
    CHECK(errno == EDOM);
    CHECK(read_only(fd));
    CHECK(call(TREE "/dir/none", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(call(NULL, O_RDONLY) == -1 && errno == EFAULT);
    CHECK(call((const char *)0xdeadc0dedeadul, O_RDONLY) == -1 && errno == EFAULT);
    CHECK(call((const char *)0x123456789000ul, O_RDONLY) == -1 && errno == EFAULT);
    umask(0);
    const char *path = fresh("open");
    CHECK((fd = call(path, O_RDWR | O_CREAT | O_EXCL, 0751)) >= 0);
    CHECK(fstat(fd, &state) == 0 && (state.st_mode & 07777) == 0751);
    CHECK(write(fd, "abc", 3) == 3 && has_content(path, "abc"));
    CHECK(call(path, O_RDWR | O_CREAT | O_EXCL, 0751) == -1 && errno == EEXIST);
    CHECK((fd = call(TREE "/empty", O_TMPFILE | O_RDWR, 0640)) >= 0);
    CHECK(fstat(fd, &state) == 0 && (state.st_mode & 07777) == 0640);
    return true;
}

static bool t_openat(void *symbol) {
    opener_at *call = (opener_at *)symbol;
    struct stat state;
    int directory = open(TREE "/dir", O_RDONLY | O_DIRECTORY);
    CHECK(directory >= 0);
    CHECK(read_only(call(directory, "file", O_RDONLY)));
    CHECK(read_only(call(directory, "../link", O_RDONLY)));
    CHECK(read_only(call(AT_FDCWD, TREE "/dirlink/file", O_RDONLY)));
    CHECK(call(directory, "sub/../none", O_RDONLY) == -1 && errno == ENOENT);
    int fd = call(AT_FDCWD, fresh("openat"), O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && fstat(fd, &state) == 0 && (state.st_mode & 07777) == 0600);
    return true;
}

static bool t_open_2(void *symbol) {
    return read_only(((int (*)(const char *, int))symbol)(TREE "/link", O_RDONLY));
}

static bool t_openat_2(void *symbol) {
    int directory = open(TREE "/dir/sub", O_RDONLY | O_DIRECTORY);
    return read_only(((int (*)(int, const char *, int))symbol)(directory, "../file", O_RDONLY));
}

static bool t_creat(void *symbol) {
    const char *path = fresh("creat");
    CHECK(make_file(path, "old"));
    int fd = ((int (*)(const char *, mode_t))symbol)(path, 0644);
    CHECK(fd >= 0 && write(fd, "n", 1) == 1);
    return has_content(path, "n");
}

static bool t_openat2(void *symbol) {
    struct open_how how = {.flags = O_RDONLY};
    int (*call)(int, const char *, const void *, size_t) =
        (int (*)(int, const char *, const void *, size_t))symbol;
    CHECK(read_only(call(AT_FDCWD, TREE "/dir/file", &how, sizeof how)));
    CHECK(call(AT_FDCWD, TREE "/dir/file", NULL, sizeof how) == -1 && errno == EFAULT);
    CHECK(call(AT_FDCWD, TREE "/dir/file", &how, 3) == -1 && errno == EINVAL);
    return true;
}

CASES("open", {"open", t_open}, {"open64", t_open}, {"__open", t_open}, {"__open64", t_open},
      {"openat", t_openat}, {"openat64", t_openat}, {"__open_2", t_open_2}, {"__open64_2", t_open_2},
      {"__openat_2", t_openat_2}, {"__openat64_2", t_openat_2}, {"creat", t_creat}, {"creat64", t_creat},
      {"openat2", t_openat2})
