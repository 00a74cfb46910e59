#include "hooks_test.h"

#include <dlfcn.h>
#include <link.h>

static bool works(void *library) {
    int (*in_library)(void) = library ? (int (*)(void))dlsym(library, "in_library") : NULL;
    return in_library && in_library() == 4711;
}

static bool t_dlopen(void *symbol) {
    void *(*call)(const char *, int) = (void *(*)(const char *, int))symbol;
    CHECK(works(call(TREE "/dir/library.so", RTLD_NOW)));
    CHECK(!call(TREE "/none.so", RTLD_NOW) && dlerror() && call(NULL, RTLD_NOW));
    CHECK(chdir(TREE "/dir") == 0 && works(call("./library.so", RTLD_NOW)));
    /* Found by the RUNPATH of this program alone, so libc must have seen that it is the one who calls. */
    CHECK(call("velo-hooks-origin.so", RTLD_NOW));
    return true;
}

static bool t_dlmopen(void *symbol) {
    return works(
        ((void *(*)(Lmid_t, const char *, int))symbol)(LM_ID_BASE, TREE "/dir/library.so", RTLD_NOW));
}

CASES("dl", {"dlopen", t_dlopen}, {"dlmopen", t_dlmopen})
