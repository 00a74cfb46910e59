#include "kernel.h"
#include "launch.h"
#include "mount_older.h"
#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

static void read_options(char *options, struct mount_entry *entry) {
    static const struct {
        const char *name;
        uint64_t attribute;
    } known[] = {
        {"ro", K_ATTR_RDONLY}, {"nosuid", K_ATTR_NOSUID}, {"nodev", K_ATTR_NODEV}, {"noexec", K_ATTR_NOEXEC}};
    char *rest = NULL;
    for (char *option = strtok_r(options, ",", &rest); option != NULL; option = strtok_r(NULL, ",", &rest)) {
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            entry->attributes |= strcmp(option, known[i].name) == 0 ? known[i].attribute : 0;
        }
        entry->no_links = entry->no_links || strcmp(option, "nosymfollow") == 0;
    }
}

static bool read_entry(char *line, struct mount_entry *entry) {
    char *rest = NULL;
    char *fields[6];
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        fields[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
        if (fields[i] == NULL) {
            return false;
        }
    }
    *entry = (struct mount_entry){.id = atoi(fields[0]), .parent = atoi(fields[1]), .point = fields[4]};
    unescape_path(fields[4]);
    read_options(fields[5], entry);
    return true;
}

static bool is_on_root(const struct mount_entry *child, const struct mount_entry *parent) {
    return strcmp(child->point, parent->point) == 0;
}

/* One step from a parent to its child; whether that told anything new. What lies over the top one itself, or
 * over what carries that, is of no interest. */
static bool mark_pair(struct mount_entry *parent, struct mount_entry *child) {
    if (child == parent || child->parent != parent->id || !parent->below) {
        return false;
    }
    const bool covers = is_on_root(child, parent);
    const bool news =
        !child->below || (covers && !parent->covered) || (!covers && parent->covered && !child->covered);
    child->below = true;
    child->covered = child->covered || (parent->covered && !covers);
    parent->covered = parent->covered || covers;
    return news;
}

/* Numbers are used again, so neither they nor the order of the lines tell who carries whom. */
static void mark(struct mount_entry *entries, size_t count) {
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t parent = 0; parent < count; parent++) {
            for (size_t child = 0; child < count; child++) {
                changed = mark_pair(&entries[parent], &entries[child]) || changed;
            }
        }
    }
}

size_t read_mounts(char *text, int top, struct mount_entry **entries) {
    size_t lines = 1;
    for (const char *at = text; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    size_t count = 0;
    *entries = calloc(lines, sizeof **entries);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && *entries != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (read_entry(line, &(*entries)[count])) {
            (*entries)[count].below = (*entries)[count].id == top;
            count++;
        }
    }
    mark(*entries, count);
    return count;
}

/* Of procfs, whole; the caller frees it. NULL where it cannot be read. */
static char *read_whole(const char *path) {
    size_t size = 16 << 10;
    size_t length = 0;
    ssize_t got = -1;
    char *text = malloc(size);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && text != NULL && (got = read(fd, text + length, size - 1 - length)) > 0) {
        length += (size_t)got;
        if (length + 1 == size) {
            char *more = realloc(text, size *= 2);
            text = more == NULL ? text : more;
            got = -1;
            if (more == NULL) {
                break;
            }
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (got != 0) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

static int mount_id(int descriptor) {
    char path[40];
    int id = -1;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", descriptor);
    char *text = read_whole(path);
    const char *line = text == NULL ? NULL : strstr(text, "mnt_id:");
    if (line != NULL) {
        id = atoi(line + strlen("mnt_id:"));
    }
    free(text);
    return id;
}

/* By its path below the top one, which somebody may change in the meantime: then it is another mount. */
static bool restrict_entry(int top, const char *path, const struct mount_entry *entry, uint64_t attributes) {
    path += strspn(path, "/");
    int mounted = *path == '\0' ? fcntl(top, F_DUPFD_CLOEXEC, 0) : resolve_below(top, path);
    bool done =
        mounted >= 0 && mount_id(mounted) == entry->id &&
        restrict_one(mounted, entry->attributes | (entry->no_links ? MS_NOSYMFOLLOW : 0), attributes) == 0;
    if (mounted >= 0) {
        close(mounted);
    }
    return done;
}

struct round {
    bool found; /* the top one */
    size_t done, left;
};

static struct round restrict_round(int mounted, int id, uint64_t attributes) {
    struct mount_entry *entries = NULL;
    struct round round = {.found = false};
    char *text = read_whole("/proc/self/mountinfo");
    size_t count = text == NULL ? 0 : read_mounts(text, id, &entries);
    const char *top = NULL;
    for (size_t i = 0; i < count; i++) {
        top = entries[i].id == id ? entries[i].point : top;
    }
    for (size_t i = 0; i < count && top != NULL; i++) {
        const struct mount_entry *entry = &entries[i];
        if (!entry->below || entry->covered || (entry->attributes & attributes) == attributes) {
            continue;
        }
        if (strncmp(entry->point, top, strlen(top)) == 0 &&
            restrict_entry(mounted, entry->point + strlen(top), entry, attributes)) {
            round.done++;
        } else {
            round.left++;
        }
    }
    round.found = top != NULL;
    free(entries);
    free(text);
    return round;
}

/*
 * Again until a list of the mounts shows that all have it: paths that change in the meantime cannot make it
 * miss one. What no path leads to because something was mounted above it later is refused, since that path
 * may come back; what lies below the root of another mount does not come back, because nobody inside may
 * unmount.
 */
int restrict_tree(int mounted, uint64_t attributes) {
    enum { PATIENCE = 8 };
    int id = mount_id(mounted);
    for (int i = 0; i < PATIENCE; i++) {
        const struct round now = restrict_round(mounted, id, attributes);
        if (now.found && now.done == 0 && now.left == 0) {
            return 0;
        }
        if (!now.found) {
            break;
        }
    }
    errno = EBUSY;
    return -1;
}
