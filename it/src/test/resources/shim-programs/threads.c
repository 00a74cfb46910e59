#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* threads THREADS OPERATIONS: threads that make, write, read, move, link and remove files in directories that
 * they share. */

static int operations;

static void need(int right, const char *what, const char *name) {
    if (!right) {
        fprintf(stderr, "%s %s: %s\n", what, name, strerror(errno));
        exit(1);
    }
}

static void write_file(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    need(fd >= 0, "open", name);
    need(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write", name);
    need(close(fd) == 0, "close", name);
}

static void check(const char *name, const char *text) {
    char found[64];
    struct stat status;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    need(fd >= 0, "open again", name);
    ssize_t length = read(fd, found, sizeof found);
    need(length == (ssize_t)strlen(text) && memcmp(found, text, (size_t)length) == 0, "read", name);
    need(fstat(fd, &status) == 0 && status.st_size == length, "fstat", name);
    close(fd);
}

static void *work(void *number) {
    int own = (int)(long)number;
    char name[64], other[64], text[64];
    for (int i = 0; i < operations; i++) {
        snprintf(name, sizeof name, "shared%d/%d-%d", i % 5, own, i);
        snprintf(other, sizeof other, "shared%d/%d-%d.moved", (i + own) % 5, own, i);
        snprintf(text, sizeof text, "thread %d, operation %d\n", own, i);
        write_file(name, text);
        check(name, text);
        need(rename(name, other) == 0, "rename", name);
        check(other, text);
        need(access(name, F_OK) != 0 && errno == ENOENT, "gone", name);
        if (i % 3 == 0) {
            need(link(other, name) == 0, "link", name);
            need(unlink(other) == 0, "unlink", other);
            check(name, text);
        } else if (i % 3 == 1) {
            need(unlink(other) == 0, "unlink", other);
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[64];
    if (count != 3 || atoi(arguments[1]) > 64) {
        return 2;
    }
    operations = atoi(arguments[2]);
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "shared%d", i);
        need(mkdir(name, 0755) == 0, "mkdir", name);
    }
    for (long i = 0; i < atoi(arguments[1]); i++) {
        need(pthread_create(&threads[i], NULL, work, (void *)i) == 0, "thread", "");
    }
    for (int i = 0; i < atoi(arguments[1]); i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
