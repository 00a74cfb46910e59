#include "client.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

/* The end of the strings that follow each other from here on, as the kernel has laid them out (execve(2)). */
static char *end_of(char **strings, char *at) {
    for (; *strings != NULL && *strings == at; strings++) {
        at += strlen(at) + 1;
    }
    return at;
}

/*
 * The kernel shows what lies between addresses that only the privileged may change, so it is overwritten.
 * Where the last byte of the arguments is not NUL, it takes them for a title that ends at the first one: then
 * their length does not show either.
 */
void become_launcher(char **arguments, char **environment) {
    static const char title[] = "velo-launch";
    char *begin = arguments[0];
    char *end = end_of(arguments, begin);
    char *all = end_of(environment, end);
    char *executed = (char *)getauxval(AT_EXECFN);
    explicit_bzero(begin, (size_t)(all - begin));
    if (executed != NULL) {
        explicit_bzero(executed, strlen(executed));
    }
    if ((size_t)(all - begin) >= sizeof title) {
        memcpy(begin, title, sizeof title);
    }
    if (end - begin > (ptrdiff_t)sizeof title) {
        end[-1] = '.';
    }
    prctl(PR_SET_NAME, title, 0, 0, 0);
}
