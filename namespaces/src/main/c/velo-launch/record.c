#include "record.h"
#include "kernel.h"
#include "story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char REMEDY[] = "name a file in a directory that exists and may be written to";

struct record {
    const char *path;
    int directory;
    const char *name;
    char fresh[64]; /* the name until it is whole; empty: the file is written where it is (/dev/null, a pipe)
                     */
    int file;
};

/* The directory now: what lies above it may be another one in the end. */
static int open_directory(const char *path, const char **name) {
    char directory[4096];
    const char *slash = strrchr(path, '/');
    *name = slash + 1;
    snprintf(directory, sizeof directory, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct record *record_open(const char *path) {
    struct record *record = calloc(1, sizeof *record);
    struct stat there;
    if (record == NULL) {
        fail(EXIT_LAUNCH, "free some memory", "cannot write the record: out of memory");
    }
    record->path = path;
    record->directory = open_directory(path, &record->name);
    if (record->directory < 0) {
        fail_errno(REMEDY, "cannot write the record %s", path);
    }
    if (fstatat(record->directory, record->name, &there, 0) == 0 && !S_ISREG(there.st_mode)) {
        record->file = openat(record->directory, record->name, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } else {
        snprintf(record->fresh, sizeof record->fresh, ".velo-%ld-%llx", (long)getpid(),
                 (unsigned long long)now_ns());
        /* Without a name: what is killed leaves nothing. Not every file system can. */
        record->file = openat(record->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
        if (record->file < 0) {
            record->file = openat(record->directory, record->fresh,
                                  O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
        }
    }
    if (record->file < 0) {
        fail_errno(REMEDY, "cannot write the record %s", path);
    }
    return record;
}

/* RFC 8259; a byte that is not UTF-8 becomes U+FFFD, and so does what could end a line. */
static void put_string(FILE *out, const char *text) {
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        size_t more = *at < 0x80             ? 0
                      : (*at & 0xe0) == 0xc0 ? 1
                      : (*at & 0xf0) == 0xe0 ? 2
                      : (*at & 0xf8) == 0xf0 ? 3
                                             : 9;
        uint32_t point = more == 0 ? *at : *at & (0x3fU >> more);
        bool whole = more < 4;
        for (size_t i = 1; whole && i <= more; i++) {
            whole = (at[i] & 0xc0) == 0x80;
            point = point << 6 | (at[i] & 0x3fU);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        whole = whole && point >= least[more] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        if (!whole || point < 0x20 || point == 0x7f) {
            fputs("\\ufffd", out);
        } else {
            if (*at == '"' || *at == '\\') {
                fputc('\\', out);
            }
            fwrite(at, 1, more + 1, out);
        }
        at += whole ? more + 1 : 1;
    }
    fputc('"', out);
}

static void put_number(FILE *out, const char *name, uint64_t value) {
    if (value == UINT64_MAX) {
        fprintf(out, "\"%s\":null", name);
    } else {
        fprintf(out, "\"%s\":%llu", name, (unsigned long long)value);
    }
}

static uint64_t microseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000U + (uint64_t)time.tv_usec;
}

/* A group of version 2 has counted those, too, that nobody waited for. */
static uint64_t processor_us(const struct limits *limits, const char *word, struct timeval waited_for) {
    uint64_t most = microseconds(waited_for);
    for (enum controller c = 0; c < CONTROLLERS; c++) {
        const struct group *group = &limits->groups.of[c];
        uint64_t counted = group->version == 2 ? group_read(group, "cpu.stat", word) : UINT64_MAX;
        most = counted != UINT64_MAX && counted > most ? counted : most;
    }
    return most;
}

static void put_limits(FILE *out, const struct limits *limits) {
    static const char *const hits[] = {"null", "false", "true"};
    bool first = true;
    fputs("\"limits\":{", out);
    for (int i = 0; i < LIMITS; i++) {
        const struct enforcement *limit = &limits->of[i];
        if (limit->asked == 0) {
            continue;
        }
        fprintf(out, "%s\"%s\":{\"limit\":%llu,\"mechanism\":", first ? "" : ",", limit_names[i],
                (unsigned long long)limit->asked);
        put_string(out, limit->mechanism == NULL ? "none" : limit->mechanism);
        fprintf(out, ",\"enforced\":%s,\"hit\":%s",
                limit->whole && limit->mechanism != NULL ? "true" : "false", hits[limit->hit + 1]);
        if (limit->reason[0] != '\0') {
            fputs(",\"reason\":", out);
            put_string(out, limit->reason);
        }
        fputc('}', out);
        first = false;
    }
    fputs("},", out);
}

static void put_spaces(FILE *out, const struct limits *limits) {
    bool first = true;
    fputs("\"spaces\":{", out);
    for (int i = 0; i < SPACES; i++) {
        const struct space *space = &story->spaces[i];
        /* The root's upper layer has a size of its own only where it is in memory. */
        if (space->size == 0 || (i == 0 && limits->of[LIMIT_DISK].asked == 0)) {
            continue;
        }
        fprintf(out, "%s\"%s\":{", first ? "" : ",", space_names[i]);
        put_number(out, "bytes", space->size);
        fputc(',', out);
        put_number(out, "bytes_used", space->used);
        fputc(',', out);
        put_number(out, "inodes", space->inodes);
        fputc(',', out);
        put_number(out, "inodes_used", space->inodes_used);
        fputc('}', out);
        first = false;
    }
    fputs("},", out);
}

/* starttime of proc_pid_stat(5): when this process began, as a JVM, in hundredths of a second. */
static uint64_t planning_us(void) {
    char text[1024];
    struct timespec now;
    unsigned long long ticks = 0;
    const char *behind =
        get_text(AT_FDCWD, "/proc/self/stat", text, sizeof text) > 0 ? strrchr(text, ')') : NULL;
    if (behind == NULL || clock_gettime(CLOCK_BOOTTIME, &now) != 0 ||
        sscanf(behind, ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
               &ticks) != 1) {
        return UINT64_MAX;
    }
    uint64_t began = ticks * (1000000U / (uint64_t)sysconf(_SC_CLK_TCK));
    uint64_t then = (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000 -
                    (now_ns() - story->began[PHASE_PREPARE]) / 1000;
    return then > began ? then - began : 0;
}

static void put_phases(FILE *out) {
    fputs("\"setup_us\":{", out);
    put_number(out, "plan", planning_us());
    for (int i = 0; i < PHASE_RUN && story->began[i] != 0; i++) {
        uint64_t next = story->began[i + 1] != 0 ? story->began[i + 1] : story->ended;
        fputc(',', out);
        put_number(out, phase_names[i], next > story->began[i] ? (next - story->began[i]) / 1000 : 0);
    }
    fputs("},", out);
}

static void put_failure(FILE *out) {
    fputs("\"failure\":", out);
    if (!story->failed) {
        fputs("null", out);
        return;
    }
    fputs("{\"stage\":", out);
    put_string(out, phase_names[story->failed_in]);
    fputs(",\"errno\":", out);
    if (story->errnum == 0) {
        fputs("null", out);
    } else {
        fprintf(out, "%d", story->errnum);
    }
    fputs(",\"type\":", out);
    if (story->type[0] == '\0') {
        fputs("null", out);
    } else {
        put_string(out, story->type);
    }
    fputs(",\"what\":", out);
    put_string(out, story->what);
    fputs(",\"reason\":", out);
    put_string(out, story->reason);
    fputs(",\"remedy\":", out);
    put_string(out, story->remedy);
    fputc('}', out);
}

static void put_record(FILE *out, const struct ending *ending, const struct limits *limits) {
    uint64_t start = story->began[PHASE_NAMESPACES];
    fprintf(out, "{\"version\":1,\"exit\":%d,\"signal\":", ending->exit);
    if (ending->signal == 0) {
        fputs("null", out);
    } else {
        fprintf(out, "%d", ending->signal);
    }
    fprintf(out, ",\"cause\":\"%s\",\"timeout\":%s,\"oom\":%s,", ending->cause,
            ending->timed_out ? "true" : "false", ending->out_of_memory ? "true" : "false");
    put_number(out, "wall_us", start == 0 || story->ended < start ? 0 : (story->ended - start) / 1000);
    fputc(',', out);
    put_number(out, "user_us", processor_us(limits, "user_usec", ending->usage.ru_utime));
    fputc(',', out);
    put_number(out, "sys_us", processor_us(limits, "system_usec", ending->usage.ru_stime));
    fputc(',', out);
    put_number(out, "max_rss_bytes", (uint64_t)ending->usage.ru_maxrss * 1024U);
    fputs(",\"peak\":{", out);
    put_number(out, "memory_bytes", ending->peak_memory);
    fputc(',', out);
    put_number(out, "processes", ending->peak_processes);
    fputs("},\"output\":{", out);
    put_number(out, "bytes", ending->output);
    fprintf(out, ",\"truncated\":%s},", ending->truncated ? "true" : "false");
    put_limits(out, limits);
    put_spaces(out, limits);
    put_phases(out);
    put_failure(out);
    fputs("}\n", out);
}

static bool publish(const struct record *record) {
    struct stat named;
    char link[32];
    if (record->fresh[0] == '\0') {
        return true;
    }
    if (fsync(record->file) != 0) {
        return false;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", record->file);
    bool has_name = fstat(record->file, &named) == 0 && named.st_nlink > 0;
    if ((!has_name && linkat(AT_FDCWD, link, record->directory, record->fresh, AT_SYMLINK_FOLLOW) != 0) ||
        renameat(record->directory, record->fresh, record->directory, record->name) != 0) {
        int errnum = errno;
        unlinkat(record->directory, record->fresh, 0);
        errno = errnum;
        return false;
    }
    return fsync(record->directory) == 0 || errno == EINVAL;
}

bool record_write(struct record *record, const struct ending *ending, const struct limits *limits) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out != NULL) {
        put_record(out, ending, limits);
    }
    bool done = out != NULL && fclose(out) == 0;
    for (size_t at = 0; done && at < length;) {
        ssize_t put = write(record->file, text + at, length - at);
        done = put > 0;
        at += put > 0 ? (size_t)put : 0;
    }
    done = done && publish(record);
    if (!done) {
        int errnum = errno;
        if (record->fresh[0] != '\0') {
            unlinkat(record->directory, record->fresh, 0);
        }
        errno = errnum;
        message("cannot write the record %s: %s; %s", record->path, strerror(errno), REMEDY);
    }
    free(text);
    return done;
}
