#include "battery.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

/* The less usual ways of bytes into files and out of them, and what they say of other things. */

static void vectors(enum origin origin) {
    room(origin);
    char one[8] = "", two[8] = "";
    struct iovec parts[2] = {{one, 5}, {two, 4}};
    int fd = open("file", O_RDWR);
    CASE(preadv2(fd, parts, 2, 1, 0), "%s preadv2", origins[origin]);
    fact("%s %s", one, two);
    end();
    NEED(lseek(fd, 3, SEEK_SET));
    CASE(preadv2(fd, parts, 2, -1, 0), "%s preadv2 from the position", origins[origin]);
    fact("%s %s %jd", one, two, (intmax_t)lseek(fd, 0, SEEK_CUR));
    end();
    CASE(pwritev2(fd, parts, 2, 0, RWF_APPEND), "%s pwritev2 appends", origins[origin]);
    fact("%s", content_of(fd));
    end();
    CASE(pwritev2(fd, parts, 2, 2, RWF_DSYNC), "%s pwritev2 syncs", origins[origin]);
    fact("%s", content_of(fd));
    end();
    LINE(preadv2(fd, parts, 2, 0, 1 << 20), "%s preadv2 with an unknown flag", origins[origin]);
    LINE(pread(fd, one, 1, -1), "%s pread from a negative place", origins[origin]);
    LINE(read(fd, nowhere, 4), "%s read into nowhere", origins[origin]);
    LINE(write(fd, nowhere, 4), "%s write from nowhere", origins[origin]);
    drop(fd);
    fd = open("file", O_RDONLY);
    LINE(pwritev(fd, parts, 2, 0), "%s pwritev to a reader", origins[origin]);
    drop(fd);
}

static void pipes(enum origin origin) {
    room(origin);
    int fd = open("file", O_RDONLY), to = open("other", O_RDWR), first[2], second[2];
    char text[32] = "";
    loff_t at = 3;
    NEED(pipe(first));
    NEED(pipe(second));
    LINE(splice(fd, &at, first[1], NULL, 9, 0), "%s splice out", origins[origin]);
    LINE(tee(first[0], second[1], 5, 0), "%s tee", origins[origin]);
    CASE(splice(first[0], NULL, to, NULL, 100, SPLICE_F_MOVE), "%s splice in", origins[origin]);
    show("other");
    end();
    CASE(read(second[0], text, sizeof text), "%s what tee took", origins[origin]);
    fact("%s", text);
    end();
    struct iovec part = {(char[]){"by vmsplice"}, 11};
    LINE(vmsplice(first[1], &part, 1, 0), "%s vmsplice", origins[origin]);
    at = 1;
    CASE(splice(first[0], NULL, to, &at, 11, 0), "%s splice at a place", origins[origin]);
    show("other");
    end();
    drop(to);
    to = open("other", O_WRONLY | O_APPEND);
    NEED(write(first[1], "x", 1));
    LINE(splice(first[0], NULL, to, NULL, 1, SPLICE_F_NONBLOCK), "%s splice to an appender", origins[origin]);
    LINE(splice(fd, NULL, to, NULL, 5, 0), "%s splice without a pipe", origins[origin]);
    LINE(sendfile(to, fd, NULL, 4), "%s sendfile to an appender", origins[origin]);
    off_t from = -1;
    LINE(sendfile(to, fd, &from, 4), "%s sendfile from a negative place", origins[origin]);
    LINE(sendfile(fd, fd, NULL, 4), "%s sendfile to a reader", origins[origin]);
    drop(fd);
    drop(to);
    for (int i = 0; i < 2; i++) {
        drop(first[i]);
        drop(second[i]);
    }
}

static void copies(enum origin origin) {
    room(origin);
    int fd = open("file", O_RDWR), to = open("other", O_RDWR),
        end_of_file = open("twin", O_WRONLY | O_APPEND);
    loff_t from = 0, at = 0;
    LINE(copy_file_range(fd, &from, fd, &at, 4, 0), "%s copy onto itself", origins[origin]);
    from = 0;
    at = 20;
    CASE(copy_file_range(fd, &from, fd, &at, 4, 0), "%s copy within a file", origins[origin]);
    show("file");
    end();
    LINE(copy_file_range(fd, NULL, end_of_file, NULL, 4, 0), "%s copy to an appender", origins[origin]);
    LINE(copy_file_range(fd, NULL, to, NULL, 4, 1), "%s copy with a flag", origins[origin]);
    from = 1000;
    LINE(copy_file_range(fd, &from, to, NULL, 4, 0), "%s copy from behind the end", origins[origin]);
    int directory = open("dir", O_RDONLY);
    LINE(copy_file_range(directory, NULL, to, NULL, 4, 0), "%s copy from a directory", origins[origin]);
    LINE(fallocate(directory, 0, 0, 4), "%s fallocate of a directory", origins[origin]);
    LINE(lseek(directory, 0, SEEK_DATA) >= 0 || errno == EINVAL || errno == ENXIO, "%s SEEK_DATA of one",
         origins[origin]);
    drop(directory);
    drop(fd);
    drop(to);
    drop(end_of_file);
}

static void space(enum origin origin) {
    static const struct {
        const char *name;
        int mode;
        off_t at, length;
    } all[] = {{"nothing", 0, 0, 0},
               {"negative", 0, -1, 10},
               {"negative length", 0, 0, -1},
               {"too far", 0, INT64_MAX, 10},
               {"unknown", 0x4000, 0, 10},
               {"hole that grows", 2, 0, 10},
               {"hole", 3, 2, 3},
               {"zeros", 16, 4, 3},
               {"zeros that keep", 17, 10, 100},
               {"collapse odd", 8, 1, 10},
               {"collapse all", 8, 0, 4096},
               {"insert odd", 32, 1, 10},
               {"insert", 32, 0, 4096},
               {"collapse", 8, 0, 4096},
               {"unshare", 64, 0, 10}};
    room(origin);
    int fd = open("file", O_RDWR);
    for (size_t i = 0; i < LENGTH(all); i++) {
        CASE(fallocate(fd, all[i].mode, all[i].at, all[i].length), "%s fallocate %s", origins[origin],
             all[i].name);
        show("file");
        end();
    }
    LINE(posix_fallocate(fd, 0, 0), "%s posix_fallocate of nothing", origins[origin]);
    LINE(posix_fallocate(fd, -1, 5), "%s posix_fallocate of a negative place", origins[origin]);
    drop(fd);
    fd = open("file", O_RDONLY);
    LINE(posix_fallocate(fd, 0, 5), "%s posix_fallocate of a reader", origins[origin]);
    drop(fd);
    fd = open("sparse", O_RDWR | O_CREAT, 0644);
    NEED(ftruncate(fd, 1 << 20));
    NEED(pwrite(fd, "data", 4, 65536));
    CASE(lseek(fd, 0, SEEK_DATA), "%s SEEK_DATA", origins[origin]);
    fact("%jd %jd", (intmax_t)lseek(fd, 65536, SEEK_HOLE), (intmax_t)lseek(fd, 0, SEEK_HOLE));
    fact("%jd %s", (intmax_t)lseek(fd, 1 << 20, SEEK_DATA), error_name(errno));
    end();
    drop(fd);
}

static void advice(enum origin origin) {
    room(origin);
    int fd = open("file", O_RDONLY);
    int available = -1;
    static const int all[] = {POSIX_FADV_NORMAL,
                              POSIX_FADV_SEQUENTIAL,
                              POSIX_FADV_RANDOM,
                              POSIX_FADV_WILLNEED,
                              POSIX_FADV_DONTNEED,
                              POSIX_FADV_NOREUSE,
                              99};
    for (size_t i = 0; i < LENGTH(all); i++) {
        LINE(posix_fadvise(fd, 0, 0, all[i]), "%s advice %d", origins[origin], all[i]);
    }
    LINE(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL), "%s advice of a negative length", origins[origin]);
    LINE(readahead(fd, 0, 100), "%s readahead", origins[origin]);
    LINE(sync_file_range(fd, 0, 0, 7), "%s sync_file_range", origins[origin]);
    LINE(sync_file_range(fd, 0, 0, 8), "%s sync_file_range with an unknown flag", origins[origin]);
    LINE(sync_file_range(fd, -1, 0, 0), "%s sync_file_range of a negative place", origins[origin]);
    LINE(syncfs(fd), "%s syncfs", origins[origin]);
    CASE(ioctl(fd, FIONREAD, &available), "%s FIONREAD", origins[origin]);
    fact("%d", available);
    end();
    LINE(ioctl(fd, TIOCGWINSZ, &available), "%s a terminal's ioctl", origins[origin]);
    LINE(isatty(fd), "%s isatty", origins[origin]);
    char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    LINE(mlock(map, 4096), "%s mlock", origins[origin]);
    LINE(madvise(map, 4096, MADV_WILLNEED), "%s madvise", origins[origin]);
    LINE(msync(map, 4096, MS_ASYNC | MS_INVALIDATE) == 0 || errno == EBUSY, "%s msync", origins[origin]);
    unsigned char resident = 0;
    CASE(mincore(map, 4096, &resident), "%s mincore", origins[origin]);
    fact("%d", resident & 1);
    end();
    LINE(mprotect(map, 4096, PROT_READ | PROT_WRITE), "%s mprotect of a reader's shared map",
         origins[origin]);
    LINE(munlock(map, 4096), "%s munlock", origins[origin]);
    munmap(map, 4096);
    drop(fd);
}

void flow_subject(void) {
    BOTH(origin) {
        vectors(origin);
        pipes(origin);
        copies(origin);
        space(origin);
        advice(origin);
    }
}
