#include "supervision.h"

#include "supervise/filter.h"
#include "supervise/supervise.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * supervised SESSION PROGRAM [WORD]...: the program under the filter, and this process as its supervisor, on
 * a session as session_maker makes it. Ends as the program does, once no process is left under the filter.
 */

static _Noreturn void execute(int channel, char **words) {
    long listener = filter_install();
    if (listener < 0) {
        fprintf(stderr, "seccomp: %s\n", strerror((int)-listener));
        _exit(125);
    }
    send_descriptor(channel, (int)listener);
    close((int)listener);
    close(channel);
    execvp(words[0], words);
    perror(words[0]);
    _exit(127);
}

int main(int count, char **words) {
    static struct world world;
    int channel[2], status;
    need(count > 2 && words[1][0] == '/', "supervised SESSION PROGRAM");
    read_world(words[1], &world);
    need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0, "socketpair");
    pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        execute(channel[1], words + 2);
    }
    close(channel[1]);
    const struct supervision supervision = {
        .world = &world, .listener = receive_descriptor(channel[0]), .arrivals = -1, .stop = -1};
    long error = supervise(&supervision);
    if (error < 0) {
        fprintf(stderr, "supervise: %s\n", strerror((int)-error));
        return 125;
    }
    need(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
