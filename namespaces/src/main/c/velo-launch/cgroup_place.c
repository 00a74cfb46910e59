#include "enforcement.h"
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* proc_pid_mountinfo(5): blanks in names stand there as \040. */
static void unescape(char *text) {
    char *to = text;
    for (const char *at = text; *at != '\0'; to++) {
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] != '\0' && at[3] != '\0') {
            *to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
            at += 4;
        } else {
            *to = *at++;
        }
    }
    *to = '\0';
}

/* Whether a list like "cpu,cpuacct" or "rw,memory" has the word. */
static bool lists(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t part = strcspn(at, ",\n");
        if (part == length && strncmp(at, word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* cgroups(7): the path of this process's group in the hierarchy of a controller; version 2 is "0::". */
static bool own_path(const char *controller, int version, char *path, size_t size) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[4200];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':');
        char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (group == NULL) {
            continue;
        }
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        found = version == 2 ? strcmp(line, "0:") == 0 : lists(controllers + 1, controller);
        if (found) {
            snprintf(path, size, "%s", group);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

struct mounted {
    char root[4096];
    char point[4096];
};

static bool mounted_at(const char *controller, int version, struct mounted *at) {
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (file != NULL && !found && getline(&line, &size, file) > 0) {
        const char *behind = strstr(line, " - ");
        char type[32];
        char options[512];
        if (behind == NULL || sscanf(behind, " - %31s %*s %511s", type, options) != 2 ||
            sscanf(line, "%*s %*s %*s %4095s %4095s", at->root, at->point) != 2) {
            continue;
        }
        found = version == 2 ? strcmp(type, "cgroup2") == 0
                             : strcmp(type, "cgroup") == 0 && lists(options, controller);
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    }
    if (found) {
        unescape(at->root);
        unescape(at->point);
    }
    return found;
}

/* Version 2 tells in a file which controllers a group has; one of version 1 has a hierarchy of its own. */
static bool has_controller(const char *directory, const char *controller) {
    char path[4200];
    char text[512] = "";
    snprintf(path, sizeof path, "%s/cgroup.controllers", directory);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    for (char *at = text; got > 0 && *at != '\0'; at++) {
        *at = *at == ' ' ? ',' : *at;
    }
    return got > 0 && lists(text, controller);
}

/* 0: the hierarchy is there, but not this process's place in it; -1: it is not there. */
static int place_in(int version, const char *controller, char *path, size_t size) {
    struct mounted at;
    char own[4096];
    if (!mounted_at(controller, version, &at) || !own_path(controller, version, own, sizeof own)) {
        return -1;
    }
    size_t root = strcmp(at.root, "/") == 0 ? 0 : strlen(at.root);
    if (strncmp(own, at.root, root) != 0 || (own[root] != '/' && own[root] != '\0') ||
        strncmp(own + root, "/..", 3) == 0) {
        return 0;
    }
    int length = snprintf(path, size, "%s%s", at.point, strcmp(own + root, "/") == 0 ? "" : own + root);
    return length > 0 && (size_t)length < size ? version : 0;
}

int own_group(const char *controller, char *path, size_t size, const char **refusal) {
    int unified = place_in(2, controller, path, size);
    if (unified == 2 && has_controller(path, controller)) {
        return 2;
    }
    int legacy = place_in(1, controller, path, size);
    if (legacy == 1) {
        return 1;
    }
    *refusal = unified < 0 && legacy < 0 ? "no control groups are mounted"
               : unified == 0 || legacy == 0
                   ? "the control group of this process lies outside of what is mounted"
                   : "its controller is not given to this process's control group";
    return 0;
}
