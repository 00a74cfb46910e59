/* What stands in for the new mount API and openat2, as far as no mount is needed for it: the list of mounts,
 * and paths, which must lead where openat2 leads. */
#include "kernel.h"
#include "mount_older.h"
#include "resolve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int checks, failures;

static void check(bool right, const char *what, const char *object) {
    checks++;
    if (!right) {
        failures++;
        printf("FAILED: %s: %s\n", what, object);
    }
}

/* openat2 is all that resolve.c makes by number. */
static bool without_openat2;
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...) {
    va_list list;
    if (without_openat2) {
        errno = ENOSYS;
        return -1;
    }
    va_start(list, number);
    int directory = va_arg(list, int);
    const char *path = va_arg(list, const char *);
    const struct k_open_how *how = va_arg(list, const struct k_open_how *);
    va_end(list);
    return __real_syscall(number, directory, path, how, sizeof *how);
}

static const struct mount_entry *entry(const struct mount_entry *entries, size_t count, int id) {
    for (size_t i = 0; i < count; i++) {
        if (entries[i].id == id) {
            return &entries[i];
        }
    }
    return NULL;
}

static void test_list(void) {
    /* The copy is 40, which lies on the stage 30, itself below the root 50. Numbers tell nothing of the
     * order. */
    static const char list[] =
        "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/a rw\n"
        "30 20 0:30 / /s rw,nosuid - tmpfs none rw\n"
        "41 40 0:41 / /s/3/a\\040b\\134c\\011 ro,nosuid,nodev,noexec,noatime - tmpfs none rw\n"
        "40 30 8:1 /x /s/3 rw,relatime,nosymfollow master:1 - ext4 /dev/a ro\n"
        "50 30 0:50 / /s rw,nosuid,nodev - overlay none rw\n"
        "12 43 0:12 / /s/3/d/deep rw - tmpfs none rw\n"
        "43 40 0:43 / /s/3/d rw - tmpfs none rw\n"
        "44 43 0:44 / /s/3/d rw - tmpfs none rw\n"
        "45 44 0:45 / /s/3/d/seen rw,nosuid - tmpfs none rw\n"
        "60 30 0:60 / /s/33 rw - tmpfs none rw\n"
        "not a mount\n";
    char text[sizeof list];
    struct mount_entry *entries;
    memcpy(text, list, sizeof list);
    size_t count = read_mounts(text, 40, &entries);
    check(count == 10, "entries", "all");
    static const struct {
        int id;
        bool below, covered;
    } expected[] = {{20, false, false}, {30, false, false}, {40, true, false}, {41, true, false},
                    {43, true, true},   {12, true, true},   {44, true, false}, {45, true, false},
                    {50, false, false}, {60, false, false}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct mount_entry *found = entry(entries, count, expected[i].id);
        char name[16];
        snprintf(name, sizeof name, "%d", expected[i].id);
        check(found != NULL && found->below == expected[i].below, "below", name);
        check(found != NULL && found->covered == expected[i].covered, "covered", name);
    }
    const struct mount_entry *odd = entry(entries, count, 41);
    check(odd != NULL && strcmp(odd->point, "/s/3/a b\\c\t") == 0, "point", "with blank, backslash and tab");
    check(odd != NULL && odd->attributes == (K_ATTR_RDONLY | K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC) &&
              !odd->no_links,
          "options", "all four");
    const struct mount_entry *top = entry(entries, count, 40);
    check(top != NULL && top->attributes == 0 && top->no_links, "options",
          "of the mount, not of what is on it");
    free(entries);
}

struct answer {
    int errnum;
    ino_t inode;
};

static struct answer answer_of(int fd) {
    struct stat status;
    struct answer answer = {.errnum = errno};
    if (fd >= 0 && fstatat(fd, "", &status, AT_EMPTY_PATH) == 0) {
        answer = (struct answer){0, status.st_ino};
        close(fd);
    }
    return answer;
}

static void compare(struct answer by_call, struct answer by_walk, int errnum, const char *what,
                    const char *path) {
    check(by_call.errnum == errnum, "openat2", path);
    check(by_walk.errnum == by_call.errnum && by_walk.inode == by_call.inode, what, path);
}

static void test_paths(void) {
    static const struct {
        const char *path;
        int inside, below;
    } paths[] = {{"a", 0, 0},
                 {"a/b/file", 0, 0},
                 {"/a/b", 0, EXDEV},
                 {"/", 0, EXDEV},
                 {"//a//b/", 0, EXDEV},
                 {"a/./b", 0, 0},
                 {"link", ELOOP, ELOOP},
                 {"a/link/file", ELOOP, ELOOP},
                 {"a/out", ELOOP, ELOOP},
                 {"a/none", ENOENT, ENOENT},
                 {"a/b/file/x", ENOTDIR, ENOTDIR}};
    char place[] = "/tmp/velo-mount-test-XXXXXX";
    char command[256];
    if (mkdtemp(place) == NULL) {
        check(false, "directory", place);
        return;
    }
    snprintf(command, sizeof command,
             "cd %s && mkdir -p a/b && touch a/b/file && ln -s a link && ln -s b a/link && ln -s / a/out",
             place);
    int root = system(command) == 0 ? open(place, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    check(root >= 0, "directory", place);
    struct answer inside[16], below[16], whole, linked;
    char path[64], through[64];
    snprintf(path, sizeof path, "%s/a/b/file", place);
    snprintf(through, sizeof through, "%s/a/link/file", place);
    const size_t count = sizeof paths / sizeof *paths;
    for (size_t i = 0; i < count; i++) {
        inside[i] = answer_of(resolve_inside(root, paths[i].path));
        below[i] = answer_of(resolve_below(root, paths[i].path));
    }
    whole = answer_of(resolve(path));
    linked = answer_of(resolve(through));
    check(!openat2_is_missing(), "openat2", "is there");
    without_openat2 = true;
    for (size_t i = 0; i < count; i++) {
        compare(inside[i], answer_of(resolve_inside(root, paths[i].path)), paths[i].inside, "inside",
                paths[i].path);
        compare(below[i], answer_of(resolve_below(root, paths[i].path)), paths[i].below, "below",
                paths[i].path);
    }
    compare(whole, answer_of(resolve(path)), 0, "of the host", path);
    compare(linked, answer_of(resolve(through)), ELOOP, "of the host", through);
    check(openat2_is_missing(), "openat2", "is missing");
    /* Stricter than openat2, which goes no higher than its root. */
    check(answer_of(resolve_inside(root, "a/..")).errnum == EXDEV, "inside", "a/..");
    check(answer_of(resolve_below(root, "..")).errnum == EXDEV, "below", "..");
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", root);
    check(answer_of(resolve(link)).errnum == ELOOP, "magic link", link);
    close(root);
    snprintf(command, sizeof command, "rm -r %s", place);
    check(system(command) == 0, "remove", place);
}

int main(void) {
    test_list();
    test_paths();
    printf("mounts: %d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
