#include "stream.h"

#include <string.h>
#include <sys/syscall.h>

HOOK(struct stream *, opendir, (const char *path)) {
    return stream_open(AT_FDCWD, path);
}

HOOK(struct stream *, fdopendir, (int fd)) {
    struct stat state;
    if (told(sys_fstat(fd, &state)) < 0) {
        return NULL;
    }
    long flags = RAW3(SYS_fcntl, fd, F_GETFL, 0);
    if (!S_ISDIR(state.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    if (told(flags) < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY) {
        errno = flags < 0 || flags & O_PATH ? EBADF : EINVAL;
        return NULL;
    }
    RAW3(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
    return stream_of(fd);
}

HOOK(struct dirent *, readdir, (struct stream * stream)) {
    int error = 0;
    struct dirent *found = stream_next(stream, &error);
    if (error) {
        errno = error;
    }
    return found;
}

HOOK(int, readdir_r, (struct stream * stream, struct dirent *out, struct dirent **result)) {
    int error = 0;
    struct dirent *found = stream_next(stream, &error);
    if (found) {
        memcpy(out, found, found->d_reclen < sizeof *out ? found->d_reclen : sizeof *out);
    }
    *result = found ? out : NULL;
    return error;
}

HOOK(void, rewinddir, (struct stream * stream)) {
    stream_seek(stream, 0);
}

HOOK(void, seekdir, (struct stream * stream, long position)) {
    stream_seek(stream, position);
}

HOOK(long, telldir, (struct stream * stream)) {
    return stream->position;
}

HOOK(int, closedir, (struct stream * stream)) {
    if (!stream) {
        errno = EINVAL;
        return -1;
    }
    return stream_close(stream);
}

HOOK(int, dirfd, (struct stream * stream)) {
    return stream->fd;
}

HOOK(ssize_t, getdents64, (int fd, void *out, size_t room)) {
    return told(sys_getdents64(fd, out, room > INT_MAX ? INT_MAX : room));
}

HOOK(ssize_t, getdirentries, (int fd, char *out, size_t room, off_t *base)) {
    long position = RAW3(SYS_lseek, fd, 0, SEEK_CUR);
    long result = position < 0 ? position : sys_getdents64(fd, out, room);
    if (result > 0 && base) {
        *base = position;
    }
    return told(result);
}
