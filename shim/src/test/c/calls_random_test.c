#include "random_way.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sequences of random calls on a tree and on a directory with the same in it, by the same numbers. */

static const struct made_entry ENTRIES[] = {
    {'d', "a", 0755, NULL, 0},       {'d', "a/b", 0755, NULL, 0},     {'d', "a/b/c", 0750, NULL, 0},
    {'d', "d", 0700, NULL, 0},       {'d', "e", 0777, NULL, 0},       {'d', "e/a", 01777, NULL, 0},
    {'f', "f", 0644, NULL, 10},      {'f', "a/f", 0755, NULL, 10},    {'f', "a/b/f", 0600, NULL, 10},
    {'f', "a/g", 0444, NULL, 5000},  {'f', "a/b/c/h", 0644, NULL, 0}, {'f', "d/f", 0640, NULL, 70000},
    {'f', "e/g", 0200, NULL, 33},    {'l', "l", 0777, "a", 0},        {'l', "a/l", 0777, "b/c", 0},
    {'l', "a/b/l", 0777, "../f", 0}, {'l', "d/l", 0777, "@/a/b", 0},  {'l', "e/l", 0777, "nothing", 0},
    {'l', "m", 0777, "m", 0},        {'l', "a/m", 0777, "../e/a", 0}, {'l', "d/m", 0777, "../l/b", 0},
    {'l', "e/m", 0777, "..", 0},     {'f', "e/a/f", 0644, NULL, 100}, {'d', "e/a/b", 0755, NULL, 0},
};

static char story[1000];

static void compare(long on_shown, long on_real) {
    if (on_shown != on_real) {
        fprintf(stderr, "%s: %ld (%s), but %ld (%s) on the file system\n", story, on_shown,
                on_shown < 0 ? strerrorname_np((int)-on_shown) : "", on_real,
                on_real < 0 ? strerrorname_np((int)-on_real) : "");
        failures++;
    }
}

#define SIDES(call)                                                                                          \
    do {                                                                                                     \
        const struct side *side = &real;                                                                     \
        long on_real = (call);                                                                               \
        side = &shown;                                                                                       \
        compare((call), on_real);                                                                            \
    } while (0)

static void tell(const char *what, const struct way *one, const struct way *two, long number) {
    snprintf(story, sizeof story, "%s %d:%s %d:%s %lo", what, one->pair, one->text, two ? two->pair : 0,
             two ? two->text : "", number);
    if (getenv("STORY") != NULL) {
        fprintf(stderr, "%s\n", story);
    }
}

static void try_open(void) {
    static const int FLAGS[] = {O_CREAT,     O_EXCL | O_CREAT, O_TRUNC, O_APPEND,
                                O_DIRECTORY, O_NOFOLLOW,       O_PATH,  0};
    struct way one = way();
    int flags = (int)roll(3) | FLAGS[roll(8)] | FLAGS[roll(8)] | O_CLOEXEC | O_NONBLOCK;
    unsigned mode = roll(2) == 0 ? 0644 : roll(010000);
    char bytes[64], others[64];
    flags |= roll(12) == 0 ? O_TMPFILE : 0;
    tell("open", &one, NULL, flags);
    long left = on_open(&real, fd_of(&real, one.pair), one.text, flags, mode);
    long right = on_open(&shown, fd_of(&shown, one.pair), one.text, flags, mode);
    compare(right < 0 ? right : 0, left < 0 ? left : 0);
    if (left < 0 || right < 0) {
        close((int)left);
        close((int)right);
        return;
    }
    compare(read((int)right, bytes, sizeof bytes), read((int)left, others, sizeof others));
    const char *text = "written";
    compare(write((int)right, text, 7), write((int)left, text, 7));
    unsigned pair = roll(PAIRS);
    close(pairs[pair].real);
    close(pairs[pair].shown);
    pairs[pair].real = (int)left;
    pairs[pair].shown = (int)right;
}

static void compare_status(const struct stat *a, const struct stat *b) {
    compare(a->st_mode, b->st_mode);
    compare((long)a->st_nlink, (long)b->st_nlink);
    compare(a->st_uid, b->st_uid);
    compare(a->st_gid, b->st_gid);
    compare(S_ISREG(a->st_mode) ? a->st_size : 0, S_ISREG(b->st_mode) ? b->st_size : 0);
}

/*
 * A descriptor of a blob whose file was copied up and has lost its name: it shows what was, and nothing can
 * be changed through it. On a file system it would be the file that was changed.
 */
static bool is_left_behind(int pair) {
    char path[40], place[PATH_MAX];
    struct stat status;
    snprintf(path, sizeof path, "/proc/self/fd/%d", pairs[pair].shown);
    ssize_t length = readlink(path, place, sizeof place - 1);
    place[length < 0 ? 0 : length] = 0;
    return strstr(place, "/store/cas/") != NULL &&
           (on_stat(&shown, pairs[pair].shown, "", AT_EMPTY_PATH, &status) < 0 || status.st_nlink == 0);
}

static void try_stat(void) {
    struct way one = way();
    struct stat left, right;
    int flags = roll(2) == 0 ? AT_SYMLINK_NOFOLLOW : 0;
    if (roll(4) == 0) {
        one.text[0] = 0;
        one.pair = (int)roll(PAIRS);
        flags = AT_EMPTY_PATH;
        if (is_left_behind(one.pair)) {
            return;
        }
    }
    tell("stat", &one, NULL, flags);
    long a = on_stat(&real, fd_of(&real, one.pair), one.text, flags, &left);
    long b = on_stat(&shown, fd_of(&shown, one.pair), one.text, flags, &right);
    compare(b, a);
    if (a == 0 && b == 0) {
        compare_status(&right, &left);
    }
}

static void try_names(void) {
    struct way one = way(), two = way();
    unsigned mode = roll(2) == 0 ? 0755 : roll(010000);
    struct way *second = NULL;
    unsigned kind = roll(9);
    static const char *const WHAT[] = {"mkdir", "rmdir",  "unlink", "mkfifo", "symlink",
                                       "link",  "rename", "rename", "mknod"};
    static const unsigned FLAGS[] = {0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
    unsigned flags = kind == 5 ? (roll(2) ? AT_SYMLINK_FOLLOW : 0) : FLAGS[roll(4)];
    second = kind >= 5 && kind <= 7 ? &two : NULL;
    tell(WHAT[kind], &one, second, second ? flags : mode);
    int a = one.pair, b = two.pair;
    switch (kind) {
    case 0:
        SIDES(on_mkdir(side, fd_of(side, a), one.text, mode));
        break;
    case 1:
        SIDES(on_unlink(side, fd_of(side, a), one.text, AT_REMOVEDIR));
        break;
    case 2:
        SIDES(on_unlink(side, fd_of(side, a), one.text, 0));
        break;
    case 3:
        SIDES(on_mknod(side, fd_of(side, a), one.text, S_IFIFO | (mode & 0777)));
        break;
    case 4:
        /* Only those that cannot lead out. */
        SIDES(on_symlink(side, strstr(two.text, "..") != NULL || *two.text == 0 ? "a" : two.text,
                         fd_of(side, a), one.text));
        break;
    case 5:
        SIDES(on_link(side, fd_of(side, a), one.text, fd_of(side, b), two.text, (int)flags));
        break;
    case 8:
        SIDES(on_mknod(side, fd_of(side, a), one.text, S_IFREG | (mode & 0777)));
        break;
    default:
        SIDES(on_rename(side, fd_of(side, a), one.text, fd_of(side, b), two.text, flags));
    }
}

static void try_attributes(void) {
    struct way one = way();
    unsigned mode = roll(4) == 0 ? roll(01000) : 0700 | roll(010000);
    long length = roll(3) * roll(6000);
    struct timespec times[2] = {{5, 6}, {7000 + roll(100), roll(3) == 0 ? UTIME_OMIT : 8}};
    char value[40], other[40];
    unsigned kind = roll(7);
    tell("attribute", &one, NULL, (long)kind);
    int a = one.pair;
    const char *p = one.text;
    switch (kind) {
    case 0:
        SIDES(on_chmod(side, fd_of(side, a), p, mode, 0));
        break;
    case 1:
        SIDES(on_truncate(side, a < 0 ? p : "@/f", length));
        break;
    case 2:
        SIDES(on_utimens(side, fd_of(side, a), p, times, 0));
        break;
    case 3:
        SIDES(on_access(side, fd_of(side, a), p, (int)roll(1) + (int)(mode & 7), 0));
        break;
    case 4:
        SIDES(on_setxattr(side, a < 0 ? p : "@/a/f", "user.word", "value", 0));
        break;
    case 5:
        SIDES(on_getxattr(side, a < 0 ? p : "@/a/f", "user.word", side->real ? value : other, 40));
        break;
    default:
        SIDES(on_removexattr(side, a < 0 ? p : "@/a/f", "user.word"));
    }
}

static void try_descriptor(void) {
    struct way one = {"", (int)roll(PAIRS)}, two = way();
    unsigned mode = 0700 | roll(0100);
    char path[2][40];
    unsigned kind = roll(5);
    if (is_left_behind(one.pair)) {
        return;
    }
    tell("descriptor", &one, &two, (long)kind);
    snprintf(path[0], 40, "/proc/self/fd/%d", pairs[one.pair].shown);
    snprintf(path[1], 40, "/proc/self/fd/%d", pairs[one.pair].real);
    switch (kind) {
    case 0:
        SIDES(on_chmod(side, fd_of(side, one.pair), "", mode, AT_EMPTY_PATH));
        break;
    case 1:
        SIDES(on_link(side, AT_FDCWD, path[side->real], fd_of(side, two.pair), two.text, AT_SYMLINK_FOLLOW));
        break;
    case 2:
        SIDES(on_chdir(side, fd_of(side, one.pair), ""));
        break;
    case 3:
        SIDES(on_access(side, AT_FDCWD, path[side->real], R_OK, 0));
        break;
    default:
        SIDES(on_truncate(side, path[side->real], (long)mode));
    }
}

static void try_place(void) {
    struct way one = way();
    char here[2][PATH_MAX];
    tell("chdir", &one, NULL, 0);
    if (one.pair < 0) {
        SIDES(on_chdir(side, AT_FDCWD, one.text));
    }
    long a = on_getcwd(&real, here[0], PATH_MAX), b = on_getcwd(&shown, here[1], PATH_MAX);
    compare(b < 0 ? b : b - (long)strlen(shown.base), a < 0 ? a : a - (long)strlen(real.base));
    if (a > 0 && b > 0) {
        compare(strcmp(here[1] + strlen(shown.base), here[0] + strlen(real.base)), 0);
    }
}

/* Whoever locks himself out of where he is cannot go on from there, even by a descriptor. */
static void stay_inside(void) {
    if (fchdir(real.cwd) != 0) {
        close(real.cwd);
        close(shown.cwd);
        real.cwd = shown.cwd = -1;
        SIDES(on_chmod(side, AT_FDCWD, "@", 0755, 0));
        real.cwd = (int)on_open(&real, AT_FDCWD, "@", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        shown.cwd = (int)on_open(&shown, AT_FDCWD, "@", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    }
}

static void start(uint64_t seed) {
    roll_from(seed);
    for (unsigned i = 0; i < PAIRS; i++) {
        static const char *const PLACES[] = {"@", "@/a", "@/a/b", "@/d", "@/e/a", "@/f"};
        pairs[i].real = (int)on_open(&real, AT_FDCWD, PLACES[i % 6], O_RDONLY | O_CLOEXEC, 0);
        pairs[i].shown = (int)on_open(&shown, AT_FDCWD, PLACES[i % 6], O_RDONLY | O_CLOEXEC, 0);
    }
    SIDES(on_chdir(side, AT_FDCWD, "@/a"));
}

static void sequence(uint64_t seed, unsigned steps) {
    start(seed);
    for (unsigned i = 0; i < steps && failures == 0; i++) {
        unsigned kind = roll(20);
        if (kind < 6) {
            try_open();
        } else if (kind < 12) {
            try_names();
        } else if (kind < 15) {
            try_attributes();
        } else if (kind < 17) {
            try_stat();
        } else if (kind < 19) {
            try_descriptor();
        } else {
            try_place();
        }
        stay_inside();
        if (failures == 0 && (i % 16 == 15 || i + 1 == steps) && !same_trees()) {
            failures++;
        }
        if (failures != 0) {
            if (getenv("STORY") != NULL) {
                fprintf(stderr, "%s", describe_all(&real));
            }
            fprintf(stderr, "seed %lu, step %u, after %s\n", (unsigned long)seed, i, story);
        }
    }
}

static int one_seed(uint64_t seed, unsigned steps, unsigned uid) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        make_both(ENTRIES, sizeof ENTRIES / sizeof *ENTRIES, uid);
        if (!same_trees()) {
            fprintf(stderr, "they differ before anything was done\n");
            failures++;
        }
        sequence(seed, steps);
        remove_both();
        _exit(failures != 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0 && !WIFEXITED(status)) {
        fprintf(stderr, "seed %lu ended by signal %d\n", (unsigned long)seed, WTERMSIG(status));
    }
    return status != 0;
}

int main(int count, char **words) {
    unsigned first = count > 1 ? (unsigned)atoi(words[1]) : 1,
             seeds = count > 2 ? (unsigned)atoi(words[2]) : 100;
    unsigned steps = count > 3 ? (unsigned)atoi(words[3]) : 200, bad = 0;
    bool root = geteuid() == 0;
    if (!root) {
        printf("not root: owners and permissions of others are not tried\n");
    }
    for (unsigned seed = first; seed < first + seeds && bad < 3; seed++) {
        bad += (unsigned)one_seed(seed, steps, root ? (seed % 2 == 0 ? 0 : 65534) : geteuid());
    }
    printf("%u sequences of %u calls, %u bad\n", seeds, steps, bad);
    return bad != 0;
}
