#include "beside.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct world world;
struct side shown, real;
char scratch[200];
unsigned failures;

unsigned long calls_made;

static long system_call(long number, long a, long b, long c, long d, long e, long f) {
    calls_made++;
    long result = syscall(number, a, b, c, d, e, f);
    return result == -1 ? -errno : result;
}

static const struct kernel kernel = {system_call};

/* The memory of what descriptors were opened for, as a front end keeps it. */
enum { REMEMBERED = 4096 };
static struct {
    node_id node;
    uint64_t device, inode;
} remembered[REMEMBERED];

static void opened(struct caller *of, int fd, node_id node, uint64_t device, uint64_t inode) {
    (void)of;
    if (fd < REMEMBERED) {
        remembered[fd].node = node;
        remembered[fd].device = device;
        remembered[fd].inode = inode;
    }
}

static node_id hint(struct caller *of, int fd, uint64_t device, uint64_t inode) {
    (void)of;
    bool same =
        fd >= 0 && fd < REMEMBERED && remembered[fd].inode == inode && remembered[fd].device == device;
    return same ? remembered[fd].node : NO_NODE;
}

static long origin(struct caller *of, int fd, struct origin *out) {
    node_id node;
    long result = world_descriptor(of, fd, &node);
    out->kind = node == NO_NODE ? ORIGIN_HOST : ORIGIN_TREE;
    out->node = node;
    out->fd = fd;
    return result;
}

static void credentials(struct caller *of, bool by_real, struct credentials *out) {
    (void)of;
    out->uid = by_real ? getuid() : geteuid();
    out->gid = by_real ? getgid() : getegid();
    int groups = getgroups(sizeof out->groups / sizeof *out->groups, out->groups);
    out->group_count = groups < 0 ? 0 : (unsigned)groups;
    out->overrides = out->uid == 0;
}

static uint32_t mask(struct caller *of) {
    (void)of;
    mode_t now = umask(0);
    umask(now);
    return now;
}

struct caller caller = {.world = &world,
                        .origin = origin,
                        .credentials = credentials,
                        .umask = mask,
                        .opened = opened,
                        .hint = hint};

void check(bool good, const char *file, int line, const char *what) {
    if (!good) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        failures++;
    }
}

void check_equal(long is, long wanted, const char *file, int line, const char *what) {
    if (is != wanted) {
        fprintf(stderr, "%s:%d: %s is %ld (%s), not %ld (%s)\n", file, line, what, is,
                is < 0 ? strerrorname_np((int)-is) : "", wanted,
                wanted < 0 ? strerrorname_np((int)-wanted) : "");
        failures++;
    }
}

static void must(bool good, const char *what) {
    if (!good) {
        perror(what);
        abort();
    }
}

static void put_file(const char *path, const char *text, size_t size, unsigned mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    must(fd >= 0, path);
    for (size_t at = 0; at < size; at++) {
        must(write(fd, text + at % (strlen(text) + 1), 1) == 1, path);
    }
    must(fchmod(fd, mode) == 0, path);
    close(fd);
}

/* Files of the same name and size share a blob, wherever they are. */
static void put_blob(const struct made_entry *entry, uint8_t *digest) {
    char path[512], directory[400];
    const char *name = strrchr(entry->path, '/') == NULL ? entry->path : strrchr(entry->path, '/') + 1;
    memset(digest, 0, 32);
    snprintf((char *)digest, 32, "%s:%lu", name, (unsigned long)entry->size);
    size_t at = (size_t)snprintf(directory, sizeof directory, "%s/store/cas/sha256/%02x", scratch, digest[0]);
    must(mkdir(directory, 0755) == 0 || errno == EEXIST, directory);
    at = (size_t)snprintf(path, sizeof path, "%s/", directory);
    for (unsigned i = 1; i < 32; i++) {
        at += (size_t)snprintf(path + at, sizeof path - at, "%02x", digest[i]);
    }
    if (access(path, F_OK) != 0) {
        put_file(path, name, entry->size, 0444);
    }
}

static void put_real(const struct made_entry *entry) {
    char path[600], target[600];
    const char *name = strrchr(entry->path, '/') == NULL ? entry->path : strrchr(entry->path, '/') + 1;
    snprintf(path, sizeof path, "%s/%s", real.base, entry->path);
    if (entry->type == 'd') {
        must(mkdir(path, 0700) == 0 && chmod(path, entry->mode) == 0, path);
    } else if (entry->type == 'f') {
        put_file(path, name, entry->size, entry->mode);
    } else {
        bool base = entry->target[0] == '@';
        snprintf(target, sizeof target, "%s%s", base ? real.base : "", entry->target + base);
        must(symlink(target, path) == 0, path);
    }
}

static void make_directories(unsigned uid) {
    static const char *const NAMES[] = {"",         "/store",         "/store/cas",    "/store/cas/sha256",
                                        "/session", "/session/files", "/session/dirs", "/session/exec",
                                        "/plain",   "/outside"};
    strcpy(scratch, "/tmp/velo-calls-XXXXXX");
    must(mkdtemp(scratch) != NULL, scratch);
    for (unsigned i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s%s", scratch, NAMES[i]);
        must(i == 0 || mkdir(path, 0755) == 0, path);
        must(chown(path, uid, uid) == 0, path);
    }
}

static void make_session(const struct made_entry *entries, size_t count) {
    static struct manifest lower;
    struct made_entry *copy = calloc(count, sizeof *copy);
    char path[300];
    for (size_t i = 0; i < count; i++) {
        copy[i] = entries[i];
        if (entries[i].type == 'l' && entries[i].target[0] == '@') {
            char *target = malloc(600);
            snprintf(target, 600, "%s%s", shown.base, entries[i].target + 1);
            copy[i].target = target;
        }
    }
    size_t length;
    uint8_t *bytes = write_manifest(copy, count, &length);
    must(manifest_open(&lower, bytes, length), "manifest");
    for (size_t i = 0; i < count; i++) {
        if (entries[i].type == 'f') {
            uint32_t index = manifest_find(&lower, entries[i].path, strlen(entries[i].path));
            put_blob(&entries[i], bytes + 128 + 96 * (size_t)index + 48);
        }
    }
    free(copy);
    snprintf(path, sizeof path, "%s/session/session", scratch);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    must(tree_make(&kernel, fd, &lower, (struct tree_limits){64 << 20}) == 0, "tree_make");
    must(tree_map(&world.tree, &kernel, fd, &lower) == 0, "tree_map");
    close(fd);
}

void make_both(const struct made_entry *entries, size_t count, unsigned uid) {
    umask(022);
    make_directories(uid);
    must(setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0,
         "setresuid");
    memset(remembered, 0xff, sizeof remembered);
    world.kernel = &kernel;
    world.device = 0x7e10;
    /* Both have the same parent, and names of the same length. */
    snprintf(shown.base, sizeof shown.base, "%s/shown", scratch);
    snprintf(real.base, sizeof real.base, "%s/plain", scratch);
    real.real = true;
    shown.cwd = real.cwd = -1;
    snprintf(world.prefix, sizeof world.prefix, "%s", shown.base);
    snprintf(world.session, sizeof world.session, "%s/session", scratch);
    snprintf(world.store, sizeof world.store, "%s/store", scratch);
    make_session(entries, count);
    world_begin(&world);
    for (size_t i = 0; i < count; i++) {
        put_real(&entries[i]);
    }
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static int open_up(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)where;
    (void)status;
    return kind == FTW_D || kind == FTW_DNR ? chmod(path, 0700) : 0;
}

void remove_both(void) {
    must(chdir("/") == 0, "/");
    nftw(scratch, open_up, 16, FTW_PHYS);
    nftw(scratch, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}
