#ifndef VELO_HOOKS_TEST_H
#define VELO_HOOKS_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef __GLIBC__
/* What musl's headers have not. */
#include <linux/fs.h>
#include <linux/stat.h>
#define GLOB_BRACE (1 << 10)
#define LM_ID_BASE 0
typedef long Lmid_t;
#endif

/*
 * Tests of the preload library's hooks. A case is named like the symbol that it calls, and gets its address
 * as the program's own libraries would find it. Every case works on paths below TREE, which is nowhere on
 * disk: so without the library every case must fail. Each runs in a process of its own, in the same session.
 *
 * What is there (session_maker.c): dir/file and dir/twin, which are one blob; dir/sub/deep; dir/script,
 * dir/program, dir/nested.sh, dir/library.so; link -> dir/file; dirlink -> dir; empty; private (0600).
 */
#define TREE "/velo-hooks-tree"
#define IN_FILE "content 8\n"

struct test_case {
    const char *name;
    bool (*run)(void *symbol);
};

extern const char group[];
extern const struct test_case cases[];
extern const size_t case_count;

#define CASES(NAME, ...)                                                                                     \
    const char group[] = NAME;                                                                               \
    const struct test_case cases[] = {__VA_ARGS__};                                                          \
    const size_t case_count = sizeof cases / sizeof *cases;

/* Fails the case, and says where. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return failed(__FILE__, __LINE__, #condition);                                                   \
    } while (0)
bool failed(const char *file, int line, const char *condition);

/* The file has exactly this content; by open and read. */
bool has_content(const char *path, const char *content);
bool fd_has_content(int fd, const char *content);
/* A new file of this content. */
bool make_file(const char *path, const char *content);
bool exists(const char *path);
/* TREE/NAME.PID: for what a case makes. */
const char *fresh(const char *name);
/* A file that the case may change, with IN_FILE in it; NULL: it cannot be made. */
const char *own_file(const char *name);

#endif
