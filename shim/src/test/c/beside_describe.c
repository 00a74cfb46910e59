#include "beside.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MOST = 512, FILES_MOST = 4096, TEXT_MOST = 1 << 20 };

/* Inodes that were seen, and the line where. */
static struct {
    uint64_t inode;
    unsigned line;
} seen[FILES_MOST];
static unsigned seen_count, line;

static unsigned long sum_of(const struct side *side, const char *path, char *error) {
    unsigned char bytes[512];
    unsigned long sum = 5381;
    long fd = on_open(side, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0), got;
    strcpy(error, fd < 0 ? strerrorname_np((int)-fd) : "");
    if (fd < 0) {
        return 0;
    }
    while ((got = read((int)fd, bytes, sizeof bytes)) > 0) {
        for (long i = 0; i < got; i++) {
            sum = sum * 33 + bytes[i];
        }
    }
    close((int)fd);
    return sum;
}

static unsigned first_line(const struct stat *status) {
    for (unsigned i = 0; i < seen_count; i++) {
        if (seen[i].inode == status->st_ino) {
            return seen[i].line;
        }
    }
    seen[seen_count].inode = status->st_ino;
    seen[seen_count++].line = line;
    return line;
}

/* The base in a target stands as '@' again. */
static void target_of(const struct side *side, const char *path, char *out, size_t room) {
    char target[PATH_MAX];
    long length = on_readlink(side, AT_FDCWD, path, target, sizeof target - 1);
    if (length < 0) {
        snprintf(out, room, "%s", strerrorname_np((int)-length));
        return;
    }
    target[length] = 0;
    size_t base = strlen(side->base);
    bool own = strncmp(target, side->base, base) == 0;
    snprintf(out, room, "%s%.1500s", own ? "@" : "", target + (own ? base : 0));
}

void describe(const struct side *side, const char *path, char *out, size_t room) {
    struct stat status;
    char more[1600] = "", error[40] = "";
    long result = on_stat(side, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &status);
    if (result < 0) {
        snprintf(out, room, "%s: %s", path, strerrorname_np((int)-result));
        return;
    }
    unsigned long sum = 0;
    if (S_ISREG(status.st_mode)) {
        sum = sum_of(side, path, error);
    } else if (S_ISLNK(status.st_mode)) {
        target_of(side, path, more, sizeof more);
    }
    snprintf(out, room, "%s %o links %lu owner %u:%u size %ld sum %lx%s as %u %s", path, status.st_mode,
             (unsigned long)status.st_nlink, status.st_uid, status.st_gid,
             S_ISREG(status.st_mode) ? (long)status.st_size : 0L, sum, error, first_line(&status), more);
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Names with the types that the list tells. */
static unsigned names_of(const struct side *side, const char *path, char **names) {
    char records[4096];
    unsigned count = 0;
    long fd = on_open(side, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), got;
    if (fd < 0) {
        return 0;
    }
    while ((got = on_getdents(side, (int)fd, records, 200 + count % 3 * 1000)) > 0) {
        for (long at = 0; at < got;) {
            struct dirent64 *entry = (struct dirent64 *)(records + at);
            struct stat status;
            char full[PATH_MAX];
            snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
            bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
            if (!dots && on_stat(side, AT_FDCWD, full, AT_SYMLINK_NOFOLLOW, &status) == 0) {
                check(entry->d_ino == status.st_ino, __FILE__, __LINE__, full);
            }
            if (asprintf(&names[count++], "%s %d", entry->d_name, entry->d_type) < 0 || count == NAMES_MOST) {
                abort();
            }
            at += entry->d_reclen;
        }
    }
    check(got == 0, __FILE__, __LINE__, path);
    close((int)fd);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

static void describe_below(const struct side *side, const char *path, char **out, const char *end) {
    char *names[NAMES_MOST];
    unsigned count = names_of(side, path, names);
    for (unsigned i = 0; i < count; i++) {
        char full[PATH_MAX], text[4096];
        *out += snprintf(*out, (size_t)(end - *out), "  %s\n", names[i]);
        *strrchr(names[i], ' ') = 0;
        if (strcmp(names[i], ".") != 0 && strcmp(names[i], "..") != 0) {
            snprintf(full, sizeof full, "%s/%s", path, names[i]);
            describe(side, full, text, sizeof text);
            line++;
            *out += snprintf(*out, (size_t)(end - *out), "%s\n", text);
            struct stat status;
            if (on_stat(side, AT_FDCWD, full, AT_SYMLINK_NOFOLLOW, &status) == 0 && S_ISDIR(status.st_mode)) {
                describe_below(side, full, out, end);
            }
        }
        free(names[i]);
    }
}

char *describe_all(const struct side *side) {
    char *text = malloc(TEXT_MOST), *at = text;
    if (text == NULL) {
        abort();
    }
    seen_count = line = 0;
    describe(side, "@", text, TEXT_MOST);
    at += strlen(text);
    *at++ = '\n';
    *at = 0;
    describe_below(side, "@", &at, text + TEXT_MOST);
    return text;
}

bool same_trees(void) {
    char *one = describe_all(&real), *other = describe_all(&shown);
    bool same = strcmp(one, other) == 0;
    for (char *a = one, *b = other; !same && (*a != 0 || *b != 0);) {
        size_t m = strcspn(a, "\n"), n = strcspn(b, "\n");
        if (m != n || memcmp(a, b, m) != 0) {
            fprintf(stderr, "the directory: %.*s\nthe tree:      %.*s\n", (int)m, a, (int)n, b);
            break;
        }
        a += m + (a[m] != 0);
        b += n + (b[n] != 0);
    }
    free(one);
    free(other);
    return same;
}
