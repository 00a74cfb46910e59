/* What one sandbox leaves lying about where another could find it, and the search for that. "hold" makes it
 * all, says "ready" and waits; "look" prints one line a thing, found or not, and takes what only its test
 * knows as arguments: a host's process id and a path. "both" does one after the other in one sandbox: there
 * all must be found. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEY = 0x7e105, PORT = 47124 };

static const char *const files[] = {"/tmp/velo-tenant", "/dev/shm/velo-tenant", "/velo-tenant"};

static void need(int ok, const char *what) {
    if (!ok) {
        printf("cannot make %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static socklen_t name(struct sockaddr_un *address, const char *text) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path + (*text == '@'), text + (*text == '@'));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + (*text != '@'));
}

static int internet(int (*act)(int, const struct sockaddr *, socklen_t)) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && act(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static int local(const char *text, int (*act)(int, const struct sockaddr *, socklen_t)) {
    struct sockaddr_un address;
    socklen_t length = name(&address, text);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd >= 0 && act(fd, (struct sockaddr *)&address, length) == 0 ? fd : -1;
}

static void hold(void) {
    prctl(PR_SET_NAME, "velo-holder");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        need(open(files[i], O_WRONLY | O_CREAT, 0666) >= 0, files[i]);
    }
    need(shmget(KEY, 4096, IPC_CREAT | 0666) >= 0, "shared memory");
    need(semget(KEY, 1, IPC_CREAT | 0666) >= 0, "a semaphore");
    need(msgget(KEY, IPC_CREAT | 0666) >= 0, "a message queue");
    need(mq_open("/velo-tenant", O_RDWR | O_CREAT, 0666, NULL) >= 0, "a POSIX message queue");
    int path = local("/tmp/velo-socket", bind);
    int abstract = local("@velo-socket", bind);
    int port = internet(bind);
    need(path >= 0 && listen(path, 8) == 0, "a socket with a path");
    need(abstract >= 0 && listen(abstract, 8) == 0, "an abstract socket");
    need(port >= 0 && listen(port, 8) == 0, "a port");
}

static void tell(const char *what, int found) {
    printf("%s %s\n", what, found ? "found" : "absent");
}

static int holder_runs(void) {
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int found = 0;
    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        char path[300];
        char comm[32] = "";
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        int fd = open(path, O_RDONLY);
        if (fd >= 0 && read(fd, comm, sizeof comm - 1) > 0 && strcmp(comm, "velo-holder\n") == 0 &&
            atoi(entry->d_name) != getpid()) {
            found = 1;
        }
        close(fd);
    }
    return found;
}

static void look(const char *process, const char *place) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tell(files[i], access(files[i], F_OK) == 0);
    }
    tell("sysv-shm", shmget(KEY, 0, 0) >= 0);
    tell("sysv-sem", semget(KEY, 0, 0) >= 0);
    tell("sysv-msg", msgget(KEY, 0) >= 0);
    tell("mq", mq_open("/velo-tenant", O_RDONLY) >= 0);
    tell("path-socket", local("/tmp/velo-socket", connect) >= 0);
    tell("abstract-socket", local("@velo-socket", connect) >= 0);
    tell("port", internet(connect) >= 0);
    tell("process", holder_runs());
    tell("pid", kill(atoi(process), 0) == 0);
    tell("place", access(place, F_OK) == 0);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc == 2 && strcmp(argv[1], "hold") == 0) {
        hold();
        puts("ready");
        pause();
    } else if (argc == 4 && strcmp(argv[1], "look") == 0) {
        look(argv[2], argv[3]);
    } else if (argc == 2 && strcmp(argv[1], "both") == 0) {
        char process[16];
        int ready[2];
        char byte = 0;
        need(pipe(ready) == 0, "a pipe");
        pid_t child = fork();
        if (child == 0) {
            hold();
            need(write(ready[1], "r", 1) == 1, "a report");
            pause();
        }
        close(ready[1]);
        need(read(ready[0], &byte, 1) == 1, "it all");
        snprintf(process, sizeof process, "%d", (int)child);
        look(process, "/velo-tenant");
        kill(child, SIGKILL);
    } else {
        return 2;
    }
    return 0;
}
