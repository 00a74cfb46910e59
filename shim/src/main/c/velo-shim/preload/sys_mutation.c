#include "answer.h"

#include <sys/syscall.h>

long sys_mkdirat(int at, const char *path, unsigned mode) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0) {
            return result;
        }
        ANSWER(call_mkdir(caller, at, path, mode, elsewhere), RAW3(SYS_mkdirat, AT(at), PATH(path), mode));
    }
    return RAW3(SYS_mkdirat, AT(at), PATH(path), mode);
}

long sys_mknodat(int at, const char *path, unsigned mode, uint64_t device) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0) {
            return result;
        }
        ANSWER(call_mknod(caller, at, path, mode, device, elsewhere),
               RAW4(SYS_mknodat, AT(at), PATH(path), mode, device));
    }
    return RAW4(SYS_mknodat, AT(at), PATH(path), mode, device);
}

long sys_unlinkat(int at, const char *path, int flags) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0) {
            return result;
        }
        ANSWER(call_unlink(caller, at, path, flags, elsewhere),
               RAW3(SYS_unlinkat, AT(at), PATH(path), flags));
    }
    return RAW3(SYS_unlinkat, AT(at), PATH(path), flags);
}

long sys_symlinkat(const char *content, int at, const char *path) {
    char elsewhere[PATH_MAX];
    elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(content);
        if (result < 0 || (result = path_length(path)) < 0) {
            return result;
        }
        ANSWER(call_symlink(caller, content, at, path, elsewhere),
               RAW3(SYS_symlinkat, content, AT(at), PATH(path)));
    }
    return RAW3(SYS_symlinkat, content, AT(at), PATH(path));
}

long sys_linkat(int at, const char *path, int to_at, const char *to, int flags) {
    char elsewhere[PATH_MAX], to_elsewhere[PATH_MAX];
    elsewhere[0] = to_elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0 || (result = path_length(to)) < 0) {
            return result;
        }
        ANSWER(call_link(caller, at, path, to_at, to, flags, elsewhere, to_elsewhere),
               RAW5(SYS_linkat, AT(at), PATH(path), TO_AT(to_at), TO_PATH(to), flags));
    }
    return RAW5(SYS_linkat, AT(at), PATH(path), TO_AT(to_at), TO_PATH(to), flags);
}

long sys_renameat2(int at, const char *path, int to_at, const char *to, unsigned flags) {
    char elsewhere[PATH_MAX], to_elsewhere[PATH_MAX];
    elsewhere[0] = to_elsewhere[0] = 0;
    if (shim_virtual()) {
        long result = path_length(path);
        if (result < 0 || (result = path_length(to)) < 0) {
            return result;
        }
        ANSWER(call_rename(caller, at, path, to_at, to, flags, elsewhere, to_elsewhere),
               RAW5(SYS_renameat2, AT(at), PATH(path), TO_AT(to_at), TO_PATH(to), flags));
    }
    return RAW5(SYS_renameat2, AT(at), PATH(path), TO_AT(to_at), TO_PATH(to), flags);
}
