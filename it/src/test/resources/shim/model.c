#include "battery.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

/*
 * One file, changed at random in every way there is, against an array in memory that the same is done to.
 * What the file says is compared after each step; a line tells how a hundred of them ended, so that two
 * places that refuse different things do not print the same.
 */
enum { MOST = 192 * 1024, BLOCK = 4096, STEPS = 1000 };

static struct {
    char bytes[MOST + BLOCK];
    size_t size;
} model;

static int fd = -1;
static const char *name;
static char buffer[MOST + BLOCK];

static void reopen(int flags) {
    drop(fd);
    fd = open(name, O_RDWR | flags);
    need(fd >= 0, "open of the file");
}

static void fill(size_t length) {
    unsigned letter = draw(26);
    for (size_t i = 0; i < length; i++) {
        buffer[i] = (char)('a' + (letter + i) % 26);
    }
}

static void resize(size_t size) {
    if (size > model.size) {
        memset(model.bytes + model.size, 0, size - model.size);
    }
    model.size = size;
}

static void written(size_t at, size_t length) {
    if (at + length > model.size) {
        resize(at + length);
    }
    memcpy(model.bytes + at, buffer, length);
}

static long step_write(size_t at, size_t length) {
    fill(length);
    long done = pwrite(fd, buffer, length, (off_t)at);
    if (done > 0) {
        written(at, (size_t)done);
    }
    return done;
}

static long step_append(size_t at, size_t length) {
    (void)at;
    length = length > MOST - model.size ? MOST - model.size : length;
    fill(length);
    int end_of_file = open(name, O_WRONLY | O_APPEND);
    long done = write(end_of_file, buffer, length);
    drop(end_of_file);
    if (done > 0) {
        written(model.size, (size_t)done);
    }
    return done;
}

static long step_truncate(size_t at, size_t length) {
    long done = length % 2 ? truncate(name, (off_t)at) : ftruncate(fd, (off_t)at);
    if (done == 0) {
        resize(at);
    }
    return done;
}

static long step_map(size_t at, size_t length) {
    if (at >= model.size) {
        return 0;
    }
    length = length > model.size - at ? model.size - at : length;
    fill(length);
    size_t shift = at % BLOCK;
    char *map = mmap(NULL, length + shift, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(at - shift));
    need(map != MAP_FAILED, "mmap");
    memcpy(map + shift, buffer, length);
    written(at, length);
    return munmap(map, length + shift);
}

static long step_space(size_t at, size_t length) {
    static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
    int mode = modes[draw(LENGTH(modes))];
    long done = fallocate(fd, mode, (off_t)at, (off_t)length);
    size_t end_of_range = at + length;
    if (done == 0 && (mode & FALLOC_FL_KEEP_SIZE) == 0 && end_of_range > model.size) {
        resize(end_of_range);
    }
    end_of_range = end_of_range > model.size ? model.size : end_of_range;
    if (done == 0 && mode > FALLOC_FL_KEEP_SIZE && at < end_of_range) {
        memset(model.bytes + at, 0, end_of_range - at);
    }
    return done;
}

static long step_collapse(size_t at, size_t length) {
    at -= at % BLOCK;
    length = BLOCK * (1 + length % 3);
    long done = fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, (off_t)at, (off_t)length);
    if (done == 0) {
        memmove(model.bytes + at, model.bytes + at + length, model.size - at - length);
        model.size -= length;
    }
    return done;
}

static long step_insert(size_t at, size_t length) {
    at -= at % BLOCK;
    length = BLOCK * (1 + length % 3);
    if (model.size + length > MOST) {
        return 0;
    }
    long done = fallocate(fd, FALLOC_FL_INSERT_RANGE, (off_t)at, (off_t)length);
    if (done == 0) {
        memmove(model.bytes + at + length, model.bytes + at, model.size - at);
        memset(model.bytes + at, 0, length);
        model.size += length;
    }
    return done;
}

static long step_copy(size_t at, size_t length) {
    loff_t from = (loff_t)draw(MOST / 2), to = (loff_t)at;
    if (from + (loff_t)length > to && to + (loff_t)length > from) {
        return 0;
    }
    long done = copy_file_range(fd, &from, fd, &to, length, 0);
    if (done > 0) {
        memcpy(buffer, model.bytes + from - done, (size_t)done);
        written(at, (size_t)done);
    }
    return done;
}

static long step_send(size_t at, size_t length) {
    (void)length;
    int source = open("other", O_RDONLY);
    NEED(lseek(fd, (off_t)at, SEEK_SET));
    long done = sendfile(fd, source, NULL, 100);
    NEED(pread(source, buffer, 100, 0));
    drop(source);
    if (done > 0) {
        written(at, (size_t)done);
    }
    return done;
}

static long step_rename(size_t at, size_t length) {
    (void)length;
    static const char *const names[] = {"file", "file-2", "dir/file", "full/sub/file"};
    const char *to = names[at % LENGTH(names)];
    long done = rename(name, to);
    name = done == 0 ? to : name;
    return done;
}

static long step_link(size_t at, size_t length) {
    (void)length;
    long done = link(name, "second");
    if (done == 0 && at % 2) {
        NEED(unlink(name));
        NEED(rename("second", name));
    } else {
        NEED(unlink("second"));
    }
    return done;
}

static int write_in_child(void *with) {
    const size_t *at = with;
    int other = open(name, O_WRONLY);
    return pwrite(other, buffer, 300, (off_t)*at) == 300 ? 0 : 1;
}

static long step_child(size_t at, size_t length) {
    (void)length;
    fill(300);
    long done = in_child(write_in_child, &at);
    written(at, 300);
    return done;
}

static long step_reopen(size_t at, size_t length) {
    (void)at;
    reopen(length % 2 ? O_NOATIME : 0);
    return 0;
}

static long step_sync(size_t at, size_t length) {
    return at % 8 == 0 ? fdatasync(fd) : sync_file_range(fd, (off_t)at, (off_t)length, SYNC_FILE_RANGE_WRITE);
}

static const struct {
    const char *name;
    long (*run)(size_t at, size_t length);
    unsigned often;
} steps[] = {{"write", step_write, 8},   {"append", step_append, 4}, {"truncate", step_truncate, 6},
             {"map", step_map, 6},       {"space", step_space, 5},   {"collapse", step_collapse, 2},
             {"insert", step_insert, 2}, {"copy", step_copy, 4},     {"send", step_send, 2},
             {"rename", step_rename, 2}, {"link", step_link, 2},     {"child", step_child, 1},
             {"reopen", step_reopen, 4}, {"sync", step_sync, 1}};

/* Through the descriptor and through another one that was opened just now. */
static bool is_as_model(void) {
    static char seen[MOST + BLOCK];
    int reader = open(name, O_RDONLY);
    int from[] = {fd, reader};
    bool equal = status(name).st_size == (off_t)model.size;
    for (size_t i = 0; equal && i < LENGTH(from); i++) {
        ssize_t length = pread(from[i], seen, sizeof seen, 0);
        equal = length == (ssize_t)model.size && memcmp(seen, model.bytes, model.size) == 0;
    }
    drop(reader);
    return equal;
}

static size_t any_step(void) {
    unsigned sum = 0;
    for (size_t i = 0; i < LENGTH(steps); i++) {
        sum += steps[i].often;
    }
    unsigned drawn = draw(sum);
    size_t i = 0;
    while (drawn >= steps[i].often) {
        drawn -= steps[i++].often;
    }
    return i;
}

static void walk(enum origin origin, uint64_t seed) {
    room(origin);
    draw_from(seed);
    name = "file";
    reopen(0);
    model.size = (size_t)status(name).st_size;
    NEED(pread(fd, model.bytes, sizeof model.bytes, 0));
    uint32_t sum = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        size_t step = any_step();
        size_t at = draw(MOST / 2), length = 1 + draw(draw(4) ? 3000 : MOST / 2);
        errno = 0;
        long done = steps[step].run(at, length);
        sum = mixed(mixed(sum, (uint32_t)done), done < 0 ? (uint32_t)errno : 0);
        if (!is_as_model()) {
            CASE(done, "%s seed %d step %u, %s: not what was written", origins[origin], (int)seed, i,
                 steps[step].name);
            fact("at=%zu length=%zu size=%zu,%jd", at, length, model.size, (intmax_t)status(name).st_size);
            end();
            return;
        }
        if (i % 100 == 99) {
            CASE(0, "%s seed %d step %u", origins[origin], (int)seed, i);
            fact("%08x size=%zu", sum, model.size);
            end();
        }
    }
    CASE(0, "%s its twin is as it was", origins[origin]);
    fact("%s %s", content("twin"), content("other"));
    end();
}

void model_subject(void) {
    BOTH(origin) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            walk(origin, seed);
        }
    }
}
