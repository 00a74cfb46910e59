#include "battery.h"

#include <dirent.h>
#include <time.h>

void *volatile nowhere = (void *)8;

static char type_letter(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return 'f';
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    default:
        return '?';
    }
}

const char *content_of(int fd) {
    static char text[4][41];
    static int turn;
    char *out = text[turn++ % 4];
    ssize_t length = pread(fd, out, 40, 0);
    if (length < 0) {
        return error_name(errno);
    }
    out[length] = 0;
    for (char *c = out; c < out + length; c++) {
        *c = *c <= ' ' || *c > '~' ? '.' : *c;
    }
    return out;
}

const char *content(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return error_name(errno);
    }
    const char *text = content_of(fd);
    close(fd);
    return text;
}

void show_as(const char *name, int at, const char *path) {
    struct stat is;
    if (fstatat(at, path, &is, AT_SYMLINK_NOFOLLOW) != 0) {
        fact("%s=%s", name, error_name(errno));
        return;
    }
    char target[64] = "";
    int fd;
    switch (is.st_mode & S_IFMT) {
    case S_IFREG:
        fd = openat(at, path, O_RDONLY | O_CLOEXEC);
        fact("%s=f,%o,%ju,%jd,%s", name, is.st_mode & 07777u, (uintmax_t)is.st_nlink, (intmax_t)is.st_size,
             fd < 0 ? error_name(errno) : content_of(fd));
        drop(fd);
        break;
    case S_IFLNK:
        if (readlinkat(at, path, target, sizeof target - 1) < 0) {
            strcpy(target, error_name(errno));
        }
        fact("%s=l,%jd,%s", name, (intmax_t)is.st_size, target);
        break;
    default:
        fact("%s=%c,%o,%ju", name, type_letter(is.st_mode), is.st_mode & 07777u, (uintmax_t)is.st_nlink);
    }
}

void show(const char *path) {
    show_as(path, AT_FDCWD, path);
}

static int by_name(const void *one, const void *two) {
    return strcmp(*(char *const *)one, *(char *const *)two);
}

void show_names(const char *path) {
    static const char letters[] = {[DT_REG] = 'f',  [DT_DIR] = 'd', [DT_LNK] = 'l', [DT_FIFO] = 'p',
                                   [DT_SOCK] = 's', [DT_CHR] = 'c', [DT_BLK] = 'b', [DT_UNKNOWN] = '?'};
    DIR *directory = opendir(path);
    if (!directory) {
        fact("[%s]", error_name(errno));
        return;
    }
    static char *names[400];
    size_t count = 0;
    struct dirent *entry;
    while (count < LENGTH(names) && (entry = readdir(directory))) {
        char text[300];
        snprintf(text, sizeof text, "%s/%c", entry->d_name, letters[entry->d_type % sizeof letters]);
        names[count++] = strdup(text);
    }
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    fact("[");
    for (size_t i = 0; i < count; i++) {
        fact("%s", names[i]);
        free(names[i]);
    }
    fact("]");
}

const char *shown(const char *path) {
    static char text[4][PATH_MAX + 2];
    static int turn;
    size_t length = strlen(home);
    if (!path || strncmp(path, home, length) != 0 || (path[length] && path[length] != '/')) {
        return path ? path : "NULL";
    }
    char *out = text[turn++ % 4];
    snprintf(out, sizeof text[0], "~%s", path + length);
    return out;
}

const char *same(const char *one, const char *two) {
    struct stat first, second;
    if (lstat(one, &first) != 0 || lstat(two, &second) != 0) {
        return error_name(errno);
    }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino ? "same" : "other";
}

void drop(int fd) {
    if (fd >= 0) {
        int error = errno;
        close(fd);
        errno = error;
    }
}

void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    need(fd >= 0, path);
    need(write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
    NEED(close(fd));
}

struct stat status(const char *path) {
    struct stat is = {0};
    need(lstat(path, &is) == 0, path);
    return is;
}

int compare_times(struct timespec one, struct timespec two) {
    if (one.tv_sec != two.tv_sec) {
        return one.tv_sec < two.tv_sec ? -1 : 1;
    }
    return one.tv_nsec < two.tv_nsec ? -1 : one.tv_nsec > two.tv_nsec;
}

void tick(void) {
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
}
