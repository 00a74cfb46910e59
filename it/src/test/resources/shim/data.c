#include "battery.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static void maps(enum origin origin) {
    room(origin);
    int fd = open("file", O_RDWR);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CASE(got(shared == MAP_FAILED ? NULL : shared), "%s shared map", origins[origin]);
    memcpy(shared, "MAPPED", 6);
    fact("%s", content("file"));
    NEED(pwrite(fd, "WRITTEN", 7, 0));
    fact("%.7s %s", shared, content("twin"));
    end();
    LINE(msync(shared, 4096, MS_SYNC), "%s msync", origins[origin]);
    NEED(unlink("file"));
    memcpy(shared, "without a name", 14);
    CASE(munmap(shared, 4096), "%s map of a file without a name", origins[origin]);
    fact("%s", content_of(fd));
    end();
    drop(fd);
    fd = open("other", O_RDONLY);
    char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CASE(got(private == MAP_FAILED ? NULL : private), "%s private map of a reader", origins[origin]);
    private[0] = 'P';
    fact("%s %.9s", content("other"), private);
    end();
    munmap(private, 4096);
    CASE(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0,
         "%s shared writable map of a reader", origins[origin]);
    end();
    char *early = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    put("other", "put after the map was made\n");
    CASE(0, "%s a shared map for reading that was there before the first write", origins[origin]);
    fact("%.9s", early);
    end();
    munmap(early, 4096);
    drop(fd);
    fd = open("dir", O_RDONLY);
    CASE(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0, "%s map of a directory",
         origins[origin]);
    end();
    drop(fd);
}

static void sizes(enum origin origin) {
    static const off_t lengths[] = {0, 3, 100, 1 << 20, -1};
    room(origin);
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        CASE(truncate("file", lengths[i]), "%s truncate to %jd", origins[origin], (intmax_t)lengths[i]);
        show("file");
        show("twin");
        end();
    }
    static const char *const names[] = {"link", "dir", "dangling", "missing", "loop", "file/", ""};
    for (size_t i = 0; i < LENGTH(names); i++) {
        CASE(truncate(names[i], 4), "%s truncate '%s'", origins[origin], names[i]);
        show("linked");
        end();
    }
    int fd = open("other", O_RDWR), reader = open("other", O_RDONLY);
    CASE(ftruncate(fd, 5), "%s ftruncate", origins[origin]);
    show("other");
    end();
    LINE(ftruncate(reader, 5), "%s ftruncate of a reader", origins[origin]);
    CASE(fallocate(fd, 0, 0, 5000), "%s fallocate", origins[origin]);
    show("other");
    end();
    CASE(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50000), "%s fallocate keeps the size", origins[origin]);
    show("other");
    end();
    CASE(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 2), "%s a hole", origins[origin]);
    show("other");
    end();
    LINE(posix_fallocate(fd, 0, 9000), "%s posix_fallocate", origins[origin]);
    LINE(lseek(fd, 0, SEEK_HOLE) >= 0, "%s SEEK_HOLE", origins[origin]);
    LINE(lseek(fd, 0, SEEK_END), "%s SEEK_END", origins[origin]);
    LINE(fsync(fd) + fdatasync(fd) + fsync(reader), "%s fsync", origins[origin]);
    LINE(posix_fadvise(reader, 0, 0, POSIX_FADV_WILLNEED), "%s posix_fadvise", origins[origin]);
    drop(fd);
    drop(reader);
    fd = open("dir", O_RDONLY);
    LINE(fsync(fd), "%s fsync of a directory", origins[origin]);
    LINE(ftruncate(fd, 0), "%s ftruncate of a directory", origins[origin]);
    drop(fd);
}

static void moves(enum origin origin) {
    room(origin);
    int from = open("file", O_RDONLY), to = open("other", O_RDWR);
    off_t in = 0, out = 4;
    CASE(copy_file_range(from, &in, to, &out, 7, 0), "%s copy_file_range", origins[origin]);
    show("other");
    end();
    LINE(copy_file_range(to, NULL, from, NULL, 7, 0), "%s copy_file_range to a reader", origins[origin]);
    in = 0;
    CASE(sendfile(to, from, &in, 7), "%s sendfile", origins[origin]);
    show("other");
    end();
    int ends[2];
    NEED(pipe(ends));
    in = 8;
    out = 2;
    CASE(splice(from, &in, ends[1], NULL, 8, 0), "%s splice out", origins[origin]);
    end();
    CASE(splice(ends[0], NULL, to, &out, 8, 0), "%s splice in", origins[origin]);
    show("other");
    end();
    drop(ends[0]);
    drop(ends[1]);
    struct iovec parts[2] = {{(char[]){"one "}, 4}, {(char[]){"two"}, 3}};
    CASE(pwritev(to, parts, 2, 1), "%s pwritev", origins[origin]);
    show("other");
    end();
    long cloned = ioctl(to, 0x40049409 /* FICLONE */, from);
    CASE(cloned, "%s FICLONE", origins[origin]);
    end();
    drop(from);
    drop(to);
    CASE(0, "%s sources are as they were", origins[origin]);
    show("file");
    show("twin");
    end();
}

static void readers_and_writers(enum origin origin) {
    room(origin);
    int reader = open("file", O_RDONLY), writer = open("file", O_WRONLY);
    char text[32] = "";
    CASE(read(reader, text, 4), "%s reader, opened before the writer", origins[origin]);
    fact("%s", text);
    NEED(pwrite(writer, "CONTENT", 7, 0));
    memset(text, 0, sizeof text);
    fact("%zd", read(reader, text, 4));
    fact("%s", text);
    fact("%s", content_of(reader));
    end();
    drop(reader);
    reader = open("file", O_RDONLY);
    CASE(0, "%s reader, opened after it", origins[origin]);
    fact("%s", content_of(reader));
    NEED(pwrite(writer, "AGAIN", 5, 0));
    fact("%s", content_of(reader));
    end();
    drop(reader);
    drop(writer);
    CASE(0, "%s a big file", origins[origin]);
    static char block[65536];
    writer = open("big", O_WRONLY | O_CREAT | O_EXCL, 0644);
    for (int i = 0; i < 64; i++) {
        memset(block, 'a' + i % 26, sizeof block);
        NEED(write(writer, block, sizeof block));
    }
    drop(writer);
    reader = open("big", O_RDONLY);
    int wrong = 0;
    for (int i = 0; i < 64; i++) {
        NEED(read(reader, block, sizeof block));
        wrong += block[0] != 'a' + i % 26 || block[65535] != 'a' + i % 26;
    }
    drop(reader);
    fact("wrong=%d size=%jd", wrong, (intmax_t)status("big").st_size);
    end();
    writer = open("sparse", O_WRONLY | O_CREAT, 0644);
    CASE(pwrite(writer, "end", 3, 1l << 32), "%s a sparse file", origins[origin]);
    fact("size=%jd small=%d", (intmax_t)status("sparse").st_size, status("sparse").st_blocks < 1000);
    end();
    drop(writer);
}

void data_subject(void) {
    BOTH(origin) {
        maps(origin);
        sizes(origin);
        moves(origin);
        readers_and_writers(origin);
    }
}
