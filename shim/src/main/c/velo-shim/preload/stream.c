#include "stream.h"

#include <sys/mman.h>
#include <sys/syscall.h>

/* Most programs have few streams at a time: those cost no system call for memory. */
#define POOL 16

static struct stream pool[POOL];
static int taken[POOL];

static struct stream *allocate(void) {
    for (int i = 0; i < POOL; i++) {
        if (!__atomic_exchange_n(&taken[i], 1, __ATOMIC_ACQUIRE)) {
            pool[i].pooled = 1;
            return &pool[i];
        }
    }
    long memory =
        RAW6(SYS_mmap, 0, sizeof(struct stream), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (told(memory) < 0) {
        return NULL;
    }
    struct stream *stream = (struct stream *)memory;
    stream->pooled = 0;
    return stream;
}

struct stream *stream_of(int fd) {
    struct stream *stream = allocate();
    if (!stream) {
        return NULL;
    }
    stream->fd = fd;
    stream->lock = 0;
    stream->filled = stream->next = 0;
    stream->position = 0;
    return stream;
}

struct stream *stream_open(int at, const char *path) {
    long fd = told(sys_openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK, 0));
    if (fd < 0) {
        return NULL;
    }
    struct stream *stream = stream_of((int)fd);
    if (!stream) {
        RAW1(SYS_close, fd);
    }
    return stream;
}

static void lock(struct stream *stream) {
    while (__atomic_exchange_n(&stream->lock, 1, __ATOMIC_ACQUIRE)) {
        RAW0(SYS_sched_yield);
    }
}

static void unlock(struct stream *stream) {
    __atomic_store_n(&stream->lock, 0, __ATOMIC_RELEASE);
}

struct dirent *stream_next(struct stream *stream, int *error) {
    struct dirent *found = NULL;
    lock(stream);
    if (stream->next >= stream->filled) {
        long got = sys_getdents64(stream->fd, stream->records, sizeof stream->records);
        /* A directory that was removed while it is open has come to its end. */
        if (got < 0 && got != -ENOENT) {
            *error = (int)-got;
        }
        stream->next = 0;
        stream->filled = got < 0 ? 0 : (size_t)got;
    }
    if (stream->next < stream->filled) {
        found = (struct dirent *)(void *)(stream->records + stream->next);
        stream->next += found->d_reclen;
        stream->position = found->d_off;
    }
    unlock(stream);
    return found;
}

void stream_seek(struct stream *stream, int64_t position) {
    lock(stream);
    RAW3(SYS_lseek, stream->fd, position, SEEK_SET);
    stream->filled = stream->next = 0;
    stream->position = position;
    unlock(stream);
}

int stream_close(struct stream *stream) {
    int fd = stream->fd;
    if (stream->pooled) {
        __atomic_store_n(&taken[stream - pool], 0, __ATOMIC_RELEASE);
    } else {
        RAW2(SYS_munmap, stream, sizeof *stream);
    }
    return (int)told(RAW1(SYS_close, fd));
}
