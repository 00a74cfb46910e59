/*
 * Calls that a profile may deny, each where nothing but a filter refuses it: prints "<name> <outcome>" a
 * line, where the outcome is "works" or the name of an errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static void say(const char *name, long result) {
    printf("%s %s\n", name, result >= 0 ? "works" : strerrorname_np(errno));
}

int main(void) {
    char path[4096];
    struct utsname names;
    int pair[2];
    int waiting = 0;
    say("getcwd", syscall(SYS_getcwd, path, sizeof path));
    say("mkdirat", syscall(SYS_mkdirat, AT_FDCWD, "/tmp/made", 0700));
    say("uname", syscall(SYS_uname, &names));
    say("pipe2", syscall(SYS_pipe2, pair, 0));
    say("ioctl", syscall(SYS_ioctl, pair[0], FIONREAD, &waiting));
    say("socket", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
    say("statmount", syscall(457, NULL, NULL, 0, 0) < 0 && errno == EPERM ? -1 : 0);
    return 0;
}
