#include "backing.h"
#include "manifest_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * session_maker DIRECTORY PROGRAM LIBRARY: a store, a manifest and a session for the tests of the hooks, in a
 * new directory. Digests are made up by the writer of manifests: paths of one length share one blob.
 */
#define PREFIX "/velo-hooks-tree"

static const char SCRIPT[] = "#!/bin/sh\necho script \"$0\" \"$1\"\n";
static const char NESTED[] = "#!" PREFIX "/dir/program nested\nnothing\n";

static struct made_entry made[] = {
    {'d', "dir", 0755, NULL, 0},
    {'f', "dir/file", 0644, NULL, 0},
    {'f', "dir/twin", 0644, NULL, 0},
    {'f', "dir/script", 0755, NULL, 0},
    {'f', "dir/program", 0755, NULL, 0},
    {'f', "dir/nested.sh", 0755, NULL, 0},
    {'f', "dir/library.so", 0644, NULL, 0},
    {'d', "dir/sub", 0755, NULL, 0},
    {'f', "dir/sub/deep", 0644, NULL, 0},
    {'l', "link", 0777, "dir/file", 0},
    {'l', "dirlink", 0777, "dir", 0},
    {'d', "empty", 0755, NULL, 0},
    {'f', "private", 0600, NULL, 0},
};
#define MADE (sizeof made / sizeof *made)

static void need(bool good, const char *what) {
    if (!good) {
        perror(what);
        exit(1);
    }
}

static char *whole_file(const char *path, size_t *length) {
    struct stat state;
    int fd = open(path, O_RDONLY);
    need(fd >= 0 && fstat(fd, &state) == 0, path);
    char *bytes = malloc((size_t)state.st_size);
    need(bytes && read(fd, bytes, (size_t)state.st_size) == state.st_size, path);
    *length = (size_t)state.st_size;
    close(fd);
    return bytes;
}

static char *content_of(const char *path, char **words, size_t *length) {
    char *text;
    if (strcmp(path, "dir/program") == 0) {
        return whole_file(words[2], length);
    }
    if (strcmp(path, "dir/library.so") == 0) {
        return whole_file(words[3], length);
    }
    if (strcmp(path, "dir/script") == 0) {
        text = strdup(SCRIPT);
    } else if (strcmp(path, "dir/nested.sh") == 0) {
        text = strdup(NESTED);
    } else {
        need(asprintf(&text, "content %zu\n", strlen(path)) > 0, "memory");
    }
    *length = strlen(text);
    return text;
}

static void write_file(const char *path, const void *bytes, size_t length, mode_t mode) {
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    need(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fchmod(fd, mode) == 0, path);
    close(fd);
}

static void make_directories(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
}

static void store(const struct world *world, const struct manifest *lower, char **words) {
    struct manifest_entry entry;
    for (uint32_t i = 0; i < lower->entries; i++) {
        need(manifest_entry(lower, i, &entry), "entry");
        if (entry.type != ENTRY_FILE) {
            continue;
        }
        size_t length;
        struct real_path path;
        char *content = content_of(entry.path, words, &length);
        real_blob(world, entry.digest, &path);
        make_directories(path.text);
        write_file(path.text, content, length, 0444);
        if (entry.mode & 0111) {
            real_twin(world, entry.digest, &path);
            make_directories(path.text);
            write_file(path.text, content, length, 0555);
        }
        free(content);
    }
}

static long call(long number, long a, long b, long c, long d, long e, long f) {
    long result = syscall(number, a, b, c, d, e, f);
    return result == -1 ? -errno : result;
}

static const struct kernel kernel = {call};

static void directory(const char *base, const char *name, char *out, size_t room) {
    need(snprintf(out, room, "%s/%s", base, name) < (int)room, "path");
    need(mkdir(out, 0755) == 0, out);
}

static void write_world(const char *session, const char *store_path, const char *manifest) {
    char path[PATH_MAX], text[PATH_MAX * 2];
    size_t length = 0;
    const char *const strings[] = {"VELOSHIM1", PREFIX, store_path, manifest};
    for (size_t i = 0; i < 4; i++) {
        memcpy(text + length, strings[i], strlen(strings[i]) + 1);
        length += strlen(strings[i]) + 1;
    }
    snprintf(path, sizeof path, "%s/world", session);
    write_file(path, text, length, 0444);
}

int main(int count, char **words) {
    char session[512], manifest[512], path[600];
    struct world world = {.kernel = &kernel, .prefix = PREFIX};
    need(count == 4 && words[1][0] == '/' && mkdir(words[1], 0755) == 0, words[count > 1 ? 1 : 0]);
    directory(words[1], "session", session, sizeof session);
    /* As in a run, the session is below the store. */
    need(snprintf(world.store, sizeof world.store, "%s", words[1]) < (int)sizeof world.store, "path");
    for (const char *const *name = (const char *const[]){"files", "dirs", "exec", NULL}; *name; name++) {
        directory(session, *name, path, sizeof path);
    }
    for (size_t i = 0; i < MADE; i++) {
        if (made[i].type == 'f') {
            size_t length;
            free(content_of(made[i].path, words, &length));
            made[i].size = length;
        }
    }
    size_t length;
    uint8_t *bytes = write_manifest(made, MADE, &length);
    snprintf(manifest, sizeof manifest, "%s/manifest", words[1]);
    write_file(manifest, bytes, length, 0444);
    struct manifest lower;
    need(manifest_open(&lower, bytes, length), "manifest");
    snprintf(world.session, sizeof world.session, "%s", session);
    store(&world, &lower, words);
    snprintf(path, sizeof path, "%s/session", session);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    long error = tree_make(&kernel, fd, &lower, (struct tree_limits){.bytes = 16 << 20});
    if (error < 0) {
        fprintf(stderr, "tree_make: %s\n", strerror((int)-error));
        return 1;
    }
    write_world(session, world.store, manifest);
    return 0;
}
