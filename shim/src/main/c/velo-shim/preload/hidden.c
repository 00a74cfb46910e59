#include "sys.h"

#include <dlfcn.h>

void *hidden_function(const char *name) {
    int before = errno;
    void *found = dlsym(RTLD_NEXT, name);
    errno = before;
    return found;
}
