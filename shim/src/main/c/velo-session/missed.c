#include "../velo-shim/numbers.h"
#include "../velo-shim/world.h"
#include "session.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { ROWS = 512, FILES = 256, PLACES = 1024, PAGE_BITS = 12 };

/* Which file a page of a process's code is of, as it was when it was asked for last. */
struct code_place {
    uint32_t process;
    uint64_t page;
    const char *file;
};

struct missed {
    const struct world *world;
    uint64_t total;
    struct missed_row rows[ROWS]; /* the last one is for what finds no room */
    size_t row_count;
    char *files[FILES];
    size_t file_count;
    struct code_place places[PLACES];
    bool sorted;
    char own[PATH_MAX]; /* this program, by which the first one of the run is executed: the library missed
                           nothing there */
};

static const struct {
    int number;
    const char *name;
} NAMES[] = {
#define CAUGHT(number) {number, #number},
#define REFUSED(number)
#include "caught.inc"
#undef CAUGHT
#undef REFUSED
};

static const char *name_of(int number) {
    static const char beginning[] = "SYS_";
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (NAMES[i].number == number) {
            return NAMES[i].name + sizeof beginning - 1;
        }
    }
    return number == SYS_ioctl ? "ioctl" : number == SYS_sendto ? "sendto" : "others";
}

struct missed *missed_make(const struct world *world) {
    struct missed *missed = calloc(1, sizeof *missed);
    if (missed != NULL) {
        const ssize_t length = readlink("/proc/self/exe", missed->own, sizeof missed->own - 1);
        missed->world = world;
        missed->own[length < 0 ? 0 : length] = '\0';
    }
    return missed;
}

/* One string for each file, so that they can be compared by their places. */
static const char *keep(struct missed *missed, const char *text) {
    for (size_t i = 0; i < missed->file_count; i++) {
        if (strcmp(missed->files[i], text) == 0) {
            return missed->files[i];
        }
    }
    char *copy = missed->file_count < FILES ? strdup(text) : NULL;
    if (copy == NULL) {
        return "other files";
    }
    missed->files[missed->file_count++] = copy;
    return copy;
}

/* The tree's name of what the kernel knows as a file of the store or of the session. */
static bool name_in_tree(const struct world *world, unsigned major_number, unsigned minor_number,
                         uint64_t inode, char *out, size_t room) {
    const node_id node = tree_noted(&world->tree, makedev(major_number, minor_number), inode);
    const size_t begin = world->prefix_length + 1;
    if (node == NO_NODE || begin >= room) {
        return false;
    }
    memcpy(out, world->prefix, world->prefix_length);
    out[world->prefix_length] = '/';
    return tree_path(&world->tree, node, out + begin, room - begin) > 0;
}

/* A line of /proc/PID/maps. False: the address is of another mapping. */
static bool is_at(const struct world *world, const char *line, uint64_t address, char *out, size_t room) {
    uint64_t from, to, inode;
    unsigned major_number, minor_number;
    int path = 0;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*x %x:%x %" SCNu64 " %n", &from, &to, &major_number,
               &minor_number, &inode, &path) < 5 ||
        address < from || address >= to) {
        return false;
    }
    if (inode == 0 || !name_in_tree(world, major_number, minor_number, inode, out, room)) {
        const char *text = line + path;
        snprintf(out, room, "%.*s", (int)strcspn(text, "\n"),
                 *text == '\0' || *text == '\n' ? "memory" : text);
    }
    return true;
}

static const char *look_up(struct missed *missed, uint32_t process, uint64_t address) {
    char path[32], *line = NULL, found[PATH_MAX];
    size_t room = 0;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/maps", process);
    FILE *maps = fopen(path, "re");
    strcpy(found, "code that is gone");
    while (maps != NULL && getline(&line, &room, maps) > 0) {
        if (is_at(missed->world, line, address, found, sizeof found)) {
            break;
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    free(line);
    return keep(missed, found);
}

/* What executes another program has other code from then on. */
static void forget(struct missed *missed, uint32_t process) {
    for (size_t i = 0; i < PLACES; i++) {
        if (missed->places[i].process == process) {
            missed->places[i].file = NULL;
        }
    }
}

static const char *file_of(struct missed *missed, uint32_t process, uint64_t address) {
    const uint64_t page = address >> PAGE_BITS;
    struct code_place *place = &missed->places[(process * 31 + page) % PLACES];
    if (place->file == NULL || place->process != process || place->page != page) {
        *place = (struct code_place){process, page, look_up(missed, process, address)};
    }
    return place->file;
}

static struct missed_row *row_of(struct missed *missed, const char *call, const char *file) {
    for (size_t i = 0; i < missed->row_count; i++) {
        if (missed->rows[i].call == call && missed->rows[i].file == file) {
            return &missed->rows[i];
        }
    }
    if (missed->row_count == ROWS - 1) {
        call = "others";
        file = "other files";
    }
    if (missed->row_count < ROWS) {
        missed->rows[missed->row_count++] = (struct missed_row){call, file, 0};
    }
    return &missed->rows[missed->row_count - 1];
}

void missed_count(struct missed *missed, const struct seccomp_notif *call) {
    const char *file = file_of(missed, call->pid, call->data.instruction_pointer);
    if (strcmp(file, missed->own) != 0) {
        row_of(missed, name_of(call->data.nr), file)->count++;
        missed->total++;
        missed->sorted = false;
    }
    if (call->data.nr == SYS_execve || call->data.nr == SYS_execveat) {
        forget(missed, call->pid);
    }
}

uint64_t missed_total(const struct missed *missed) {
    return missed->total;
}

static int by_count(const void *left, const void *right) {
    const struct missed_row *a = left, *b = right;
    const int call = strcmp(a->call, b->call);
    return a->count != b->count ? (a->count < b->count ? 1 : -1)
           : call != 0          ? call
                                : strcmp(a->file, b->file);
}

const struct missed_row *missed_row(struct missed *missed, size_t index) {
    if (!missed->sorted) {
        qsort(missed->rows, missed->row_count, sizeof *missed->rows, by_count);
        missed->sorted = true;
    }
    return index < missed->row_count ? &missed->rows[index] : NULL;
}
