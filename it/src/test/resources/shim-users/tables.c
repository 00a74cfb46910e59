#define _GNU_SOURCE
#include "in_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* tables TREE: another user's thread with a table of descriptors of its own, and one that goes on when the
 * first thread has ended. */
static void say(const char *what, long result) {
    printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static void act(void) {
    struct stat state;
    say("read", open(in_tree("data/n1.txt"), O_RDONLY));
    say("write", open(in_tree("open/mine"), O_WRONLY | O_CREAT, 0644));
    say("look", stat(in_tree("open/mine"), &state));
    say("chmod", chmod(in_tree("open/mine"), 0604));
    const int removed = open(in_tree("open/removed"), O_RDWR | O_CREAT, 0644);
    unlink(in_tree("open/removed"));
    say("chmod what is removed", fchmod(removed, 0600));
    fflush(stdout);
}

static void *of_its_own(void *none) {
    say("own table", unshare(CLONE_FILES));
    act();
    return none;
}

static void *last(void *none) {
    (void)none;
    usleep(200000);
    act();
    exit(0);
}

int main(int count, char **words) {
    pthread_t thread;
    tree = count > 1 ? words[1] : "";
    if (!become_other() || pthread_create(&thread, NULL, of_its_own, NULL) != 0 ||
        pthread_join(thread, NULL) != 0 || pthread_create(&thread, NULL, last, NULL) != 0) {
        return 1;
    }
    pthread_exit(NULL);
}
