#ifndef VELO_SHIM_H
#define VELO_SHIM_H

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "../calls.h"
#include "raw.h"

/*
 * What the whole library knows. Written once when it starts; afterwards only what is marked so changes, by
 * single atomic stores.
 */
struct shim {
    uintptr_t raw_there; /* raw.S. In the page that every call looks at: one more takes 12 ns */
    int phase;           /* enum phase, atomic */
    uint64_t prefix_mask,
        prefix_word; /* how paths of the tree begin: 8 bytes at most, as they are in memory */
    struct world world;
    struct caller caller;
    char variable[PATH_MAX / 4]; /* VELO_SHIM_SESSION=..., as it goes to children */
    bool supervised;             /* below the supervisor's filter, and so is all that this process starts */
    char library[PATH_MAX / 4];  /* how LD_PRELOAD names this library; empty: not known */
};

enum phase { PHASE_NEW, PHASE_STARTING, PHASE_PLAIN, PHASE_VIRTUAL };

extern struct shim shim;

/* Makes the library ready. True: there is a session. Async-signal-safe; ends the process where there is one
 * that cannot be used, since a process must not see half of a tree. */
bool shim_start(void);

static inline bool shim_virtual(void) {
    int phase = __atomic_load_n(&shim.phase, __ATOMIC_ACQUIRE);
    return phase == PHASE_VIRTUAL || (phase < PHASE_PLAIN && shim_start());
}

/* The value of a variable in a block of the environment, or NULL. */
const char *environment_value(char *const *block, const char *name);
/* That of this process's own, also before libc is ready. False: there is none, or it has no room. */
bool environment_find(const char *name, char *out, size_t room);

/* How LD_PRELOAD names this library, or the file that it came from otherwise; empty where nothing tells. */
void library_find(char *out, size_t room);

/* Where its time counts: in the pages of the system calls themselves (raw.S), which are the
 * ones that the processor has at hand. */
#define HOT __attribute__((section(".text.hot")))

/* The kernel's result as libc tells it: errno is written only where the call failed. */
static inline long told(long result) {
    if (__builtin_expect(result < 0 && result >= -4095, 0)) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

/* ---- Pointers of the program (pointer.c). ---- */

void pointer_start(void);
/* Length of a path, or -EFAULT, -ENAMETOOLONG. */
long path_length(const char *path);
bool memory_readable(const void *start, size_t length);
bool memory_writable(void *start, size_t length);

/* ---- The process (process.c). ---- */

/* Fills in what the core asks about this process. */
void process_caller(struct caller *caller);
void process_start(void);
/* After a successful chdir(2): NO_NODE for a directory of the host. */
void process_moved(node_id node);
/* While a child that shares this memory changes its own directory: 1, and -1 when it is gone. */
void process_visit(int change);
void process_umask(unsigned mask);

/* ---- What descriptors were opened for (opened.c). ---- */

/* Fills in what the core asks about descriptors. */
void opened_caller(struct caller *caller);
/* A descriptor of which the library knows that it is the same file as another one. */
void opened_copied(int from, int to);

#endif
