#ifndef VELO_STREAM_H
#define VELO_STREAM_H

#include "sys.h"

#include <dirent.h>

/*
 * A directory stream. All streams that a program gets are of this library, those of the host's directories,
 * too: libc shows a DIR to nobody but through functions that are hooked. The kernel's records and struct
 * dirent of both C libraries are the same, so what is read is handed out where it lies.
 */
struct stream {
    int fd;
    int lock;      /* readdir(3) of two threads */
    int pooled;    /* of the table, else mapped */
    size_t filled; /* bytes of records, and where the next one begins */
    size_t next;
    int64_t position; /* of the next record */
    char records[32768] __attribute__((aligned(16)));
};

/* NULL with errno. The descriptor is the stream's from then on. */
struct stream *stream_of(int fd);
struct stream *stream_open(int at, const char *path);
/* The next record; NULL: the end, or *error is set. */
struct dirent *stream_next(struct stream *stream, int *error);
void stream_seek(struct stream *stream, int64_t position);
int stream_close(struct stream *stream);

#endif
