#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char REMEDY[] = "name a file in a directory that exists and may be written to";

struct record {
    const char *path;
    int directory;
    const char *name;
    char fresh[64]; /* its name until it is whole; empty: it is written where it is (/dev/null, a pipe) */
    int file;
    uint64_t opened_ns;
};

/* Opened before the run: what lies above it may be another directory in the end. */
static int open_directory(const char *path, const char **name) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *name = slash + 1;
    snprintf(directory, sizeof directory, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct record *record_open(const char *path) {
    struct record *record = calloc(1, sizeof *record);
    struct stat there;
    if (record == NULL) {
        fail("free some memory", "cannot write the record: out of memory");
    }
    record->path = path;
    record->opened_ns = now_ns();
    record->directory = open_directory(path, &record->name);
    record->file = -1;
    if (record->directory >= 0 && fstatat(record->directory, record->name, &there, 0) == 0 &&
        !S_ISREG(there.st_mode)) {
        record->file = openat(record->directory, record->name, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } else if (record->directory >= 0) {
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

/* RFC 8259. A byte of what is no ASCII becomes U+FFFD: these texts are Velo's, and seldom name a file. */
static void put_string(FILE *out, const char *name, const char *text) {
    fprintf(out, "\"%s\":\"", name);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at < 0x20 || *at >= 0x7f) {
            fputs("\\ufffd", out);
        } else {
            fprintf(out, "%s%c", *at == '"' || *at == '\\' ? "\\" : "", *at);
        }
    }
    fputc('"', out);
}

static const char *cause(const struct run *run) {
    if (failure.stage[0] != '\0') {
        return strcmp(failure.stage, "finish") == 0 ? "capture" : "launch";
    }
    return run->timed_out ? "timeout" : WIFSIGNALED(run->status) ? "signal" : "exit";
}

static unsigned long long microseconds(struct timeval time) {
    return (unsigned long long)time.tv_sec * 1000000U + (unsigned long long)time.tv_usec;
}

static void put_failure(FILE *out) {
    if (failure.stage[0] == '\0') {
        fputs("\"failure\":null}\n", out);
        return;
    }
    fputs("\"failure\":{", out);
    put_string(out, "stage", failure.stage);
    if (failure.errnum == 0) {
        fputs(",\"errno\":null,\"type\":null,", out);
    } else {
        fprintf(out, ",\"errno\":%d,\"type\":null,", failure.errnum);
    }
    put_string(out, "what", failure.what);
    fputc(',', out);
    put_string(out, "reason", failure.reason);
    fputc(',', out);
    put_string(out, "remedy", failure.remedy);
    fputs("}}\n", out);
}

static void put_limits(FILE *out, const struct run *run) {
    fputs("\"limits\":{", out);
    if (run->plan->time_limit_ms != 0) {
        fprintf(out, "\"timeout\":{\"limit\":%llu,\"mechanism\":\"timer\",\"enforced\":true,\"hit\":%s}",
                (unsigned long long)run->plan->time_limit_ms, run->timed_out ? "true" : "false");
    }
    fputs("},\"spaces\":{},", out);
}

/* Only where it was asked for: what the preload library has missed. */
static void put_missed(FILE *out, const struct run *run) {
    struct missed *missed = supervision_missed(run);
    const struct missed_row *row;
    if (missed == NULL) {
        return;
    }
    fputs("\"missed\":[", out);
    for (size_t i = 0; (row = missed_row(missed, i)) != NULL; i++) {
        fputs(i == 0 ? "{" : ",{", out);
        put_string(out, "call", row->call);
        fputc(',', out);
        put_string(out, "file", row->file);
        fprintf(out, ",\"count\":%llu}", (unsigned long long)row->count);
    }
    fputs("],", out);
}

static void put_record(FILE *out, const struct record *record, const struct run *run, int code) {
    const bool ran = run->began_ns != 0;
    const bool signalled = run->executed && run->ended && WIFSIGNALED(run->status);
    const unsigned long long wall =
        ran && run->ended_ns > run->began_ns ? (run->ended_ns - run->began_ns) / 1000 : 0;
    fprintf(out, "{\"version\":1,\"exit\":%d,\"signal\":", code);
    fprintf(out, signalled ? "%d" : "null", signalled ? WTERMSIG(run->status) : 0);
    fprintf(out, ",\"cause\":\"%s\",\"timeout\":%s,\"oom\":false,", cause(run),
            run->timed_out ? "true" : "false");
    fprintf(out, "\"wall_us\":%llu,\"user_us\":%llu,\"sys_us\":%llu,\"max_rss_bytes\":%llu,", wall,
            microseconds(run->usage.ru_utime), microseconds(run->usage.ru_stime),
            (unsigned long long)run->usage.ru_maxrss * 1024U);
    fputs("\"peak\":{\"memory_bytes\":null,\"processes\":null},"
          "\"output\":{\"bytes\":null,\"truncated\":false},",
          out);
    put_limits(out, run);
    put_missed(out, run);
    fprintf(out, "\"setup_us\":{\"prepare\":%llu},",
            (unsigned long long)((ran ? run->began_ns : now_ns()) - record->opened_ns) / 1000);
    put_failure(out);
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
    const bool has_name = fstat(record->file, &named) == 0 && named.st_nlink > 0;
    if (!has_name && linkat(AT_FDCWD, link, record->directory, record->fresh, AT_SYMLINK_FOLLOW) != 0) {
        return false;
    }
    if (renameat(record->directory, record->fresh, record->directory, record->name) != 0) {
        return false;
    }
    return fsync(record->directory) == 0 || errno == EINVAL;
}

bool record_write(struct record *record, const struct run *run, int code) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out != NULL) {
        put_record(out, record, run, code);
    }
    bool done = out != NULL && fclose(out) == 0;
    for (size_t at = 0; done && at < length;) {
        const ssize_t put = write(record->file, text + at, length - at);
        done = put > 0;
        at += put > 0 ? (size_t)put : 0;
    }
    done = done && publish(record);
    if (!done) {
        const int errnum = errno;
        if (record->fresh[0] != '\0') {
            unlinkat(record->directory, record->fresh, 0);
        }
        message("cannot write the record %s: %s; %s", record->path, strerror(errnum), REMEDY);
    }
    free(text);
    return done;
}
