#include "hierarchy.h"
#include "launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct roots host_roots = {"/proc", ""};

bool in_list(const char *list, const char *word, const char *separators) {
    size_t length = strlen(word);
    for (const char *at = list; *at != '\0';) {
        at += strspn(at, separators);
        size_t here = strcspn(at, separators);
        if (here == length && strncmp(at, word, length) == 0) {
            return true;
        }
        at += here;
    }
    return false;
}

static FILE *open_proc(const struct roots *roots, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", roots->proc, name);
    return fopen(path, "re");
}

/* A line of mountinfo; its numbers are of no interest. */
static bool is_of(const char *line, const char *controller, struct hierarchy *hierarchy) {
    char type[32], options[512];
    const char *end = strstr(line, " - ");
    if (end == NULL || sscanf(end, " - %31s %*s %511s", type, options) != 2 ||
        sscanf(line, "%*s %*s %*s %4095s %4095s", hierarchy->root, hierarchy->point) != 2) {
        return false;
    }
    return controller == NULL ? strcmp(type, "cgroup2") == 0
                              : strcmp(type, "cgroup") == 0 && in_list(options, controller, ",");
}

struct hierarchy mounted_hierarchy(const struct roots *roots, const char *controller) {
    struct hierarchy hierarchy = {.found = false};
    char *line = NULL;
    size_t size = 0;
    FILE *in = open_proc(roots, "self/mountinfo");
    while (in != NULL && !hierarchy.found && getline(&line, &size, in) > 0) {
        hierarchy.found = is_of(line, controller, &hierarchy);
    }
    free(line);
    if (in != NULL) {
        fclose(in);
    }
    if (hierarchy.found) {
        unescape_path(hierarchy.root);
        unescape_path(hierarchy.point);
    }
    return hierarchy;
}

/* A line is "number:controllers:name", of version 2 "0::name". */
bool own_group_name(const struct roots *roots, const char *controller, char *name, size_t size) {
    char line[PATH_MAX + 512];
    bool is = false;
    FILE *in = open_proc(roots, "self/cgroup");
    while (in != NULL && !is && fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *list = strchr(line, ':');
        char *where = list == NULL ? NULL : strchr(list + 1, ':');
        if (where == NULL) {
            continue;
        }
        *where++ = '\0';
        is = controller == NULL ? strcmp(line, "0:") == 0 : in_list(list + 1, controller, ",");
        if (is) {
            snprintf(name, size, "%s", where);
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    return is;
}

bool directory_of(const struct roots *roots, const struct hierarchy *hierarchy, const char *name,
                  char *directory, size_t size) {
    size_t length = strcmp(hierarchy->root, "/") == 0 ? 0 : strlen(hierarchy->root);
    const char *rest = name + length;
    if (strncmp(name, hierarchy->root, length) != 0 || (*rest != '/' && *rest != '\0') ||
        strncmp(rest, "/..", 3) == 0) {
        return false;
    }
    int written = snprintf(directory, size, "%s%s%s", roots->mounts, hierarchy->point,
                           strcmp(rest, "/") == 0 ? "" : rest);
    return written > 0 && (size_t)written < size;
}
