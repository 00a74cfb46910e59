#include "beside.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Directories that are open or somebody's current one; lists of them; programs of the tree. */

static struct made_entry ENTRIES[] = {
    {'d', "a", 0755, NULL, 0},          {'d', "a/b", 0755, NULL, 0},     {'d', "a/b/c", 0755, NULL, 0},
    {'f', "a/b/c/f", 0644, NULL, 20},   {'d', "x", 0755, NULL, 0},       {'d', "many", 0755, NULL, 0},
    {'f', "many/lower", 0644, NULL, 5}, {'f', "echo", 0755, NULL, 0},    {'l', "link", 0777, "echo", 0},
    {'f', "plain", 0644, NULL, 30},     {'f', "static", 0755, NULL, 70},
};
enum { ECHO = 7 };

static void renamed_around(void) {
    char here[PATH_MAX];
    struct stat status;
    int fds[2];
    for (unsigned i = 0; i < 2; i++) {
        fds[i] =
            (int)on_open(i == 0 ? &shown : &real, AT_FDCWD, "@/a/b", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    }
    BOTH(on_chdir(side, AT_FDCWD, "@/a/b/c"));
    BOTH(on_rename(side, AT_FDCWD, "@/a", AT_FDCWD, "@/x/moved", 0));
    BOTH(on_stat(side, AT_FDCWD, "f", 0, &status));
    BOTH(on_stat(side, AT_FDCWD, "../c/f", 0, &status));
    BOTH(on_stat(side, AT_FDCWD, "../../../moved", 0, &status));
    BOTH(on_stat(side, fds[side->real], "c/f", 0, &status));
    BOTH(on_mkdir(side, fds[side->real], "new", 0755));
    long length = on_getcwd(&shown, here, sizeof here);
    CHECK(length > 0 && strcmp(here + strlen(shown.base), "/x/moved/b/c") == 0);
    CHECK_IS(on_getcwd(&shown, here, (size_t)length - 1), -ERANGE);
    CHECK_IS(on_getcwd(&shown, here, 3), -ERANGE);
    BOTH(on_unlink(side, AT_FDCWD, "f", 0));
    BOTH(on_unlink(side, AT_FDCWD, "../c", AT_REMOVEDIR));
    BOTH(on_getcwd(side, here, sizeof here));
    BOTH(on_stat(side, AT_FDCWD, ".", 0, &status));
    CHECK(status.st_nlink == 0);
    BOTH(on_mkdir(side, AT_FDCWD, "d", 0755));
    BOTH(on_open(side, AT_FDCWD, "f", O_CREAT | O_WRONLY, 0644));
    BOTH(on_chdir(side, fds[side->real], ""));
    BOTH(on_stat(side, AT_FDCWD, "new", 0, &status));
    BOTH(on_chdir(side, AT_FDCWD, "@"));
    CHECK(on_getcwd(&shown, here, sizeof here) == (long)strlen(shown.base) + 1);
    CHECK_IS(on_getcwd(&shown, here, strlen(shown.base)), -ERANGE);
    close(fds[0]);
    close(fds[1]);
    CHECK(same_trees());
}

/* A child inherits the directory and the descriptors. */
static void in_a_child(void) {
    int fd = (int)on_open(&shown, AT_FDCWD, "@/x", O_RDONLY | O_DIRECTORY, 0), ended = -1;
    pid_t child = fork();
    if (child == 0) {
        struct stat status;
        bool good = on_mkdir(&shown, fd, "by-child", 0755) == 0;
        good = good && on_stat(&shown, AT_FDCWD, "x/by-child", 0, &status) == 0;
        _exit(!good);
    }
    CHECK(waitpid(child, &ended, 0) == child && ended == 0);
    CHECK_IS(on_unlink(&shown, fd, "by-child", AT_REMOVEDIR), 0);
    close(fd);
}

static unsigned count_names(int fd, size_t room) {
    char records[2000];
    unsigned count = 0;
    long got;
    while ((got = on_getdents(&shown, fd, records, room)) > 0) {
        for (long at = 0; at < got; at += ((struct dirent64 *)(records + at))->d_reclen) {
            count++;
        }
    }
    CHECK_IS(got, 0);
    return count;
}

static void lists(void) {
    char name[40], records[1000];
    int fd = (int)on_open(&shown, AT_FDCWD, "@/many", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "@/many/n%u", i);
        CHECK_IS(on_mkdir(&shown, AT_FDCWD, name, 0755), 0);
    }
    CHECK(count_names(fd, 2000) == 103 && lseek(fd, 0, SEEK_SET) == 0 && count_names(fd, 60) == 103);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK_IS(on_getdents(&shown, fd, records, 20), -EINVAL);
    int copy = dup(fd);
    CHECK(on_getdents(&shown, fd, records, 500) > 0 && count_names(copy, 2000) < 103 &&
          count_names(fd, 2000) == 0);
    close(copy);
    /* Whoever removes what he reads sees all of it. */
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    unsigned removed = 0;
    for (long got; (got = on_getdents(&shown, fd, records, 300)) > 0;) {
        for (long at = 0; at < got; at += ((struct dirent64 *)(records + at))->d_reclen) {
            const char *found = ((struct dirent64 *)(records + at))->d_name;
            removed += found[0] == 'n' && on_unlink(&shown, fd, found, AT_REMOVEDIR) == 0;
        }
    }
    CHECK_IS((long)removed, 100);
    close(fd);
    struct stat root;
    fd = (int)on_open(&shown, AT_FDCWD, "@", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    CHECK(on_getdents(&shown, fd, records, 1000) > 0 && stat(scratch, &root) == 0);
    for (unsigned i = 0, at = 0; i < 2; i++, at += ((struct dirent64 *)(records + at))->d_reclen) {
        struct dirent64 *entry = (struct dirent64 *)(records + at);
        CHECK(entry->d_ino == (i == 0 ? 1 : root.st_ino) && strcmp(entry->d_name, i == 0 ? "." : "..") == 0);
    }
    close(fd);
}

/* The content of a blob becomes that of a program of this machine. */
static void put_program(const char *path, const char *program) {
    char command[4 * PATH_MAX], elsewhere[PATH_MAX], from[PATH_MAX];
    snprintf(from, sizeof from, "%s/%s", shown.base, path);
    CHECK_IS(call_real_path(&caller, AT_FDCWD, from, 0, elsewhere), PASS);
    snprintf(command, sizeof command, "rm -f %s && cp %s %s && chmod 0444 %s && rm -f %s/%s && cp %s %s/%s",
             elsewhere, program, elsewhere, elsewhere, real.base, path, program, real.base, path);
    CHECK(system(command) == 0);
}

static void put_script(const char *name, const char *line) {
    for (unsigned i = 0; i < 2; i++) {
        const struct side *side = i == 0 ? &real : &shown;
        char text[PATH_MAX], path[100];
        const char *base = strchr(line, '@');
        snprintf(text, sizeof text, "%.*s%s%s\nrest\n", (int)(base ? base - line : (long)strlen(line)), line,
                 base ? side->base : "", base ? base + 1 : "");
        snprintf(path, sizeof path, "@/%s", name);
        int fd = (int)on_open(side, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
        CHECK(fd >= 0 && write(fd, text, strlen(text)) == (long)strlen(text));
        close(fd);
    }
}

static _Noreturn void execute(const struct side *side, const char *name) {
    char path[PATH_MAX], *words[40];
    static struct program program;
    char argument[] = "argument", zero[] = "zero";
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/%s", side->base, name);
    if (!side->real) {
        long result = call_execve(&caller, AT_FDCWD, path, 0, &program);
        if (result != PASS) {
            printf("%s\n", strerrorname_np((int)-result));
            exit(0);
        }
    }
    char *word = program.words;
    for (unsigned i = 0; i < program.word_count; i++, word += strlen(word) + 1) {
        words[count++] = word;
    }
    words[count++] = program.word_count > 0 ? path : zero;
    words[count++] = argument;
    words[count] = NULL;
    execv(program.path[0] != 0 ? program.path : path, words);
    printf("%s\n", strerrorname_np(errno));
    exit(0);
}

/* What was printed, with '@' for the base. */
static void output_of(const struct side *side, const char *name, char *out, size_t room) {
    char text[4096];
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        execute(side, name);
    }
    close(ends[1]);
    size_t length = 0;
    for (long got; (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0;) {
        length += (size_t)got;
    }
    text[length] = 0;
    close(ends[0]);
    waitpid(child, NULL, 0);
    *out = 0;
    for (const char *at = text; *at != 0;) {
        const char *base = strstr(at, side->base);
        size_t before = base == NULL ? strlen(at) : (size_t)(base - at);
        size_t had = strlen(out);
        snprintf(out + had, room - had, "%.*s%s", (int)before, at, base == NULL ? "" : "@");
        at += before + (base == NULL ? 0 : strlen(side->base));
    }
}

static void same_run(const char *name) {
    char one[8192], other[8192];
    output_of(&real, name, one, sizeof one);
    output_of(&shown, name, other, sizeof other);
    if (strcmp(one, other) != 0) {
        fprintf(stderr, "%s: %s, not %s\n", name, other, one);
        failures++;
    }
}

static void programs(void) {
    static struct program program;
    char path[PATH_MAX], told[PATH_MAX];
    char *text = malloc(600);
    put_program("echo", "/bin/echo");
    static const char *const LINES[] = {"#!@/echo",
                                        "#! @/echo one two  ",
                                        "#!@/link\tx",
                                        "#!/bin/echo host",
                                        "#!",
                                        "#! ",
                                        "#!@/none",
                                        "#!@/plain",
                                        "#!@",
                                        "#!@/s1 nested",
                                        "#!@/s9 more",
                                        "#!@/s10",
                                        "#!@/s11",
                                        "#!@/s12",
                                        "#!@/s13",
                                        "nothing",
                                        ""};
    for (unsigned i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        snprintf(path, sizeof path, "s%u", i);
        put_script(path, LINES[i]);
        same_run(path);
    }
    for (unsigned i = 0; i < 300; i += 7) {
        memset(text, i % 2 == 0 ? 'x' : ' ', 600);
        memcpy(text, "#!@/echo ", 9);
        text[9 + i] = 0;
        put_script("long", text);
        same_run("long");
    }
    free(text);
    same_run("echo");
    same_run("link");
    same_run("plain");
    same_run("none");
    same_run("x");
    same_run("echo/");
    snprintf(path, sizeof path, "%s/echo", shown.base);
    CHECK_IS(call_execve(&caller, AT_FDCWD, path, 0, &program), PASS);
    CHECK(!program.is_static && !program.script && strstr(program.path, "/exec/") != NULL);
    CHECK_IS(call_execve(&caller, AT_FDCWD, "/bin/sh", 0, &program), PASS);
    CHECK(!program.is_static && program.path[0] == 0);
    /* Copied up it is its own program. */
    CHECK_IS(on_chmod(&shown, AT_FDCWD, "@/echo", 0700, 0), 0);
    int fd = (int)on_open(&shown, AT_FDCWD, "@/echo", O_WRONLY | O_CLOEXEC, 0);
    close(fd);
    CHECK_IS(call_execve(&caller, AT_FDCWD, path, 0, &program), PASS);
    CHECK(strstr(program.path, "/files/") != NULL);
    same_run("echo");
    caller.program = program.node;
    long length = on_readlink(&shown, AT_FDCWD, "/proc/self/exe", told, sizeof told - 1);
    told[length < 0 ? 0 : length] = 0;
    CHECK(strcmp(told, path) == 0);
    caller.program = ROOT_NODE;
}

int main(void) {
    struct stat status;
    CHECK(stat("/bin/echo", &status) == 0);
    ENTRIES[ECHO].size = (uint64_t)status.st_size;
    make_both(ENTRIES, sizeof ENTRIES / sizeof *ENTRIES, geteuid());
    renamed_around();
    in_a_child();
    lists();
    programs();
    remove_both();
    printf("places: %u failures\n", failures);
    return failures != 0;
}
