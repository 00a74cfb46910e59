#include "static_program.h"
#include "reach.h"
#include "supervised.h"

#include "../backing.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* Descriptors that were opened before a file was copied up still are of its blob. */
static bool is_blob(int fd) {
    struct node node;
    struct stat open, real;
    struct real_path path;
    node_id id;
    if (world_descriptor(&shim.caller, fd, &id) < 0 || id == NO_NODE ||
        !tree_node(&shim.world.tree, id, &node) || node.type != NODE_FILE) {
        return false;
    }
    real_file(&shim.world, id, &path);
    if (node.backing == BACKING_BLOB || RAW2(SYS_fstat, fd, &open) < 0) {
        return true;
    }
    if (REACH4(SYS_newfstatat, AT_FDCWD, path.text, &real, AT_SYMLINK_NOFOLLOW) < 0) {
        return open.st_nlink != 0;
    }
    return open.st_dev != real.st_dev || open.st_ino != real.st_ino;
}

static bool is_in_tree(void) {
    struct origin here;
    return shim.caller.origin(&shim.caller, AT_FDCWD, &here) == 0 && here.kind == ORIGIN_TREE;
}

/* Velo's own programs know what they stand in: a run may start another one. */
static bool is_own(const char *name) {
    static const char *const PLACES[] = {"/libexec/velo-", "/bin/velo"};
    const char *end = shim.library + strlen(shim.library);
    for (int up = 0; up < 2; up++) {
        end = memrchr(shim.library, '/', (size_t)(end - shim.library));
        if (!end) {
            return false;
        }
    }
    size_t length = (size_t)(end - shim.library);
    bool is = false;
    for (unsigned i = 0; strncmp(name, shim.library, length) == 0 && i < 2; i++) {
        is = is || strncmp(name + length, PLACES[i], strlen(PLACES[i])) == 0;
    }
    return is;
}

/* Whoever searches along PATH comes here several times. */
static void tell(const char *name, const char *reason) {
    static long told_by;
    long self = RAW0(SYS_getpid);
    if (__atomic_exchange_n(&told_by, self, __ATOMIC_RELAXED) == self) {
        return;
    }
    const char *words[] = {"velo: cannot execute ", name, reason};
    struct iovec parts[3];
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){(void *)(uintptr_t)words[i], strlen(words[i])};
    }
    RAW3(SYS_writev, 2, parts, 3);
}

/* As the kernel looks at it when it is executed. Capabilities of a file mean nothing to root. */
static bool gains_rights(int at, const char *path, int flags) {
    struct stat file;
    char capabilities[64];
    uint32_t user = (uint32_t)RAW0(SYS_geteuid), group = (uint32_t)RAW0(SYS_getegid);
    if (REACH4(SYS_newfstatat, at, path, &file, flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0 ||
        !S_ISREG(file.st_mode)) {
        return false;
    }
    bool gains = ((file.st_mode & S_ISUID) && file.st_uid != user) ||
                 ((file.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && file.st_gid != group);
    if (!gains && user != 0 && (at == AT_FDCWD || path[0] == '/')) {
        gains = REACH4(SYS_getxattr, path, "security.capability", capabilities, sizeof capabilities) > 0;
    }
    return gains && RAW5(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static bool is_divided(void) {
    return RAW0(SYS_getuid) != RAW0(SYS_geteuid) || RAW0(SYS_getgid) != RAW0(SYS_getegid);
}

enum blindness blindness_of(int at, const char *path, int flags, const struct program *program) {
    bool here = program->path[0] == 0;
    if (shim.supervised || is_own(path)) {
        return BLIND_NOT;
    }
    if (program->is_foreign) {
        return BLIND_FOREIGN;
    }
    if (gains_rights(here ? at : AT_FDCWD, here ? path : program->path, here ? flags : 0)) {
        return BLIND_SET_ID;
    }
    return is_divided() ? BLIND_DIVIDED : program->is_static ? BLIND_STATIC : BLIND_NOT;
}

bool static_program_supervised(void) {
    char path[sizeof shim.world.session + 16];
    struct stat file;
    /* access(2) would ask by the real user, who may not be the one that executes it. */
    return supervised_path(path, sizeof path) && REACH4(SYS_newfstatat, AT_FDCWD, path, &file, 0) == 0 &&
           (file.st_mode & 0111) != 0;
}

/* The link is there in each session that has a supervisor; "session" is there in all. */
static bool is_session_here(void) {
    static const char name[] = "/session";
    char path[sizeof shim.world.session + 16];
    struct stat link;
    size_t length = shim.world.session_length;
    if (!supervised_path(path, sizeof path) ||
        REACH4(SYS_newfstatat, AT_FDCWD, path, &link, AT_SYMLINK_NOFOLLOW) == 0) {
        return false;
    }
    memcpy(path + length, name, sizeof name);
    return REACH4(SYS_newfstatat, AT_FDCWD, path, &link, 0) == 0;
}

static long unreachable(const char *name) {
    tell(*name ? name : "what the descriptor is of",
         ": Velo's files cannot be reached from here (another root, mount or user), so it would not see the "
         "tree; run it with --isolate, or show it the store and Velo at their paths\n");
    return -EACCES;
}

long static_program_reaches(const char *name) {
    return is_session_here() ? 0 : unreachable(name);
}

long dynamic_program_reaches(const char *name) {
    if (shim.supervised || shim.library[0] != '/' || is_own(name)) {
        return 0;
    }
    struct stat file;
    const long result = RAW4(SYS_newfstatat, AT_FDCWD, shim.library, &file, 0);
    /* Who is another user now is told of that (reach_loads_library). */
    const bool later = result == -EACCES && (uint32_t)RAW0(SYS_geteuid) != shim.world.tree.owner_uid;
    return result == 0 || later ? 0 : unreachable(name);
}

long static_program_allowed(const char *name, const struct program *program) {
    if (!program->is_static || is_own(name)) {
        return 0;
    }
    bool of_tree = program->node != ROOT_NODE || program->word_count > 0;
    if (!of_tree && !is_in_tree() && !is_blob(0) && !is_blob(1) && !is_blob(2)) {
        return 0;
    }
    tell(*name              ? name
         : program->path[0] ? program->path
                            : "what the descriptor is of",
         ": it is a static program, which would not see the tree; run it with --isolate, or from a directory "
         "outside\n");
    return -EACCES;
}

long static_program_divided(const char *name) {
    if (RAW0(SYS_geteuid) == 0 && static_program_supervised()) {
        return 0;
    }
    tell(*name ? name : "what the descriptor is of",
         ": real and effective user or group differ, so it would not see the tree; set both before\n");
    return -EACCES;
}
