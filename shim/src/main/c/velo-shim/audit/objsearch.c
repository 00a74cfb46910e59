#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>

/* What ld.so calls; all else is hidden. */
#define CALLED __attribute__((visibility("default")))
CALLED unsigned la_version(unsigned version);
CALLED char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag);
CALLED void la_activity(uintptr_t *cookie, unsigned flag);

/* ld.so passes what it has passed to the program's own constructors. */
__attribute__((constructor)) static void constructed(int count, char **words, char **environment) {
    (void)count;
    (void)words;
    audit_environment(environment);
}

unsigned la_version(unsigned version) {
    return version;
}

/* What was answered last: ld.so opens it at once, and other auditors may have been told of it before that. */
enum { ANSWERS = 4 };

static char *next_answer(void) {
    static char answers[ANSWERS][PATH_MAX];
    static unsigned next;
    return answers[next++ % ANSWERS];
}

/*
 * While it searches directories, ld.so puts the names together in memory of its own stack: the directory,
 * once, and behind it what it looks for, several times where there are variants for processors. Where it
 * finds none, it asks the kernel whether there is such a directory, and never looks there again if not. So
 * for a directory of the tree its name is overwritten, once it has been copied, by one of the root that is as
 * long, and put back when the next name has it.
 */
static struct {
    const char *at;
    size_t length;
    char text[PATH_MAX];
} hidden;

static char cover(size_t i) {
    return i % 2 == 0 ? '/' : '.';
}

static void hide_directory(char *name) {
    size_t length = strlen(name) + 1, end = (size_t)(strrchr(name, '/') - name);
    if (length > sizeof hidden.text) {
        return;
    }
    memcpy(hidden.text, name, length);
    hidden.at = name;
    hidden.length = end + 1;
    for (size_t i = 0; i < end; i++) {
        name[i] = cover(i);
    }
}

static void put_back(char *name) {
    size_t same = 0;
    if (name != hidden.at) {
        return;
    }
    while (same < hidden.length && name[same] == (same + 1 < hidden.length ? cover(same) : '/')) {
        same++;
    }
    /* The end of what was covered by the name of a longer directory may be a dot. */
    while (same > 0 && hidden.text[same - 1] != '/') {
        same--;
    }
    if (same > 2) {
        memcpy(name, hidden.text, same);
    }
    hidden.at = NULL;
}

/* The same name, where $ORIGIN of the program is the directory of the tree. */
static bool shown_name(const char *name, char *out, size_t fill) {
    struct directory real, shown;
    if (!audit_origin(&real, &shown) || strncmp(name, real.text, real.length) != 0 ||
        name[real.length] != '/') {
        return false;
    }
    size_t rest = strlen(name + real.length) + 1, slashes = fill > shown.length ? fill - shown.length : 0;
    if (shown.length + slashes + rest > PATH_MAX) {
        return false;
    }
    memcpy(out, shown.text, shown.length);
    memset(out + shown.length, '/', slashes);
    memcpy(out + shown.length + slashes, name + real.length, rest);
    return true;
}

/* PASS and the file to open in out, which is empty where it is good as it is named. */
static long find(struct caller *caller, const char *name, char *out) {
    out[0] = 0;
    long result = call_access(caller, AT_FDCWD, name, 4, AT_EACCESS, out);
    if (result != 0) {
        return result;
    }
    out[0] = 0;
    return call_real_path(caller, AT_FDCWD, name, 0, out);
}

/*
 * A real file that is closed to this process, which became another user, is named by a descriptor, until
 * ld.so has opened it: when it asks for the next one, or has all.
 */
static struct door_way held = {.fd = -1};

static char *reachable(char *real) {
    audit_leave(&held);
    return audit_way(real, &held) ? held.text : real;
}

void la_activity(uintptr_t *cookie, unsigned flag) {
    (void)cookie;
    if (flag == LA_ACT_CONSISTENT) {
        audit_leave(&held);
    }
}

static bool is_directory_of_tree(struct caller *caller, const char *name) {
    char directory[PATH_MAX], elsewhere[PATH_MAX];
    size_t length = (size_t)(strrchr(name, '/') - name);
    memcpy(directory, name, length);
    directory[length] = 0;
    elsewhere[0] = 0;
    return call_access(caller, AT_FDCWD, directory, 0, 0, elsewhere) == 0;
}

/* A name of ld.so's own, which it has put together to look for it. */
static char *searched(struct caller *caller, char *name) {
    char *answer = next_answer(), *shown = next_answer();
    struct directory from, to;
    /* The library keeps the name that is here, so its own $ORIGIN leads to the tree. It must not grow. */
    if (audit_origin(&from, &to) && to.length <= from.length && shown_name(name, shown, from.length)) {
        memcpy(name, shown, strlen(shown) + 1);
    } else if (!shown_name(name, shown, 0)) {
        memcpy(shown, name, strlen(name) + 1);
    }
    if (find(caller, shown, answer) == PASS) {
        return answer[0] ? reachable(answer) : name;
    }
    if (is_directory_of_tree(caller, shown)) {
        hide_directory(name);
        return shown;
    }
    return name;
}

/*
 * A name with a slash is asked about once, and what is answered is what the library is called from then on.
 * So the answer is a name that ld.so must search for, and has as many letters; the first directory in which
 * it does so is where the file is found, and the name in ld.so's memory becomes the one that was asked for.
 */
static struct {
    size_t length; /* 0: nothing is on its way */
    char name[PATH_MAX], searched[PATH_MAX], real[PATH_MAX];
} wanted;

/* Else ld.so goes on to the next directory, and would take the one where it was for missing. */
static bool is_of_this_machine(const char *path) {
    ElfW(Ehdr) head, *own;
    extern char own_head[] __asm__("__ehdr_start") __attribute__((visibility("hidden")));
    own = (ElfW(Ehdr) *)(void *)own_head;
    struct door_way way;
    const bool closed = audit_way(path, &way);
    long fd = RAW4(SYS_openat, AT_FDCWD, closed ? way.text : path, O_RDONLY | O_CLOEXEC, 0);
    audit_leave(&way);
    if (fd < 0) {
        return false;
    }
    long length = RAW3(SYS_read, fd, &head, sizeof head);
    RAW1(SYS_close, fd);
    return length == sizeof head && memcmp(head.e_ident, own->e_ident, EI_OSABI) == 0 &&
           head.e_machine == own->e_machine;
}

static char *want(const char *name) {
    wanted.length = strlen(name);
    memcpy(wanted.name, name, wanted.length + 1);
    memcpy(wanted.searched, name, wanted.length + 1);
    for (size_t i = 0; i < wanted.length; i++) {
        if (wanted.searched[i] == '/') {
            wanted.searched[i] = ':';
        }
    }
    return wanted.searched;
}

static char *named(struct caller *caller, const char *name) {
    char *shown = next_answer();
    if (strchr(name, '$')) {
        return (char *)(uintptr_t)name;
    }
    bool found =
        shown_name(name, shown, 0) && find(caller, shown, wanted.real) == PASS && wanted.real[0] != 0;
    if (!found) {
        memcpy(shown, name, strlen(name) + 1);
        found = find(caller, name, wanted.real) == PASS && wanted.real[0] != 0;
    }
    if (!found) {
        return (char *)(uintptr_t)name;
    }
    return is_of_this_machine(wanted.real) ? want(shown) : reachable(wanted.real);
}

/* The first directory in which ld.so looks for the name that it was given instead. */
static char *arrived(char *name) {
    size_t length = strlen(name);
    if (wanted.length == 0 || length <= wanted.length || name[length - wanted.length - 1] != '/' ||
        memcmp(name + length - wanted.length, wanted.searched, wanted.length) != 0) {
        return NULL;
    }
    memcpy(name, wanted.name, wanted.length + 1);
    wanted.length = 0;
    return reachable(wanted.real);
}

char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag) {
    (void)cookie;
    char *same = (char *)(uintptr_t)name, *found = NULL;
    bool is_search = flag == LA_SER_LIBPATH || flag == LA_SER_RUNPATH || flag == LA_SER_DEFAULT;
    if (is_search) {
        put_back(same);
        found = arrived(same);
    } else {
        wanted.length = 0;
    }
    if (found || (!is_search && flag != LA_SER_ORIG)) {
        return found ? found : same;
    }
    struct caller *caller = strchr(name, '/') && strlen(name) < PATH_MAX ? audit_caller(name) : NULL;
    if (!caller) {
        return same;
    }
    return is_search ? searched(caller, same) : named(caller, name);
}
