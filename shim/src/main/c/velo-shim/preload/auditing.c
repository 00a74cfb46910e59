#include "auditing.h"

#include <string.h>
#include <sys/syscall.h>

extern char **environ __attribute__((weak));

static const char own_name[] = "libvelo-audit.so", variable[] = "LD_AUDIT=";
static bool here;

/* The library's path: beside this one. */
static bool own_path(char *out, size_t room) {
    const char *slash = strrchr(shim.library, '/');
    size_t length = slash ? (size_t)(slash - shim.library) + 1 : 0;
    if (length == 0 || length + sizeof own_name > room) {
        return false;
    }
    memcpy(out, shim.library, length);
    memcpy(out + length, own_name, sizeof own_name);
    return true;
}

static bool has_item(const char *value, const char *item) {
    size_t wanted = strlen(item);
    while (value && *value) {
        size_t length = strcspn(value, ":");
        if (length == wanted && memcmp(value, item, length) == 0) {
            return true;
        }
        value += length + (value[length] != 0);
    }
    return false;
}

static bool is_in_tree(void) {
    struct origin here_now;
    return shim.caller.origin(&shim.caller, AT_FDCWD, &here_now) == 0 && here_now.kind == ORIGIN_TREE;
}

/* An item of the list may lead into the tree; an empty one of LD_LIBRARY_PATH is the current directory. */
static bool leads_to_tree(const char *list, const char *separators) {
    if (!list || !*list) {
        return false;
    }
    if (strstr(list, shim.world.prefix + shim.world.last_name)) {
        return true;
    }
    bool relative = false;
    for (;;) {
        size_t length = strcspn(list, separators);
        relative = relative || *list != '/';
        if (list[length] == 0) {
            return relative && is_in_tree();
        }
        list += length + 1;
    }
}

/* ld.so tells everybody of an auditor that it does not find. */
static bool is_there(const char *path) {
    return RAW4(SYS_faccessat, AT_FDCWD, path, 4, 0) == 0;
}

/* The items but its own, behind what is in entry already. */
static size_t add_others(const char *value, const char *own, char *entry, size_t length, size_t room) {
    size_t own_length = strlen(own), begin = sizeof variable - 1;
    while (value && *value) {
        size_t item = strcspn(value, ":");
        bool is_own = item == own_length && memcmp(value, own, item) == 0;
        if (item > 0 && !is_own) {
            if (length + item + 2 > room) {
                return 0;
            }
            if (length > begin) {
                entry[length++] = ':';
            }
            memcpy(entry + length, value, item);
            length += item;
        }
        value += item + (value[item] != 0);
    }
    entry[length] = 0;
    return length;
}

enum auditing auditing_of(char *const envp[], node_id program, char *entry) {
    char own[sizeof shim.library + sizeof own_name];
    const char *value = environment_value(envp, "LD_AUDIT");
    if (!own_path(own, sizeof own)) {
        return AUDITING_STAYS;
    }
    bool has = has_item(value, own);
    bool matters = program != ROOT_NODE || leads_to_tree(environment_value(envp, "LD_LIBRARY_PATH"), ":;") ||
                   leads_to_tree(environment_value(envp, "LD_PRELOAD"), ": ");
    if (has == matters || (matters && !is_there(own))) {
        return AUDITING_STAYS;
    }
    size_t length = sizeof variable - 1;
    memcpy(entry, variable, sizeof variable);
    if (matters) {
        memcpy(entry + length, own, strlen(own) + 1);
        length += strlen(own);
    }
    length = add_others(value, own, entry, length, PATH_MAX);
    if (length == 0) {
        return AUDITING_STAYS;
    }
    return length == sizeof variable - 1 ? AUDITING_GOES : AUDITING_CHANGES;
}

/* Before the program can change its environment. */
__attribute__((constructor)) static void look(void) {
    char own[sizeof shim.library + sizeof own_name];
    here = shim_virtual() && !libc_is_musl() && &environ && own_path(own, sizeof own) &&
           has_item(environment_value(environ, "LD_AUDIT"), own);
}

bool auditing_here(void) {
    return here;
}
