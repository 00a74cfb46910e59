#include "tree_lock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

enum { SPINS = 200, SLICE_NS = 100 * 1000 * 1000, SLICES = 600, GONE_SLICES = 10 };

static void pause_a_little(void) {
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* The kernel must know of the lock before it is ours: a thread may end at any instruction. */
static void announce(const struct tree *tree, struct hold *hold, const uint32_t *word) {
    const struct kernel *kernel = tree->kernel;
    size_t size = 0;
    hold->list = NULL;
    if (KERNEL3(kernel, SYS_get_robust_list, 0, &hold->list, &size) < 0) {
        hold->list = NULL;
        return;
    }
    if (hold->list == NULL || size != sizeof hold->own) {
        hold->own.list.next = &hold->own.list;
        hold->own.futex_offset = 0;
        hold->own.list_op_pending = NULL;
        hold->list =
            KERNEL2(kernel, SYS_set_robust_list, &hold->own, sizeof hold->own) < 0 ? NULL : &hold->own;
        if (hold->list == NULL) {
            return;
        }
    }
    const uintptr_t lock = (uintptr_t)word;
    hold->pending = hold->list->list_op_pending;
    __atomic_store_n(&hold->list->list_op_pending,
                     (struct robust_list *)(lock - (uintptr_t)hold->list->futex_offset), __ATOMIC_SEQ_CST);
}

static void withdraw(const struct tree *tree, struct hold *hold) {
    if (hold->list != NULL) {
        __atomic_store_n(&hold->list->list_op_pending, hold->pending, __ATOMIC_SEQ_CST);
    }
    if (hold->list == &hold->own) {
        KERNEL2(tree->kernel, SYS_set_robust_list, NULL, sizeof hold->own);
    }
}

/* Where its owner died the kernel has put FUTEX_OWNER_DIED in place of a thread. */
static bool is_held(uint32_t lock) {
    return (lock & FUTEX_TID_MASK) != 0;
}

/* One wait. What was waiting once takes the lock as one that is waited for: others may sleep behind it. */
static void wait_a_slice(const struct tree *tree, uint32_t *word, uint32_t seen) {
    const struct timespec slice = {0, SLICE_NS};
    if (!is_held(seen)) {
        return;
    }
    if ((seen & FUTEX_WAITERS) == 0) {
        if (!__atomic_compare_exchange_n(word, &seen, seen | FUTEX_WAITERS, false, __ATOMIC_RELAXED,
                                         __ATOMIC_RELAXED)) {
            return;
        }
    }
    KERNEL6(tree->kernel, SYS_futex, word, FUTEX_WAIT, seen | FUTEX_WAITERS, &slice, 0, 0);
}

static bool try_take(uint32_t *word, uint32_t *seen, uint32_t mine) {
    *seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    if (is_held(*seen)) {
        return false;
    }
    return __atomic_compare_exchange_n(word, seen, mine | (*seen & FUTEX_WAITERS), false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

/*
 * Where there are no robust lists (emulators) nobody marks the lock of a dead owner: those who wait ask
 * whether its thread is still there. One that is not seen for a second is not one of another name space that
 * works on.
 */
static bool take_over(const struct tree *tree, uint32_t *word, uint32_t seen, uint32_t mine, unsigned *gone) {
    if (KERNEL2(tree->kernel, SYS_tkill, seen & FUTEX_TID_MASK, 0) != -ESRCH) {
        *gone = 0;
        return false;
    }
    return ++*gone >= GONE_SLICES && __atomic_compare_exchange_n(word, &seen, mine | FUTEX_WAITERS, false,
                                                                 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool take(const struct tree *tree, uint32_t *word, uint32_t mine, unsigned slices, bool is_marked) {
    uint32_t seen;
    unsigned gone = 0;
    for (unsigned i = 0; i < SPINS; i++) {
        if (try_take(word, &seen, mine)) {
            return true;
        }
        pause_a_little();
    }
    for (unsigned i = 0; i < slices; i++) {
        for (unsigned j = 0; j < SPINS; j++) {
            if (try_take(word, &seen, mine | FUTEX_WAITERS)) {
                return true;
            }
            if (is_held(seen)) {
                break;
            }
        }
        if (!is_marked && is_held(seen) && take_over(tree, word, seen, mine, &gone)) {
            return true;
        }
        wait_a_slice(tree, word, seen);
    }
    return false;
}

static bool word_take(const struct tree *tree, struct hold *hold, uint32_t *word, unsigned slices) {
    const uint64_t all = UINT64_MAX;
    memset(hold, 0, sizeof *hold);
    KERNEL4(tree->kernel, SYS_rt_sigprocmask, SIG_SETMASK, &all, &hold->signals, sizeof all);
    const uint32_t mine = (uint32_t)KERNEL0(tree->kernel, SYS_gettid) & FUTEX_TID_MASK;
    announce(tree, hold, word);
    if (take(tree, word, mine, slices, hold->list != NULL)) {
        return true;
    }
    withdraw(tree, hold);
    KERNEL4(tree->kernel, SYS_rt_sigprocmask, SIG_SETMASK, &hold->signals, NULL, sizeof all);
    return false;
}

static void word_drop(const struct tree *tree, struct hold *hold, uint32_t *word, int wake) {
    /* The operation is pending still: the kernel wakes one in our place where we end between the two. */
    if ((__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) & FUTEX_WAITERS) != 0) {
        KERNEL6(tree->kernel, SYS_futex, word, FUTEX_WAKE, wake, NULL, NULL, 0);
    }
    withdraw(tree, hold);
    KERNEL4(tree->kernel, SYS_rt_sigprocmask, SIG_SETMASK, &hold->signals, NULL, sizeof(uint64_t));
}

long lock_take(const struct tree *tree, struct hold *hold, enum patience patience) {
    return word_take(tree, hold, &tree->session->lock, patience == PATIENCE_LONG ? SLICES : 1) ? 0 : -EIO;
}

void lock_drop(const struct tree *tree, struct hold *hold) {
    word_drop(tree, hold, &tree->session->lock, 1);
}

bool lock_is_held(const struct tree *tree) {
    return is_held(__atomic_load_n(&tree->session->lock, __ATOMIC_RELAXED));
}

bool helper_begin(const struct tree *tree, struct hold *hold) {
    return word_take(tree, hold, &tree->session->helper, 1);
}

/* All: those who wait to help, and who waits in helpers_end and takes nothing. */
void helper_end(const struct tree *tree, struct hold *hold) {
    word_drop(tree, hold, &tree->session->helper, INT_MAX);
}

long helpers_end(const struct tree *tree) {
    uint32_t *word = &tree->session->helper, seen;
    for (unsigned i = 0; i < SLICES; i++) {
        if (!is_held(seen = __atomic_load_n(word, __ATOMIC_SEQ_CST))) {
            return 0;
        }
        wait_a_slice(tree, word, seen);
    }
    return -EIO;
}
