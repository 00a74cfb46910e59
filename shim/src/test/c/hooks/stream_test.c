#include "hooks_test.h"

#include <dirent.h>

#define NAMES "file library.so nested.sh program script sub twin "

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names of TREE/dir but what cases have made, in order, as the function next tells them. */
static bool has_names(DIR *stream, struct dirent *(*next)(DIR *)) {
    char *names[64], all[1024] = "";
    size_t count = 0;
    bool dots[2] = {false, false};
    struct dirent *entry;
    errno = 0;
    while ((entry = next(stream)) && count < 64) {
        dots[0] = dots[0] || strcmp(entry->d_name, ".") == 0;
        dots[1] = dots[1] || strcmp(entry->d_name, "..") == 0;
        struct stat state;
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (fstatat(dirfd(stream), entry->d_name, &state, AT_SYMLINK_NOFOLLOW) != 0 ||
            state.st_ino != entry->d_ino || (entry->d_type == DT_DIR) != S_ISDIR(state.st_mode)) {
            return false;
        }
        names[count++] = strdup(entry->d_name);
    }
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(all, names[i]), " ");
    }
    return errno == 0 && dots[0] && dots[1] && strcmp(all, NAMES) == 0;
}

static bool t_opendir(void *symbol) {
    DIR *(*call)(const char *) = (DIR * (*)(const char *)) symbol;
    DIR *stream = call(TREE "/dirlink");
    CHECK(stream && has_names(stream, readdir) && closedir(stream) == 0);
    CHECK(!call(TREE "/dir/file") && errno == ENOTDIR && !call(TREE "/none") && errno == ENOENT);
    return true;
}

static bool t_fdopendir(void *symbol) {
    DIR *(*call)(int) = (DIR * (*)(int)) symbol;
    DIR *stream = call(open(TREE "/dir", O_RDONLY));
    CHECK(stream && has_names(stream, readdir));
    CHECK(!call(open(TREE "/dir/file", O_RDONLY)) && errno == ENOTDIR && !call(-1) && errno == EBADF);
    return true;
}

static bool t_readdir(void *symbol) {
    DIR *stream = opendir(TREE "/dir"), *other = opendir(TREE "/dir");
    struct dirent *(*call)(DIR *) = (struct dirent * (*)(DIR *)) symbol;
    CHECK(stream && other && has_names(stream, call) && has_names(other, call));
    return call(stream) == NULL;
}

static bool t_readdir_r(void *symbol) {
    int (*call)(DIR *, struct dirent *, struct dirent **) =
        (int (*)(DIR *, struct dirent *, struct dirent **))symbol;
    DIR *stream = opendir(TREE "/dir/sub");
    struct dirent entry, *result;
    bool found = false;
    CHECK(stream);
    while (call(stream, &entry, &result) == 0 && result) {
        found = found || (result == &entry && strcmp(entry.d_name, "deep") == 0);
    }
    return found;
}

static bool t_rewinddir(void *symbol) {
    DIR *stream = opendir(TREE "/dir");
    CHECK(stream && has_names(stream, readdir));
    ((void (*)(DIR *))symbol)(stream);
    return has_names(stream, readdir);
}

/* Both in one: back to where telldir(3) was. */
static bool seeks(DIR *stream, long (*tell)(DIR *), void (*seek)(DIR *, long)) {
    CHECK(stream && readdir(stream) && readdir(stream));
    long place = tell(stream);
    struct dirent *entry = readdir(stream);
    CHECK(entry);
    char *name = strdup(entry->d_name);
    while (readdir(stream))
        ;
    seek(stream, place);
    CHECK((entry = readdir(stream)) && strcmp(entry->d_name, name) == 0);
    return true;
}

static bool t_telldir(void *symbol) {
    return seeks(opendir(TREE "/dir"), (long (*)(DIR *))symbol, seekdir);
}

static bool t_seekdir(void *symbol) {
    return seeks(opendir(TREE "/dir"), telldir, (void (*)(DIR *, long))symbol);
}

static bool t_closedir(void *symbol) {
    DIR *streams[40];
    for (int i = 0; i < 40; i++) {
        CHECK((streams[i] = opendir(TREE "/dir")));
    }
    int fd = dirfd(streams[39]);
    for (int i = 0; i < 40; i++) {
        CHECK(((int (*)(DIR *))symbol)(streams[i]) == 0);
    }
    return fcntl(fd, F_GETFD) == -1 && errno == EBADF;
}

static bool t_dirfd(void *symbol) {
    DIR *stream = opendir(TREE "/dir");
    struct stat state, named;
    CHECK(stream && fstat(((int (*)(DIR *))symbol)(stream), &state) == 0);
    return stat(TREE "/dir", &named) == 0 && named.st_ino == state.st_ino;
}

static int no_dots(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int in_order(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool lists(struct dirent **list, int count) {
    char all[1024] = "";
    for (int i = 0; i < count; i++) {
        strcat(strcat(all, list[i]->d_name), " ");
    }
    return strcmp(all, NAMES) == 0;
}

typedef int choose(const struct dirent *);
typedef int compare(const struct dirent **, const struct dirent **);

static bool t_scandir(void *symbol) {
    struct dirent **list;
    int count = ((int (*)(const char *, struct dirent ***, choose *, compare *))symbol)(TREE "/dir", &list,
                                                                                        no_dots, in_order);
    return lists(list, count);
}

static bool t_scandirat(void *symbol) {
    struct dirent **list;
    int directory = open(TREE, O_PATH);
    int count = ((int (*)(int, const char *, struct dirent ***, choose *, compare *))symbol)(
        directory, "dir", &list, no_dots, in_order);
    return lists(list, count);
}

struct record {
    ino_t inode;
    off_t next;
    unsigned short length;
    unsigned char type;
    char name[];
};

static bool has_deep(const char *records, ssize_t length) {
    for (ssize_t at = 0; at < length;) {
        const struct record *record = (const void *)(records + at);
        if (strcmp(record->name, "deep") == 0) {
            return record->type == DT_REG;
        }
        at += record->length;
    }
    return false;
}

static char records[4096] __attribute__((aligned(16)));

static bool t_getdents(void *symbol) {
    int fd = open(TREE "/dir/sub", O_RDONLY);
    CHECK(fd >= 0);
    ssize_t length = ((ssize_t(*)(int, void *, size_t))symbol)(fd, records, sizeof records);
    return has_deep(records, length);
}

static bool t_getdirentries(void *symbol) {
    int fd = open(TREE "/dir/sub", O_RDONLY);
    off_t base = -1;
    ssize_t length = ((ssize_t(*)(int, char *, size_t, off_t *))symbol)(fd, records, sizeof records, &base);
    return has_deep(records, length) && base == 0;
}

CASES("stream", {"opendir", t_opendir}, {"fdopendir", t_fdopendir}, {"readdir", t_readdir},
      {"readdir64", t_readdir}, {"readdir_r", t_readdir_r}, {"readdir64_r", t_readdir_r},
      {"rewinddir", t_rewinddir}, {"telldir", t_telldir}, {"seekdir", t_seekdir}, {"closedir", t_closedir},
      {"dirfd", t_dirfd}, {"scandir", t_scandir}, {"scandir64", t_scandir}, {"scandirat", t_scandirat},
      {"scandirat64", t_scandirat}, {"getdents64", t_getdents}, {"getdents", t_getdents},
      {"getdirentries", t_getdirentries}, {"getdirentries64", t_getdirentries})
