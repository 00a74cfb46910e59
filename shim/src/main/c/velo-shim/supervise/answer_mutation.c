#include "answers.h"

/* The supervisor has no umask: what is made on the host gets the process's. */
static unsigned masked(unsigned mode) {
    return mode & ~served->caller.umask(&served->caller);
}

long sys_mkdirat(int at, remote path, unsigned mode) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    PATH_IN(local, path);
    ANSWER(call_mkdir(&served->caller, call_directory(at, local), local, mode, elsewhere),
           RAW(SYS_mkdirat, AT_FDCWD, host, masked(mode)));
}

long sys_mknodat(int at, remote path, unsigned mode, uint64_t device) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    PATH_IN(local, path);
    ANSWER(call_mknod(&served->caller, call_directory(at, local), local, mode, device, elsewhere),
           RAW(SYS_mknodat, AT_FDCWD, host, masked(mode), device));
}

long sys_unlinkat(int at, remote path, int flags) {
    char local[PATH_MAX], elsewhere[PATH_MAX];
    PATH_IN(local, path);
    ANSWER(call_unlink(&served->caller, call_directory(at, local), local, flags, elsewhere),
           RAW(SYS_unlinkat, AT_FDCWD, host, flags));
}

long sys_symlinkat(remote content, int at, remote path) {
    char target[PATH_MAX], local[PATH_MAX], elsewhere[PATH_MAX];
    PATH_IN(target, content);
    PATH_IN(local, path);
    ANSWER(call_symlink(&served->caller, target, call_directory(at, local), local, elsewhere),
           RAW(SYS_symlinkat, target, AT_FDCWD, host));
}

/* A call with two paths: each is the core's, or what the process has named. */
struct two {
    char path[PATH_MAX], to[PATH_MAX], elsewhere[PATH_MAX], to_elsewhere[PATH_MAX];
    int at, to_at;
};

static long two_paths(struct two *two, int at, remote path, int to_at, remote to) {
    PATH_IN(two->path, path);
    PATH_IN(two->to, to);
    two->at = call_directory(at, two->path);
    two->to_at = call_directory(to_at, two->to);
    two->elsewhere[0] = two->to_elsewhere[0] = 0;
    return 0;
}

/* Only where the core has named one of them does the supervisor make the call. */
static long kernel_two(struct two *two, long number, unsigned flags) {
    if (two->elsewhere[0] == 0 && two->to_elsewhere[0] == 0) {
        return CONTINUE;
    }
    const char *path = host_path(two->elsewhere[0] != 0 ? two->elsewhere : two->path);
    const char *to = host_path(two->to_elsewhere[0] != 0 ? two->to_elsewhere : two->to);
    act_as_process();
    long result = RAW(number, two->at, path, two->to_at, to, flags);
    act_as_self();
    return result;
}

long sys_linkat(int at, remote path, int to_at, remote to, int flags) {
    struct two two;
    long result = two_paths(&two, at, path, to_at, to);
    if (result == 0) {
        result = call_link(&served->caller, two.at, two.path, two.to_at, two.to, flags, two.elsewhere,
                           two.to_elsewhere);
    }
    return result == PASS ? kernel_two(&two, SYS_linkat, (unsigned)flags) : result;
}

long sys_renameat2(int at, remote path, int to_at, remote to, unsigned flags) {
    struct two two;
    long result = two_paths(&two, at, path, to_at, to);
    if (result == 0) {
        result = call_rename(&served->caller, two.at, two.path, two.to_at, two.to, flags, two.elsewhere,
                             two.to_elsewhere);
    }
    return result == PASS ? kernel_two(&two, SYS_renameat2, flags) : result;
}
