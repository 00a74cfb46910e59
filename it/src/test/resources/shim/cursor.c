#include "battery.h"

#include <dirent.h>
#include <sys/syscall.h>

/* getdents(2) as who writes his own C library uses it: little room, positions, names that come and go. */

enum { COUNT = 300 };

struct record {
    uint64_t inode;
    int64_t position;
    unsigned short length;
    unsigned char type;
    char name[];
};

static bool seen[COUNT];
static int64_t positions[COUNT];

static void make_many(void) {
    char name[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "full/n%03d", i);
        NEED(mknod(name, S_IFREG | 0644, 0));
    }
}

/* Records of one call; -1 where there was an error. Each name may come once. */
static long take(int fd, size_t room, int *twice, int *others) {
    static char bytes[65536] __attribute__((aligned(8)));
    long length = syscall(SYS_getdents64, fd, bytes, room);
    for (long at = 0; at < length;) {
        const struct record *one = (const void *)(bytes + at);
        int number = one->name[0] == 'n' ? atoi(one->name + 1) : -1;
        if (number >= 0 && number < COUNT) {
            *twice += seen[number];
            seen[number] = true;
            positions[number] = one->position;
        } else {
            ++*others;
        }
        at += one->length;
    }
    return length;
}

static int count_seen(void) {
    int count = 0;
    for (int i = 0; i < COUNT; i++) {
        count += seen[i];
    }
    return count;
}

static void rooms_of(enum origin origin) {
    static const size_t rooms[] = {0, 1, 19, 23, 24, 32, 64, 100, 280, 1000, 65536};
    for (size_t i = 0; i < LENGTH(rooms); i++) {
        int fd = open("full", O_RDONLY | O_DIRECTORY), twice = 0, others = 0;
        long last;
        memset(seen, 0, sizeof seen);
        while ((last = take(fd, rooms[i], &twice, &others)) > 0) {
        }
        CASE(last, "%s getdents into %zu", origins[origin], rooms[i]);
        if (rooms[i] == 0 || rooms[i] > 40 || rooms[i] < 24) {
            fact("%d twice=%d others=%d", count_seen(), twice, others);
        }
        end();
        drop(fd);
    }
}

static void changes_meanwhile(enum origin origin) {
    char name[32], to[32];
    int fd = open("full", O_RDONLY | O_DIRECTORY), twice = 0, others = 0;
    memset(seen, 0, sizeof seen);
    for (int turn = 0; take(fd, 120, &twice, &others) > 0; turn++) {
        /* One that was told goes, one that was not moves away, a new one comes. */
        int number = turn % COUNT;
        snprintf(name, sizeof name, "full/n%03d", number);
        if (seen[number]) {
            unlink(name);
        } else {
            snprintf(to, sizeof to, "dir/n%03d", number);
            rename(name, to);
            seen[number] = true;
        }
        snprintf(name, sizeof name, "full/late%d", turn);
        drop(turn < 400 ? creat(name, 0644) : -1);
    }
    CASE(0, "%s changes meanwhile", origins[origin]);
    fact("%d twice=%d", count_seen(), twice);
    end();
    drop(fd);
}

static void back_and_forth(enum origin origin) {
    int fd = open("full", O_RDONLY | O_DIRECTORY), twice = 0, others = 0;
    memset(seen, 0, sizeof seen);
    while (take(fd, 200, &twice, &others) > 0) {
    }
    CASE(lseek(fd, 0, SEEK_SET), "%s back to the start", origins[origin]);
    memset(seen, 0, sizeof seen);
    others = 0;
    while (take(fd, 65536, &twice, &others) > 0) {
    }
    fact("%d others=%d", count_seen(), others);
    end();
    /* Who goes behind an entry sees all but those that were told up to it. */
    int wrong = 0;
    int64_t behind[COUNT];
    memcpy(behind, positions, sizeof behind);
    for (int i = 0; i < COUNT; i += 37) {
        NEED(lseek(fd, (off_t)behind[i], SEEK_SET));
        memset(seen, 0, sizeof seen);
        while (take(fd, 65536, &twice, &others) > 0) {
        }
        wrong += seen[i];
        NEED(lseek(fd, (off_t)behind[i], SEEK_SET));
        wrong += lseek(fd, 0, SEEK_CUR) != (off_t)behind[i];
    }
    LINE(wrong, "%s behind an entry", origins[origin]);
    int copy = dup(fd);
    NEED(lseek(fd, 0, SEEK_SET));
    memset(seen, 0, sizeof seen);
    twice = 0;
    while (take(fd, 100, &twice, &others) > 0 && take(copy, 100, &twice, &others) > 0) {
    }
    CASE(count_seen(), "%s a duplicate goes on", origins[origin]);
    fact("twice=%d", twice);
    end();
    drop(copy);
    LINE(lseek(fd, -1, SEEK_SET), "%s to a negative position", origins[origin]);
    LINE(syscall(SYS_getdents64, fd, nowhere, 4096), "%s into nowhere", origins[origin]);
    LINE(lseek(fd, 0, SEEK_SET), "%s to the start again", origins[origin]);
    LINE(syscall(SYS_getdents64, fd, nowhere, 4096), "%s into nowhere from the start", origins[origin]);
    drop(fd);
    fd = open("full", O_PATH | O_DIRECTORY);
    LINE(take(fd, 100, &twice, &others), "%s of O_PATH", origins[origin]);
    drop(fd);
    LINE(syscall(SYS_getdents64, -1, seen, sizeof seen), "%s of no descriptor", origins[origin]);
}

static void streams(enum origin origin) {
    room(origin);
    DIR *directory = opendir("full");
    struct dirent *entry = readdir(directory);
    long first = telldir(directory);
    need(entry != NULL, "readdir");
    char name[256];
    entry = readdir(directory);
    snprintf(name, sizeof name, "%s", entry->d_name);
    while (readdir(directory)) {
    }
    seekdir(directory, first);
    entry = readdir(directory);
    CASE(entry ? strcmp(entry->d_name, name) : -2, "%s telldir and seekdir from the end", origins[origin]);
    end();
    rewinddir(directory);
    put("full/later", "");
    int found = 0;
    rewinddir(directory);
    while ((entry = readdir(directory))) {
        found += strcmp(entry->d_name, "later") == 0;
    }
    CASE(found, "%s rewinddir shows it", origins[origin]);
    errno = 0;
    fact("%d %s", readdir(directory) == NULL, error_name(errno));
    end();
    closedir(directory);
}

void cursor_subject(void) {
    BOTH(origin) {
        room(origin);
        make_many();
        rooms_of(origin);
        back_and_forth(origin);
        changes_meanwhile(origin);
        streams(origin);
    }
}
