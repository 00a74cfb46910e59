#include "sys.h"

#include <dlfcn.h>

#define NAME(name) #name,
static const char *const names[] = {HIDDEN(NAME)};
#undef NAME
#define COUNT (sizeof names / sizeof *names)

static void *found[COUNT];

/* dlsym(3) takes locks and may allocate: so all is asked for at the start, before there are threads. */
void hidden_start(void) {
    int before = errno;
    for (size_t i = 0; i < COUNT; i++) {
        found[i] = dlsym(RTLD_NEXT, names[i]);
    }
    errno = before;
}

void *hidden_function(enum hidden which) {
    if (!found[which]) {
        hidden_start();
    }
    return found[which];
}

bool libc_is_musl(void) {
    return !hidden_function(HIDDEN_gnu_get_libc_version);
}
