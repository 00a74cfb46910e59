#define _GNU_SOURCE
#include "in_tree.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * apart TREE: a process becomes user 65534 and enters a user namespace, where it has all capabilities, but
 * none that count for files of root. Then its parent has its own number stand for root there. What it tries
 * in the tree fails each time, as on a disk.
 */
static void say(const char *what, long result) {
    printf("%s: %s\n", what, result < 0 ? "refused" : "done");
}

static void act(void) {
    say("read", open(in_tree("secret"), O_RDONLY));
    say("look", access(in_tree("secret"), R_OK));
    say("truncate", open(in_tree("rw"), O_WRONLY | O_TRUNC));
    say("chmod", chmod(in_tree("secret"), 0666));
    say("unlink", unlink(in_tree("closed/file")));
    say("mkdir", mkdir(in_tree("closed/new"), 0755));
    say("create", open(in_tree("closed/made"), O_CREAT | O_WRONLY, 0644));
    fflush(stdout);
}

static void put(pid_t process, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    const int file = open(path, O_WRONLY);
    if (file < 0 || write(file, text, strlen(text)) < 0) {
        perror(path);
    }
    close(file);
}

int main(int count, char **words) {
    int there[2], mapped[2];
    char byte = 0;
    tree = count > 1 ? words[1] : "";
    if (pipe(there) != 0 || pipe(mapped) != 0) {
        return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
        if (!become_other()) {
            return 1;
        }
        act();
        say("enter", unshare(CLONE_NEWUSER));
        act();
        (void)!write(there[1], &byte, 1);
        (void)!read(mapped[0], &byte, 1);
        printf("as %d\n", (int)getuid());
        act();
        return 0;
    }
    (void)!read(there[0], &byte, 1);
    put(child, "uid_map", "0 65534 1");
    put(child, "gid_map", "0 65534 1");
    (void)!write(mapped[1], &byte, 1);
    int status = 1;
    waitpid(child, &status, 0);
    return status != 0;
}
