#include "quick.h"

#include <unistd.h>

HOT HOOK(int, access, (const char *path, int mode)) {
    return (int)told(quick_faccessat(AT_FDCWD, path, mode));
}

HOOK(int, faccessat, (int at, const char *path, int mode, int flags)) {
    return (int)told(sys_faccessat(at, path, mode, flags));
}

HOOK(int, euidaccess, (const char *path, int mode)) {
    return (int)told(sys_faccessat(AT_FDCWD, path, mode, AT_EACCESS));
}
