#include "battery.h"

static void modes(enum origin origin) {
    static const char *const all[] = {"r",   "r+", "w",  "w+", "a", "a+", "wx",
                                      "w+x", "re", "rb", "rm", "z", ""};
    static const char *const names[] = {"file",     "missing",    "dir",     "link",
                                        "dangling", "full/inner", "lacks/a", "dir/"};
    for (size_t i = 0; i < LENGTH(all); i++) {
        room(origin);
        for (size_t k = 0; k < LENGTH(names); k++) {
            begin("%s fopen %s '%s'", origins[origin], names[k], all[i]);
            errno = 0;
            FILE *stream = fopen(names[k], all[i]);
            result(got(stream));
            if (stream) {
                char text[32] = "";
                fact("read=%zu", fread(text, 1, 7, stream));
                fact("cloexec=%d", fcntl(fileno(stream), F_GETFD));
                fseek(stream, 0, SEEK_CUR);
                fact("write=%d", fputs("+stdio+", stream) >= 0 && fflush(stream) == 0);
                fact("at=%ld", ftell(stream));
                fclose(stream);
            }
            show(names[k]);
            end();
        }
    }
}

static void again(enum origin origin) {
    room(origin);
    FILE *stream = fopen("file", "r");
    int number = fileno(stream);
    stream = freopen("other", "r+", stream);
    CASE(got(stream), "%s freopen", origins[origin]);
    fact("number=%d %s", fileno(stream) == number, content_of(fileno(stream)));
    end();
    stream = freopen(NULL, "r", stream);
    CASE(got(stream), "%s freopen of itself", origins[origin]);
    if (stream) {
        fact("%s", content_of(fileno(stream)));
    }
    end();
    stream = stream ? freopen("missing", "r", stream) : NULL;
    LINE(got(stream), "%s freopen of nothing", origins[origin]);
    int fd = open("twin", O_RDWR | O_APPEND);
    stream = fdopen(fd, "a+");
    CASE(got(stream), "%s fdopen", origins[origin]);
    fputs("appended", stream);
    fclose(stream);
    show("twin");
    end();
    int saved = dup(STDOUT_FILENO);
    FILE *out = freopen("printed", "w", stdout);
    printf("to a file\n");
    fflush(stdout);
    NEED(dup2(saved, STDOUT_FILENO));
    drop(saved);
    CASE(got(out), "%s freopen of standard output", origins[origin]);
    show("printed");
    end();
}

static void named(const char *label, char *name, size_t suffix, long made) {
    CASE(made, "%s", label);
    size_t length = strlen(name);
    bool changed = length > suffix + 6 && strncmp(name + length - suffix - 6, "XXXXXX", 6) != 0;
    fact("changed=%d mode=%o suffix=%s", changed, made ? 0 : status(name).st_mode, name + length - suffix);
    end();
}

static void temporary(enum origin origin) {
    const char *here = room(origin);
    char label[64];
#define MADE_BY(call, suffix, template)                                                                      \
    do {                                                                                                     \
        char name[PATH_MAX];                                                                                 \
        snprintf(name, sizeof name, "%s", template);                                                         \
        snprintf(label, sizeof label, "%s %s", origins[origin], #call);                                      \
        errno = 0;                                                                                           \
        int fd_ = (int)(call);                                                                               \
        named(label, name, suffix, ok(fd_));                                                                 \
        drop(fd_ > 2 ? fd_ : -1);                                                                            \
    } while (0)
    char absolute[PATH_MAX];
    snprintf(absolute, sizeof absolute, "%s/dir/aXXXXXX", here);
    MADE_BY(mkstemp(name), 0, "tXXXXXX");
    MADE_BY(mkstemp(name), 0, absolute);
    MADE_BY(mkostemp(name, O_CLOEXEC | O_APPEND), 0, "dir/tXXXXXX");
    MADE_BY(mkstemps(name, 4), 4, "tXXXXXX.end");
    MADE_BY(mkostemps(name, 2, O_CLOEXEC), 2, "tXXXXXX.c");
    MADE_BY(mkstemp(name), 0, "lacks/tXXXXXX");
    MADE_BY(mkstemp(name), 0, "tXXXXX");
    MADE_BY(got(mkdtemp(name)), 0, "dXXXXXX");
    MADE_BY(got(mkdtemp(name)), 0, "file/dXXXXXX");
    int different = 0;
    char last[16] = "";
    for (int i = 0; i < 200; i++) {
        char name[16] = "sXXXXXX";
        drop(mkstemp(name));
        different += strcmp(name, last) != 0;
        strcpy(last, name);
    }
    CASE(different, "%s two hundred names", origins[origin]);
    end();
    FILE *stream = tmpfile();
    CASE(got(stream), "%s tmpfile", origins[origin]);
    fputs("temporary", stream);
    fflush(stream);
    struct stat is;
    NEED(fstat(fileno(stream), &is));
    fact("%s links=%ju", content_of(fileno(stream)), (uintmax_t)is.st_nlink);
    fclose(stream);
    end();
    setenv("TMPDIR", here, 1);
    char *name = tempnam(NULL, "pre");
    CASE(got(name), "%s tempnam", origins[origin]);
    fact("%d", name && strncmp(name, here, strlen(here)) == 0);
    end();
    free(name);
    unsetenv("TMPDIR");
}

static void commands(enum origin origin) {
    room(origin);
    FILE *stream = popen("cat file; pwd | sed 's,.*/,,'", "r");
    char text[128] = "";
    CASE(got(stream), "%s popen", origins[origin]);
    size_t length = fread(text, 1, sizeof text - 1, stream);
    for (char *c = text; *c; c++) {
        *c = *c <= ' ' ? '.' : *c;
    }
    fact("%zu %s status=%d", length, text, pclose(stream));
    end();
    CASE(system(
             "echo from the shell >by-shell && mv other moved && mkdir d && test -f twin && ! test -e other"),
         "%s system", origins[origin]);
    show("by-shell");
    show("moved");
    show("d");
    end();
    CASE(system("cat link/ 2>/dev/null || cat dlink/inner >>by-shell; rm -r full; cp -p twin copied"),
         "%s more of it", origins[origin]);
    show("by-shell");
    show("full");
    show("copied");
    fact("time=%d", compare_times(status("twin").st_mtim, status("copied").st_mtim));
    end();
    CASE(system("find . | LC_ALL=C sort | tr '\\n' ' '; echo"), "%s find", origins[origin]);
    end();
}

void stdio_subject(void) {
    BOTH(origin) {
        modes(origin);
        again(origin);
        temporary(origin);
        commands(origin);
    }
}
