/* A program that needs library.so, and says by which name ld.so knows it. With words: those libraries are
 * loaded, too. */
#include <dlfcn.h>
#include <stdio.h>

int in_library(void);

static int name_of(const void *code) {
    Dl_info info;
    return !code || dladdr(code, &info) == 0 || puts(info.dli_fname) < 0;
}

int main(int count, char **words) {
    int bad = in_library() != 4711 || name_of((const void *)in_library);
    for (int i = 1; i < count; i++) {
        void *library = dlopen(words[i], RTLD_NOW);
        bad |= library ? name_of(dlsym(library, "in_library")) : puts("not found") < 0;
    }
    return bad;
}
