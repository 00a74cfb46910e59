#include "sys.h"

HOOK(int, mkdir, (const char *path, unsigned mode)) {
    return (int)told(sys_mkdirat(AT_FDCWD, path, mode));
}

HOOK(int, mkdirat, (int at, const char *path, unsigned mode)) {
    return (int)told(sys_mkdirat(at, path, mode));
}

HOOK(int, rmdir, (const char *path)) {
    return (int)told(sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

HOOK(int, unlink, (const char *path)) {
    return (int)told(sys_unlinkat(AT_FDCWD, path, 0));
}

HOOK(int, unlinkat, (int at, const char *path, int flags)) {
    return (int)told(sys_unlinkat(at, path, flags));
}

HOOK(int, remove, (const char *path)) {
    long result = sys_unlinkat(AT_FDCWD, path, 0);
    if (result == -EISDIR || result == -EPERM) {
        long again = sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
        result = again == -ENOTDIR ? result : again;
    }
    return (int)told(result);
}

HOOK(int, rename, (const char *path, const char *to)) {
    return (int)told(sys_renameat2(AT_FDCWD, path, AT_FDCWD, to, 0));
}

HOOK(int, renameat, (int at, const char *path, int to_at, const char *to)) {
    return (int)told(sys_renameat2(at, path, to_at, to, 0));
}

HOOK(int, renameat2, (int at, const char *path, int to_at, const char *to, unsigned flags)) {
    return (int)told(sys_renameat2(at, path, to_at, to, flags));
}

HOOK(int, link, (const char *path, const char *to)) {
    return (int)told(sys_linkat(AT_FDCWD, path, AT_FDCWD, to, 0));
}

HOOK(int, linkat, (int at, const char *path, int to_at, const char *to, int flags)) {
    return (int)told(sys_linkat(at, path, to_at, to, flags));
}

HOOK(int, symlink, (const char *content, const char *path)) {
    return (int)told(sys_symlinkat(content, AT_FDCWD, path));
}

HOOK(int, symlinkat, (const char *content, int at, const char *path)) {
    return (int)told(sys_symlinkat(content, at, path));
}

HOOK(int, mkfifo, (const char *path, unsigned mode)) {
    return (int)told(sys_mknodat(AT_FDCWD, path, (mode & ~(unsigned)S_IFMT) | S_IFIFO, 0));
}

HOOK(int, mkfifoat, (int at, const char *path, unsigned mode)) {
    return (int)told(sys_mknodat(at, path, (mode & ~(unsigned)S_IFMT) | S_IFIFO, 0));
}

HOOK(int, mknod, (const char *path, unsigned mode, dev_t device)) {
    return (int)told(sys_mknodat(AT_FDCWD, path, mode, device));
}

HOOK(int, mknodat, (int at, const char *path, unsigned mode, dev_t device)) {
    return (int)told(sys_mknodat(at, path, mode, device));
}

HOOK(unsigned, umask, (unsigned mask)) {
    return (unsigned)sys_umask(mask);
}
