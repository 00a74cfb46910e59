#include "beside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where paths lead: over the border, through links, by descriptors, to nothing. */

static const struct made_entry ENTRIES[] = {
    {'d', "a", 0755, NULL, 0},
    {'d', "a/b", 0755, NULL, 0},
    {'f', "a/f", 0644, NULL, 20},
    {'f', "f", 0644, NULL, 30},
    {'l', "out", 0777, "../outside", 0},
    {'l', "to-a", 0777, "a", 0},
    {'l', "dangling", 0777, "none", 0},
    {'l', "a/up", 0777, "../..", 0},
    {'l', "self", 0777, "self", 0},
    {'l', "abs", 0777, "@/a/b", 0},
    {'l', "back", 0777, "out/../shown/a", 0},
    {'d', "closed", 0700, NULL, 0},
    {'f', "closed/f", 0644, NULL, 5},
    {'l', "to-f", 0777, "a/f", 0},
    {'l', "to-fd", 0777, "/proc/self/fd", 0},
};

static char path[PATH_MAX];

static const char *at_scratch(const char *rest) {
    snprintf(path, sizeof path, "%s%s", scratch, rest);
    return path;
}

static bool is_node(const char *text, const char *same_as) {
    struct stat one, other;
    long result = on_stat(&shown, AT_FDCWD, same_as, 0, &other);
    bool is = result == 0 && on_stat(&shown, AT_FDCWD, text, 0, &one) == 0 && one.st_dev == other.st_dev &&
              one.st_ino == other.st_ino;
    if (!is) {
        fprintf(stderr, "%s is not %s\n", text, same_as);
    }
    return is;
}

static void links_of_tree(void) {
    struct stat status;
    CHECK(is_node("@/to-a/f", "@/a/f"));
    CHECK(is_node("@/abs", "@/a/b"));
    CHECK(is_node("@/abs/../f", "@/a/f"));
    CHECK(is_node("@/abs/.././/./b/", "@/a/b"));
    CHECK(is_node("@/back/f", "@/a/f"));
    CHECK(is_node("@/a/up/shown/f", "@/f"));
    CHECK(is_node("@/../shown/f", "@/f"));
    CHECK(is_node("@/out/../shown/f", "@/f"));
    BOTH(on_stat(side, AT_FDCWD, "@/self", 0, &status));
    BOTH(on_stat(side, AT_FDCWD, "@/self", AT_SYMLINK_NOFOLLOW, &status));
    BOTH(on_stat(side, AT_FDCWD, "@/self/", AT_SYMLINK_NOFOLLOW, &status));
    CHECK(on_open(&shown, AT_FDCWD, "@/self", O_RDONLY | O_CREAT, 0644) == -ELOOP);
    BOTH(on_stat(side, AT_FDCWD, "@/to-f/", 0, &status));
    BOTH(on_stat(side, AT_FDCWD, "@/dangling/", 0, &status));
}

static void over_the_border(void) {
    struct stat inside, outside;
    int fd = open(at_scratch("/outside/there"), O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, "1234", 4) == 4);
    close(fd);
    CHECK(stat(path, &outside) == 0);
    static const char *const WAYS[] = {"@/out/there", "@/../outside/there", "@/a/up/outside/there",
                                       "@/a/b/../../../outside/there"};
    for (unsigned i = 0; i < 4; i++) {
        CHECK_IS(on_stat(&shown, AT_FDCWD, WAYS[i], 0, &inside), 0);
        CHECK(inside.st_ino == outside.st_ino && inside.st_size == 4);
    }
    long made = on_open(&shown, AT_FDCWD, "@/out/made", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(made >= 0 && access(at_scratch("/outside/made"), F_OK) == 0);
    close((int)made);
    CHECK_IS(on_rename(&shown, AT_FDCWD, "@/out/made", AT_FDCWD, "@/made", 0), -EXDEV);
    CHECK_IS(on_rename(&shown, AT_FDCWD, "@/f", AT_FDCWD, "@/out/f", 0), -EXDEV);
    CHECK_IS(on_link(&shown, AT_FDCWD, "@/f", AT_FDCWD, "@/out/f", 0), -EXDEV);
    CHECK_IS(on_link(&shown, AT_FDCWD, "@/out/made", AT_FDCWD, "@/made", 0), -EXDEV);
    CHECK_IS(on_rename(&shown, AT_FDCWD, "@/out/made", AT_FDCWD, "@/out/other", 0), 0);
    CHECK(access(at_scratch("/outside/other"), F_OK) == 0);
}

static void into_the_tree(void) {
    char text[PATH_MAX];
    struct stat status;
    snprintf(text, sizeof text, "/%s/shown/a/f", scratch);
    CHECK(is_node(text, "@/a/f"));
    snprintf(text, sizeof text, "/.%s/./outside/../shown//a/f", scratch);
    CHECK(is_node(text, "@/a/f"));
    snprintf(text, sizeof text, "%s/outside", scratch);
    CHECK(chdir(scratch) == 0 && is_node("shown/a/f", "@/a/f") && is_node("./shown/../shown/f", "@/f"));
    CHECK(chdir(text) == 0 && is_node("../shown/a/f", "@/a/f"));
    CHECK_IS(on_stat(&shown, AT_FDCWD, "../showns/f", 0, &status), -ENOENT);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "shown/f", 0, &status), -ENOENT);
    snprintf(text, sizeof text, "%s/showns", scratch);
    CHECK_IS(on_stat(&shown, AT_FDCWD, text, 0, &status), -ENOENT);
    snprintf(text, sizeof text, "/proc/self/root%s/shown/f", scratch);
    CHECK(is_node(text, "@/f"));
}

/* A link of the host is looked for once a process of the run has made one that could lead here. */
static void links_of_host(void) {
    char text[PATH_MAX], file[PATH_MAX], here[PATH_MAX];
    struct stat status;
    snprintf(text, sizeof text, "%s/outside/old", scratch);
    snprintf(file, sizeof file, "%s/outside/old/f", scratch);
    CHECK(symlink("../shown/a", text) == 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, file, 0, &status), -ENOENT);
    snprintf(text, sizeof text, "%s/outside/in", scratch);
    snprintf(file, sizeof file, "%s/outside/in/f", scratch);
    CHECK_IS(on_symlink(&shown, "@/a", AT_FDCWD, text), 0);
    CHECK(is_node(file, "@/a/f"));
    CHECK(is_node(text, "@/a"));
    CHECK(is_node("@/out/in/f", "@/a/f"));
    CHECK(is_node("@/out/old/f", "@/a/f"));
    CHECK(on_readlink(&shown, AT_FDCWD, text, here, sizeof here) == (long)strlen(shown.base) + 2);
    CHECK_IS(on_stat(&shown, AT_FDCWD, text, AT_SYMLINK_NOFOLLOW, &status), 0);
    CHECK(S_ISLNK(status.st_mode));
    snprintf(file, sizeof file, "%s/outside/in/new", scratch);
    long fd = on_open(&shown, AT_FDCWD, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && is_node(file, "@/a/new"));
    close((int)fd);
    CHECK_IS(on_unlink(&shown, AT_FDCWD, "@/a/new", 0), 0);
    CHECK(chdir(scratch) == 0 && is_node("outside/in/f", "@/a/f"));
    CHECK_IS(on_unlink(&shown, AT_FDCWD, text, 0), 0);
}

static void descriptors(void) {
    static const char *const FORMS[] = {"/proc/self/fd/%d", "/dev/fd/%d", "/proc/thread-self/fd/%d",
                                        "/proc/%2$d/fd/%1$d", "/proc/%2$d/task/%2$d/fd/%1$d"};
    char text[200], more[300], told[PATH_MAX], wanted[PATH_MAX];
    int directory = (int)on_open(&shown, AT_FDCWD, "@/a", O_RDONLY | O_CLOEXEC, 0);
    int file = (int)on_open(&shown, AT_FDCWD, "@/a/f", O_RDONLY | O_CLOEXEC, 0);
    CHECK(directory >= 0 && file >= 0);
    for (unsigned i = 0; i < 5; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
        snprintf(text, sizeof text, FORMS[i], file, getpid());
        CHECK(is_node(text, "@/a/f"));
        snprintf(text, sizeof text, FORMS[i], directory, getpid());
#pragma GCC diagnostic pop
        CHECK(is_node(text, "@/a"));
        snprintf(more, sizeof more, "%s/b/../f", text);
        CHECK(is_node(more, "@/a/f"));
        long length = on_readlink(&shown, AT_FDCWD, text, told, sizeof told - 1);
        told[length < 0 ? 0 : length] = 0;
        snprintf(wanted, sizeof wanted, "%s/a", shown.base);
        CHECK(strcmp(told, wanted) == 0);
    }
    snprintf(text, sizeof text, "@/to-fd/%d", file);
    CHECK(is_node(text, "@/a/f"));
    CHECK_IS(on_chdir(&shown, AT_FDCWD, "@/a"), 0);
    CHECK(is_node("/proc/self/cwd/f", "@/a/f") && is_node("/proc/self/cwd", "@/a"));
    CHECK(on_readlink(&shown, AT_FDCWD, "/proc/self/cwd", told, sizeof told) == (long)strlen(wanted));
    shown.cwd = -1;
    close(directory);
    close(file);
}

static void names(void) {
    struct stat status;
    char text[PATH_MAX] = "@/";
    memset(text + 2, 'n', 256);
    BOTH(on_mkdir(side, AT_FDCWD, text, 0755));
    BOTH(on_stat(side, AT_FDCWD, text, 0, &status));
    strcpy(text + 258, "/x");
    BOTH(on_stat(side, AT_FDCWD, text, 0, &status));
    text[257] = 0;
    BOTH(on_mkdir(side, AT_FDCWD, text, 0755));
    BOTH(on_unlink(side, AT_FDCWD, text, AT_REMOVEDIR));
    BOTH(on_stat(side, AT_FDCWD, "", 0, &status));
    BOTH(on_open(side, AT_FDCWD, "", O_RDONLY, 0));
    BOTH(on_unlink(side, AT_FDCWD, "", 0));
    BOTH(on_stat(side, 9999, "x", 0, &status));
}

/* As many links as the kernel follows, and one more. */
static void many_links(void) {
    char name[40] = "@/a/f", link[40];
    struct stat status;
    for (unsigned i = 0; i < 42; i++) {
        snprintf(link, sizeof link, "@/link%u", i);
        BOTH(on_symlink(side, name, AT_FDCWD, link));
        long result = BOTH(on_stat(side, AT_FDCWD, link, 0, &status));
        CHECK_IS(result, i < 40 ? 0 : -ELOOP);
        snprintf(name, sizeof name, "link%u", i);
    }
    for (unsigned i = 0; i < 42; i++) {
        snprintf(link, sizeof link, "@/link%u", i);
        BOTH(on_unlink(side, AT_FDCWD, link, 0));
    }
}

/* Every call on every kind of thing, with and without a slash behind it. */
static void slashes(void) {
    static const char *const WAYS[] = {"@/a",    "@/f",    "@/to-a", "@/to-f",   "@/dangling",
                                       "@/none", "@/self", "@/f/x",  "@/none/x", "@",
                                       "@/a/.",  "@/a/..", "@/abs"};
    char text[100], other[PATH_MAX];
    struct stat status;
    for (unsigned i = 0; i < 4 * sizeof WAYS / sizeof *WAYS; i++) {
        static const char *const ENDS[] = {"", "/", "//", "/."};
        snprintf(text, sizeof text, "%s%s", WAYS[i / 4], ENDS[i % 4]);
        unsigned before = failures;
        BOTH(on_stat(side, AT_FDCWD, text, 0, &status));
        BOTH(on_stat(side, AT_FDCWD, text, AT_SYMLINK_NOFOLLOW, &status));
        BOTH(on_readlink(side, AT_FDCWD, text, other, 1));
        BOTH(on_access(side, AT_FDCWD, text, R_OK, 0));
        BOTH(on_symlink(side, "to", AT_FDCWD, text));
        BOTH(on_unlink(side, AT_FDCWD, "@/none", 0));
        BOTH(on_mknod(side, AT_FDCWD, text, S_IFIFO | 0600));
        BOTH(on_unlink(side, AT_FDCWD, "@/none", 0));
        BOTH(on_link(side, AT_FDCWD, "@/f", AT_FDCWD, text, 0));
        BOTH(on_unlink(side, AT_FDCWD, "@/none", 0));
        BOTH(on_link(side, AT_FDCWD, text, AT_FDCWD, "@/linked", 0));
        BOTH(on_unlink(side, AT_FDCWD, "@/linked", 0));
        BOTH(on_mkdir(side, AT_FDCWD, text, 0755));
        BOTH(on_unlink(side, AT_FDCWD, "@/none", AT_REMOVEDIR));
        if (strcmp(WAYS[i / 4], "@") != 0) {
            BOTH(on_rename(side, AT_FDCWD, text, AT_FDCWD, "@/a/b/renamed", 0));
            BOTH(on_rename(side, AT_FDCWD, "@/a/b/renamed", AT_FDCWD, WAYS[i / 4], 0));
        }
        BOTH(on_rename(side, AT_FDCWD, "@/closed", AT_FDCWD, text, 1));
        BOTH(on_rename(side, AT_FDCWD, "@/none", AT_FDCWD, "@/closed", 0));
        BOTH(on_truncate(side, text, 10));
        BOTH(on_chmod(side, AT_FDCWD, text, 0755, 0));
        if (failures != before) {
            fprintf(stderr, "with %s\n", text);
        }
    }
    CHECK(same_trees());
}

static void costs(void) {
    struct stat status;
    calls_made = 0;
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/f", 0, &status), 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "@/a/none", 0, &status), -ENOENT);
    CHECK_IS(on_access(&shown, AT_FDCWD, "@/a/f", R_OK, 0), 0);
    char target[10];
    CHECK_IS(on_readlink(&shown, AT_FDCWD, "@/to-a", target, 10), 1);
    CHECK_IS((long)calls_made, 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "/usr/bin", 0, &status), 0);
    CHECK_IS(on_stat(&shown, AT_FDCWD, "/proc/self/status", 0, &status), 0);
    CHECK_IS((long)calls_made, 0);
}

int main(void) {
    make_both(ENTRIES, sizeof ENTRIES / sizeof *ENTRIES, geteuid());
    CHECK(same_trees());
    costs();
    /* The tree's root is what a mounted file system's is. */
    CHECK_IS(on_rename(&shown, AT_FDCWD, "@", AT_FDCWD, "@/a/b/renamed", 0), -EBUSY);
    CHECK_IS(on_unlink(&shown, AT_FDCWD, "@", AT_REMOVEDIR), -EBUSY);
    links_of_tree();
    over_the_border();
    into_the_tree();
    links_of_host();
    descriptors();
    names();
    many_links();
    slashes();
    remove_both();
    printf("paths: %u failures\n", failures);
    return failures != 0;
}
