#include "hooks_test.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/wait.h>

bool failed(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: %s (%s)\n", file, line, condition, strerror(errno));
    return false;
}

bool fd_has_content(int fd, const char *content) {
    char buffer[4096];
    ssize_t length = pread(fd, buffer, sizeof buffer, 0);
    return length == (ssize_t)strlen(content) && memcmp(buffer, content, (size_t)length) == 0;
}

bool has_content(const char *path, const char *content) {
    int fd = open(path, O_RDONLY);
    bool same = fd >= 0 && fd_has_content(fd, content);
    if (fd >= 0) {
        close(fd);
    }
    return same;
}

bool make_file(const char *path, const char *content) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    bool good = fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

bool exists(const char *path) {
    struct stat state;
    return lstat(path, &state) == 0;
}

const char *fresh(const char *name) {
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], TREE "/%s.%d", name, (int)getpid());
    return path;
}

const char *own_file(const char *name) {
    const char *path = fresh(name);
    return make_file(path, IN_FILE) ? path : NULL;
}

#ifdef STATIC_SYMBOLS
/* In a static program nobody finds a symbol by its name: static_symbols.sh has made a table of what the C
 * library has. */
#define SYMBOL(name, number) extern char symbol_##number[] __asm__(name);
#include STATIC_SYMBOLS
#undef SYMBOL

static void *find_symbol(const char *name) {
    static const struct {
        const char *name;
        void *at;
    } symbols[] = {
#define SYMBOL(name, number) {name, symbol_##number},
#include STATIC_SYMBOLS
#undef SYMBOL
    };
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        if (strcmp(symbols[i].name, name) == 0) {
            return symbols[i].at;
        }
    }
    return NULL;
}
#else
static void *find_symbol(const char *name) {
    return dlsym(RTLD_DEFAULT, name);
}
#endif

static bool run(const struct test_case *test) {
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        void *symbol = find_symbol(test->name);
        if (!symbol && strncmp(test->name, "SYS_", 4) == 0) {
            symbol = find_symbol("syscall");
        }
        if (!symbol) {
            fprintf(stderr, "no symbol %s\n", test->name);
            _exit(1);
        }
        _exit(test->run(symbol) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A line of the file is GROUP:CASE. */
static bool is_listed(const char *path, const char *name) {
    char line[256], wanted[256];
    bool found = false;
    FILE *list = fopen(path, "r");
    snprintf(wanted, sizeof wanted, "%s:%s\n", group, name);
    while (list && !found && fgets(line, sizeof line, list)) {
        found = strcmp(line, wanted) == 0;
    }
    if (list) {
        fclose(list);
    }
    return found;
}

static bool is_chosen(int count, char **words, const char *name) {
    if (count > 2) {
        return is_listed(words[2], name);
    }
    return count < 2 || words[1][0] == '-' || strcmp(words[1], name) == 0;
}

/* --list; --without: no case may pass; --only FILE: those that it names, as --without FILE; or the name of a
 * case. */
int main(int count, char **words) {
    bool without = count > 1 && strcmp(words[1], "--without") == 0;
    bool list = count > 1 && strcmp(words[1], "--list") == 0;
    size_t bad = 0, ran = 0;
    if (without && !freopen("/dev/null", "w", stderr)) {
        return 2;
    }
    for (size_t i = 0; i < case_count; i++) {
        if (list) {
            printf("%s:%s\n", group, cases[i].name);
            continue;
        }
        if (!is_chosen(count, words, cases[i].name)) {
            continue;
        }
        ran++;
        if (run(&cases[i]) == without) {
            printf("%s:%s %s\n", group, cases[i].name, without ? "passes without the library" : "FAILED");
            bad++;
        }
    }
    if (!list) {
        printf("%s: %zu cases, %zu %s\n", group, ran, bad, without ? "pass without the library" : "failed");
    }
    return bad == 0 && (list || ran > 0) ? 0 : 1;
}
