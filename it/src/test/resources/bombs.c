/*
 * Programs that use up one thing each. What is asked for bounds every one of them, so that it may go off
 * without a limit, too: then it says "went on", else "stopped" with what it got and why. It says nothing
 * where it did not live to.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MEBIBYTE = 1 << 20, PAGE = 4096 };

static int end(long got, long wanted) {
    int errnum = errno;
    if (got == wanted) {
        printf("went on %ld\n", got);
    } else {
        printf("stopped %ld %s\n", got, strerror(errnum));
    }
    return 0;
}

static bool touch(size_t bytes, int flags) {
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    for (size_t at = 0; memory != MAP_FAILED && at < bytes; at += PAGE) {
        memory[at] = 1;
    }
    return memory != MAP_FAILED;
}

static long touch_many(long mebibytes, int flags) {
    long got = 0;
    while (got < mebibytes && touch(MEBIBYTE, flags)) {
        got++;
    }
    return got;
}

static long fill(int file, long mebibytes) {
    static char zeros[MEBIBYTE];
    long got = 0;
    while (got < mebibytes && write(file, zeros, sizeof zeros) == sizeof zeros) {
        got++;
    }
    return got;
}

/* Bytes that wait in pipes. */
static long pipes(long mebibytes) {
    static char zeros[PAGE];
    long bytes = 0;
    int ends[2];
    while (bytes < mebibytes * MEBIBYTE && pipe2(ends, O_NONBLOCK) == 0) {
        while (write(ends[1], zeros, sizeof zeros) == sizeof zeros) {
            bytes += PAGE;
        }
    }
    return bytes / MEBIBYTE < mebibytes ? bytes / MEBIBYTE : mebibytes;
}

/* Processes that use little each, and all live at the same time. */
static long many(long processes, long mebibytes) {
    int ready[2];
    long started = 0;
    long got = 0;
    char byte = 0;
    if (pipe(ready) != 0) {
        return -1;
    }
    for (; started < processes; started++) {
        pid_t child = fork();
        if (child < 0) {
            break;
        }
        if (child == 0) {
            close(ready[0]);
            if (touch_many(mebibytes, MAP_PRIVATE) == mebibytes && write(ready[1], "", 1) == 1) {
                close(ready[1]);
                pause();
            }
            _exit(1);
        }
    }
    int errnum = errno;
    close(ready[1]);
    while (got < started && read(ready[0], &byte, 1) == 1) {
        got++;
    }
    errno = errnum;
    return got;
}

static void *sleeper(void *nothing) {
    pause();
    return nothing;
}

static long threads(long wanted) {
    pthread_attr_t small;
    pthread_t thread;
    long got = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    while (got < wanted && (errno = pthread_create(&thread, &small, sleeper, NULL)) == 0) {
        got++;
    }
    return got;
}

static long files(const char *directory, long wanted) {
    long got = 0;
    while (got < wanted) {
        char name[4096];
        snprintf(name, sizeof name, "%s/f%ld", directory, got);
        int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (file < 0) {
            break;
        }
        close(file);
        got++;
    }
    return got;
}

static long descriptors(long wanted) {
    long got = 0;
    while (got < wanted && open("/dev/null", O_RDONLY) >= 0) {
        got++;
    }
    return got;
}

static long instances(long wanted) {
    long got = 0;
    while (got < wanted && inotify_init() >= 0) {
        got++;
    }
    return got;
}

/* Lines of a known length by turns on standard output and, with both, on standard error. */
static int flood(long bytes, bool both) {
    static char line[1000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    int file = 1;
    for (long at = 0; at < bytes;) {
        size_t length = bytes - at < (long)sizeof line ? (size_t)(bytes - at) : sizeof line;
        ssize_t put = write(file, line, length);
        if (put < 0) {
            return 3;
        }
        at += put;
        file = both ? 3 - file : 1;
    }
    return 0;
}

static uint64_t block[8192];

static uint64_t next_block(uint64_t state) {
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block[i] = state;
    }
    return state;
}

enum { SEED = 88172645 };

/* Bytes that nobody can guess, the same each time: to find out whether all came, in order. */
static int noise(long bytes) {
    uint64_t state = SEED;
    while (bytes > 0) {
        state = next_block(state);
        size_t length = bytes < (long)sizeof block ? (size_t)bytes : sizeof block;
        for (size_t at = 0; at < length;) {
            ssize_t put = write(1, (char *)block + at, length - at);
            if (put <= 0) {
                return 3;
            }
            at += (size_t)put;
        }
        bytes -= (long)length;
    }
    return 0;
}

static void burn(long milliseconds) {
    struct timespec now;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < milliseconds);
}

static void hogs(long count, long milliseconds) {
    for (long i = 0; i < count; i++) {
        if (fork() == 0) {
            burn(milliseconds);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
}

static void say(const char *text) {
    if (write(1, text, strlen(text)) < 0) {
        _exit(3);
    }
}

static void be_deaf(void) {
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_IGN);
    }
}

/* A child that burns and goes on burning, away from its parent's session and not waited for. */
static void daemonize(long milliseconds) {
    int done[2];
    char byte;
    if (pipe(done) != 0) {
        _exit(3);
    }
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            be_deaf();
            close(done[0]);
            burn(milliseconds);
            close(done[1]);
            pause();
        }
        _exit(0);
    }
    close(done[1]);
    wait(NULL);
    if (read(done[0], &byte, 1) != 0) {
        _exit(3);
    }
}

/* Each process starts the next one and ends: whoever kills by a list is late. */
static void hop(void) {
    if (fork() != 0) {
        return;
    }
    be_deaf();
    setsid();
    for (;;) {
        usleep(1000);
        pid_t next = fork();
        if (next > 0) {
            _exit(0);
        }
    }
}

static void explode(void) {
    be_deaf();
    for (;;) {
        if (fork() < 0) {
            usleep(1000);
        }
    }
}

/* Says when it waits for SIGUSR1. */
static void await(void) {
    sigset_t awaited;
    int number;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR1);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    say("ready\n");
    sigwait(&awaited, &number);
}

/* The same work at each SIGUSR1: computing and writing to a file. Tells how many microseconds it took. */
static void neighbour(long blocks) {
    int file = open("/work", O_CREAT | O_RDWR, 0600);
    for (;;) {
        struct timespec began;
        struct timespec ended;
        uint64_t state = SEED;
        await();
        clock_gettime(CLOCK_MONOTONIC, &began);
        for (long i = 0; i < blocks; i++) {
            state = next_block(state);
            if (pwrite(file, block, sizeof block, i % 64 * (long)sizeof block) != sizeof block) {
                _exit(3);
            }
        }
        clock_gettime(CLOCK_MONOTONIC, &ended);
        char text[32];
        snprintf(text, sizeof text, "%ld\n",
                 (long)(ended.tv_sec - began.tv_sec) * 1000000 + (ended.tv_nsec - began.tv_nsec) / 1000);
        say(text);
    }
}

/*
 * Takes its own output back, between the moment at which the supervisor learns that there is some and that at
 * which it reads: then it would read what is not there, and wait. True where it then sleeps on.
 */
static volatile int work;

static int steal(void) {
    static char much[60000];
    int out = open("/proc/self/fd/1", O_RDONLY | O_NONBLOCK);
    int err = open("/proc/self/fd/2", O_RDONLY | O_NONBLOCK);
    const struct timespec moment = {.tv_nsec = 2000000};
    const struct timespec longer = {.tv_nsec = 300000000};
    char byte;
    if (out < 0 || err < 0) {
        return 9;
    }
    for (int i = 0; i < 3000; i++) {
        int left = 0;
        if (write(2, "x", 1) < 0 || write(1, much, sizeof much) < 0) {
            return 8;
        }
        for (int k = 0; k < i * 37 % 6000; k++) {
            work += k;
        }
        if (read(err, &byte, 1) != 1) {
            continue;
        }
        nanosleep(&moment, NULL);
        if (write(1, "y", 1) == 1 && nanosleep(&moment, NULL) == 0 && ioctl(out, FIONREAD, &left) == 0 &&
            left > 0 && nanosleep(&longer, NULL) == 0 && ioctl(out, FIONREAD, &left) == 0 && left > 0) {
            for (;;) {
                pause();
            }
        }
    }
    return 7;
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "armed") == 0) {
        await();
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    const char *bomb = argc > 1 ? argv[1] : "";
    long size = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    const char *rest = argc > 3 ? argv[3] : "";
    if (strcmp(bomb, "private") == 0) {
        return end(touch_many(size, MAP_PRIVATE), size);
    } else if (strcmp(bomb, "shared") == 0) {
        return end(touch_many(size, MAP_SHARED), size);
    } else if (strcmp(bomb, "memfd") == 0) {
        return end(fill((int)syscall(SYS_memfd_create, "bomb", 0U), size), size);
    } else if (strcmp(bomb, "file") == 0) {
        return end(fill(open(rest, O_CREAT | O_WRONLY, 0600), size), size);
    } else if (strcmp(bomb, "pipes") == 0) {
        return end(pipes(size), size);
    } else if (strcmp(bomb, "many") == 0) {
        return end(many(size, strtol(rest, NULL, 10)), size);
    } else if (strcmp(bomb, "threads") == 0) {
        return end(threads(size), size);
    } else if (strcmp(bomb, "files") == 0) {
        return end(files(rest, size), size);
    } else if (strcmp(bomb, "descriptors") == 0) {
        return end(descriptors(size), size);
    } else if (strcmp(bomb, "inotify") == 0) {
        return end(instances(size), size);
    } else if (strcmp(bomb, "flood") == 0) {
        return flood(size, strcmp(rest, "both") == 0);
    } else if (strcmp(bomb, "thief") == 0) {
        return steal();
    } else if (strcmp(bomb, "noise") == 0) {
        return noise(size);
    } else if (strcmp(bomb, "burn") == 0) {
        burn(size);
    } else if (strcmp(bomb, "hogs") == 0) {
        hogs(size, strtol(rest, NULL, 10));
    } else if (strcmp(bomb, "neighbour") == 0) {
        neighbour(size);
    } else if (strcmp(bomb, "daemon") == 0) {
        daemonize(size);
    } else if (strcmp(bomb, "deaf") == 0) {
        be_deaf();
        say("deaf\n");
        for (;;) {
            pause();
        }
    } else if (strcmp(bomb, "stop") == 0) {
        say("stops\n");
        raise(SIGSTOP);
    } else if (strcmp(bomb, "hop") == 0) {
        hop();
        be_deaf();
        say("hops\n");
        for (;;) {
            pause();
        }
    } else if (strcmp(bomb, "explode") == 0) {
        explode();
    } else {
        return 2;
    }
    return 0;
}
