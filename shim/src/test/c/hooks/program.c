#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* dir/program of the tests: tells how it was started, on one line, or by which name it is known. */
int main(int count, char **words) {
    struct stat state;
    char path[4096], here[4096];
    if (count > 1 && strcmp(words[1], "--name") == 0) {
        prctl(PR_GET_NAME, path);
        printf("known as %s\n", path);
        return 7;
    }
    const char *preload = getenv("LD_PRELOAD");
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    printf("%s", words[0]);
    for (int i = 1; i < count; i++) {
        printf(" %s", words[i]);
    }
    printf(" | exe %s | tree %s | preload %s | cwd %s\n", path,
           stat("/velo-hooks-tree/dir/file", &state) == 0 ? "yes" : "no",
           preload && strstr(preload, "libvelo-shim") ? "yes" : "no", getcwd(here, sizeof here) ? here : "?");
    return 7;
}
