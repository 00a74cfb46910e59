#include "battery.h"

#include <dirent.h>
#include <sys/syscall.h>

static unsigned number_of(const char *name) {
    return (unsigned)strtoul(name + strlen("entry-"), NULL, 10);
}

/* Each of the many entries once, and nothing else but the two dots. */
static void count_all(const char *label, const char *path) {
    static unsigned char seen[MANY];
    memset(seen, 0, sizeof seen);
    unsigned twice = 0, strange = 0, dots = 0, all = 0;
    DIR *directory = opendir(path);
    begin("%s", label);
    result(got(directory));
    struct dirent *entry;
    errno = 0;
    while (directory && (entry = readdir(directory))) {
        all++;
        if (entry->d_name[0] == '.') {
            dots++;
        } else if (strncmp(entry->d_name, "entry-", 6) != 0 || number_of(entry->d_name) >= MANY) {
            strange++;
        } else {
            twice += seen[number_of(entry->d_name)]++ != 0;
        }
    }
    fact("all=%u dots=%u twice=%u strange=%u errno=%s", all, dots, twice, strange, error_name(errno));
    end();
    if (directory) {
        closedir(directory);
    }
}

static void many(enum origin origin, const char *path) {
    char label[64], name[PATH_MAX];
    snprintf(label, sizeof label, "%s many entries", origins[origin]);
    count_all(label, path);
    snprintf(label, sizeof label, "%s many entries again", origins[origin]);
    count_all(label, path);
    snprintf(name, sizeof name, "%s/entry-19999", path);
    LINE(access(name, F_OK), "%s the last of many", origins[origin]);
    snprintf(name, sizeof name, "%s/entry-20000", path);
    LINE(access(name, F_OK), "%s none of many", origins[origin]);
    DIR *directory = opendir(path);
    struct dirent *entry;
    unsigned read = 0, failed = 0;
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] != '.' && number_of(entry->d_name) % 2) {
            failed += unlinkat(dirfd(directory), entry->d_name, 0) != 0;
        }
        read++;
    }
    CASE(0, "%s removal while reading", origins[origin]);
    fact("read=%u failed=%u", read, failed);
    end();
    closedir(directory);
    snprintf(label, sizeof label, "%s every second is left", origins[origin]);
    count_all(label, path);
    for (unsigned round = 0; round < 20; round++) {
        read = 0;
        directory = opendir(path);
        while ((entry = readdir(directory))) {
            if (entry->d_name[0] != '.') {
                NEED(unlinkat(dirfd(directory), entry->d_name, 0));
                read++;
            }
        }
        closedir(directory);
        if (!read) {
            break;
        }
    }
    CASE(rmdir(path), "%s removal of all", origins[origin]);
    fact("%s", access(path, F_OK) ? error_name(errno) : "0");
    end();
}

static void places(enum origin origin) {
    room(origin);
    for (int i = 0; i < 300; i++) {
        char name[300];
        snprintf(name, sizeof name, "full/%0*d", i % 200 + 20, i);
        put(name, "");
    }
    DIR *directory = opendir("full");
    static char names[400][300];
    static long where[400];
    int count = 0;
    struct dirent *entry;
    for (;;) {
        where[count] = telldir(directory);
        if (!(entry = readdir(directory))) {
            break;
        }
        strcpy(names[count++], entry->d_name);
    }
    int wrong = 0;
    for (int i = count - 1; i >= 0; i -= 7) {
        seekdir(directory, where[i]);
        entry = readdir(directory);
        wrong += !entry || strcmp(entry->d_name, names[i]) != 0;
    }
    CASE(count, "%s telldir and seekdir", origins[origin]);
    fact("wrong=%d", wrong);
    seekdir(directory, where[count]);
    fact("end=%d", readdir(directory) == NULL);
    rewinddir(directory);
    entry = readdir(directory);
    fact("first=%d", entry && strcmp(entry->d_name, names[0]) == 0);
    end();
    put("full/late", "");
    rewinddir(directory);
    bool late = false;
    while ((entry = readdir(directory))) {
        late |= strcmp(entry->d_name, "late") == 0;
    }
    CASE(late, "%s rewinddir shows what came later", origins[origin]);
    end();
    closedir(directory);
}

/* Half of what is yet to be read is removed by somebody else: what is left is told once. */
static void removed_meanwhile(enum origin origin) {
    room(origin);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "full/f%d", i);
        put(name, "");
    }
    static char names[128][64];
    int count = 0, read = 0, kept = 0, found = 0;
    DIR *directory = opendir("full");
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        snprintf(names[count++], sizeof *names, "full/%.50s", entry->d_name);
    }
    rewinddir(directory);
    while (read < count / 2 && readdir(directory)) {
        read++;
    }
    for (int i = read; i < count; i++) {
        bool removed = i % 2 && unlink(names[i]) == 0;
        kept += !removed;
        names[i][0] = removed ? '-' : 'f';
    }
    while ((entry = readdir(directory))) {
        for (int i = read; i < count; i++) {
            found += names[i][0] == 'f' && strcmp(entry->d_name, names[i] + 5) == 0;
        }
    }
    CASE(found == kept, "%s removal of what is yet to be read", origins[origin]);
    end();
    closedir(directory);
}

static void types(enum origin origin) {
    room(origin);
    NEED(mkfifo("fifo", 0600));
    NEED(rename("file", "renamed"));
    put("twin", "written\n");
    CASE(0, "%s types", origins[origin]);
    show_names(".");
    end();
    DIR *directory = opendir(".");
    int wrong = 0, all = 0;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        struct stat is = status(entry->d_name);
        wrong += entry->d_ino != is.st_ino || entry->d_type != IFTODT(is.st_mode);
        all++;
    }
    CASE(all, "%s d_ino and d_type are those of stat", origins[origin]);
    fact("wrong=%d", wrong);
    end();
    closedir(directory);
    directory = opendir("full");
    while ((entry = readdir(directory))) {
        if (strcmp(entry->d_name, "..") == 0) {
            CASE(entry->d_ino == status(".").st_ino, "%s the number of ..", origins[origin]);
            end();
        }
    }
    closedir(directory);
}

static void descriptors(enum origin origin) {
    room(origin);
    LINE(got(opendir("file")), "%s opendir of a file", origins[origin]);
    LINE(got(opendir("missing")), "%s opendir of nothing", origins[origin]);
    LINE(got(opendir("dangling")), "%s opendir of a dangling link", origins[origin]);
    LINE(got(opendir("")), "%s opendir of no name", origins[origin]);
    int file = open("file", O_RDONLY), fd = open("full", O_RDONLY | O_DIRECTORY);
    LINE(got(fdopendir(file)), "%s fdopendir of a file", origins[origin]);
    LINE(got(fdopendir(-1)), "%s fdopendir of no descriptor", origins[origin]);
    DIR *directory = fdopendir(fd);
    CASE(dirfd(directory) == fd, "%s fdopendir", origins[origin]);
    int names = 0;
    while (readdir(directory)) {
        names++;
    }
    fact("names=%d fstat=%s", names, same("full", "full"));
    end();
    /* The position belongs to what is open, so a duplicate shares it. */
    int copy = dup(fd);
    DIR *second = fdopendir(copy);
    CASE(readdir(second) == NULL, "%s a duplicate is at the end, too", origins[origin]);
    lseek(copy, 0, SEEK_SET);
    rewinddir(second);
    fact("again=%d", readdir(second) != NULL);
    end();
    closedir(second);
    LINE(closedir(directory), "%s closedir", origins[origin]);
    LINE(fcntl(fd, F_GETFD), "%s it closed the descriptor", origins[origin]);
    char bytes[4096];
    fd = open("full", O_RDONLY | O_DIRECTORY);
    LINE(read(fd, bytes, sizeof bytes), "%s read of a directory", origins[origin]);
    LINE(syscall(SYS_getdents64, file, bytes, sizeof bytes), "%s getdents of a file", origins[origin]);
    LINE(syscall(SYS_getdents64, fd, bytes, 1), "%s getdents into little room", origins[origin]);
    CASE(syscall(SYS_getdents64, fd, bytes, sizeof bytes) > 0, "%s getdents", origins[origin]);
    fact("end=%ld", syscall(SYS_getdents64, fd, bytes, sizeof bytes));
    end();
    drop(fd);
    drop(file);
}

static void two_readers(enum origin origin) {
    room(origin);
    DIR *one = opendir("."), *two = opendir(".");
    struct dirent *first = readdir(one);
    char name[256];
    strcpy(name, first->d_name);
    ino_t inode = first->d_ino;
    int count = 0;
    while (readdir(two)) {
        count++;
    }
    CASE(count, "%s two streams do not share an entry", origins[origin]);
    fact("%d", strcmp(name, first->d_name) == 0 && first->d_ino == inode);
    end();
    NEED(rename("full", "moved"));
    closedir(one);
    one = opendir("moved");
    NEED(rename("moved", "full"));
    put("full/x", "");
    count = 0;
    while (readdir(one)) {
        count++;
    }
    CASE(count, "%s read of a directory that moved meanwhile", origins[origin]);
    end();
    closedir(one);
    closedir(two);
}

void directory_subject(void) {
    BOTH(origin) {
        types(origin);
        places(origin);
        removed_meanwhile(origin);
        descriptors(origin);
        two_readers(origin);
    }
    many(OLD, in_home("many"));
    NEED(mkdir(in_home("crowd"), 0755));
    NEED(chdir(in_home("crowd")));
    for (unsigned i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "entry-%05u", i);
        drop(open(name, O_CREAT | O_WRONLY | O_EXCL, 0644));
    }
    NEED(chdir(home));
    many(MADE, in_home("crowd"));
}
