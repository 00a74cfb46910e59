/*
 * Several processes at work on one session: they agree, readers never see what cannot be, and whoever is
 * killed at any point leaves a tree that is whole and not locked.
 */
#include "shim_test.h"
#include "tree_memory.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 3,
    WORK = 8000,
    SECONDS = 6,
    EXCHANGE = 2,
    DIRECTORIES = 4,
    WANTED_KILLS = 200,
    STEPS_MOST = 100000,
    STRIDE = 24
};

static const struct made_entry entries[] = {
    {'d', "d0", 0755, NULL, 0},       {'d', "d1", 0755, NULL, 0},     {'d', "d2", 0755, NULL, 0},
    {'d', "d3", 0755, NULL, 0},       {'f', "d0/a", 0644, NULL, 1},   {'f', "d0/b", 0644, NULL, 1},
    {'d', "d1/c", 0755, NULL, 0},     {'f', "d1/c/a", 0644, NULL, 1}, {'d', "safe", 0755, NULL, 0},
    {'f', "safe/x", 0644, NULL, 1},   {'f', "safe/y", 0644, NULL, 1}, {'d', "safe/d", 0755, NULL, 0},
    {'f', "safe/d/f", 0644, NULL, 1},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static struct fixture fixture;
static struct tree *tree = &fixture.tree;
static node_id directories[DIRECTORIES];

static void begin(void) {
    fixture_make(&fixture, entries, ENTRIES, &real_kernel);
    for (unsigned i = 0; i < DIRECTORIES; i++) {
        char name[8];
        snprintf(name, sizeof name, "d%u", i);
        directories[i] = find(tree, name);
    }
}

static void end(const char *what) {
    const char *fault = tree_fault(tree);
    check_at(fault == NULL, fault == NULL ? what : fault, __FILE__, __LINE__);
    fixture_end(&fixture);
}

/* One random mutation. Answers are those that there may be while others are at work. */
static bool work(uint64_t *seed) {
    const node_id one = directories[draw(seed, DIRECTORIES)], other = directories[draw(seed, DIRECTORIES)];
    char name[64], second[64];
    node_id id;
    snprintf(name, sizeof name, "%s%c", draw(seed, 4) == 0 ? "a-name-that-is-longer-than-others-are" : "",
             (char)('a' + draw(seed, 6)));
    snprintf(second, sizeof second, "%c", (char)('a' + draw(seed, 6)));
    long done;
    switch (draw(seed, 6)) {
    case 0:
        id = make_node(tree, NODE_FILE, NULL);
        done = id == NO_NODE ? -1000 : link_to(tree, id, one, name);
        return done == 0 || done == -EEXIST;
    case 1:
        id = make_node(tree, draw(seed, 2) == 0 ? NODE_LINK : NODE_DIRECTORY, "to/somewhere");
        done = id == NO_NODE ? -1000 : link_to(tree, id, one, name);
        return done == 0 || done == -EEXIST;
    case 2:
        done = unlink_from(tree, one, name, false);
        return done == 0 || done == -ENOENT || done == -EISDIR;
    case 3:
        done = unlink_from(tree, one, name, true);
        return done == 0 || done == -ENOENT || done == -ENOTDIR || done == -ENOTEMPTY;
    case 4:
        done = tree_note(tree, draw(seed, 2), draw(seed, 500), one);
        return done == 0;
    default:
        done = move(tree, one, name, other, second, draw(seed, 3) == 0 ? EXCHANGE : 0);
        return done == 0 || done == -ENOENT || done == -ENOTDIR || done == -EISDIR || done == -ENOTEMPTY;
    }
}

static pid_t start(void (*what)(uint64_t seed), uint64_t seed) {
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        what(seed);
        _exit(failures == 0 ? 0 : 1);
    }
    CHECK(pid > 0);
    return pid;
}

static void finish(pid_t pid) {
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void work_for_long(uint64_t seed) {
    for (unsigned i = 0; i < WORK; i++) {
        CHECK(work(&seed));
    }
}

static void test_together(uint64_t seed) {
    pid_t workers[WORKERS];
    begin();
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = start(work_for_long, seed + i);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        finish(workers[i]);
    }
    end("whole after all that work");
}

/* What a reader sees of it is in one of two states. */
static void to_and_fro(uint64_t seed) {
    const node_id safe = find(tree, "safe");
    const node_id x = find(tree, "safe/x");
    for (unsigned i = 0; i < WORK; i++) {
        const struct node mode = {.mode = i & 07777, .uid = i & 07777, .gid = i & 07777};
        CHECK(move(tree, safe, "x", safe, "y", EXCHANGE) == 0);
        CHECK(move(tree, safe, i % 2 == 0 ? "d" : "e", safe, i % 2 == 0 ? "e" : "d", 0) == 0);
        CHECK(tree_change(tree, x, CHANGE_MODE | CHANGE_OWNER | CHANGE_GROUP, &mode) == 0);
        CHECK(work(&seed));
    }
}

static void test_readers(uint64_t seed) {
    char path[64];
    struct node node;
    begin();
    const node_id x = find(tree, "safe/x"), y = find(tree, "safe/y"), f = find(tree, "safe/d/f");
    const struct node first = {.mode = 1, .uid = 1, .gid = 1};
    CHECK(tree_change(tree, x, CHANGE_MODE | CHANGE_OWNER | CHANGE_GROUP, &first) == 0);
    const node_id safe = find(tree, "safe");
    pid_t workers[2];
    workers[0] = start(to_and_fro, seed);
    workers[1] = start(work_for_long, seed + 1);
    unsigned looks = 0, states = 0;
    for (int status; waitpid(workers[0], &status, WNOHANG) == 0; looks++) {
        const node_id at = find(tree, "safe/x");
        CHECK(at == x || at == y);
        states |= at == x ? 1 : 2;
        CHECK(tree_path(tree, f, path, sizeof path) == 8);
        CHECK(strcmp(path, "safe/d/f") == 0 || strcmp(path, "safe/e/f") == 0);
        states |= path[5] == 'd' ? 4 : 8;
        CHECK(tree_node(tree, x, &node) && node.mode == node.uid && node.mode == node.gid);
        CHECK(tree_node(tree, safe, &node) && node.children == 1);
        struct entry entry;
        for (uint64_t position = 2; tree_list(tree, directories[1], position, &entry, &position);) {
            CHECK(strlen(entry.name) == entry.name_length);
            CHECK(entry.name_length == 1 ||
                  strncmp(entry.name, "a-name-that-is-longer-than-others-are", 37) == 0);
        }
    }
    finish(workers[1]);
    CHECK(looks > 1000 && states == 15);
    end("whole after it was read");
}

static void work_for_ever(uint64_t seed) {
    for (;;) {
        CHECK(work(&seed));
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The kernel marks what a dead thread's robust list names: emulators do not tell it of the list. */
static bool marks_dead_owners(void) {
    struct robust_list_head *list;
    size_t size;
    return syscall(SYS_get_robust_list, 0, &list, &size) == 0;
}

/* Kills a process at work, and looks at everything at once. */
static void test_killed(uint64_t seed) {
    unsigned kills = 0, locked = 0, half = 0, faults = 0;
    const double start_time = now();
    begin();
    for (; now() - start_time < SECONDS && faults == 0; kills++) {
        const pid_t one = start(work_for_ever, draw(&seed, 1000000)),
                    other = kills % 4 == 0 ? start(work_for_ever, draw(&seed, 1000000)) : 0;
        const double until = now() + 0.0003 + draw(&seed, 1000) / 1e6;
        while (now() < until) {
        }
        kill(one, SIGKILL);
        if (other > 0) {
            kill(other, SIGKILL);
            waitpid(other, NULL, 0);
        }
        waitpid(one, NULL, 0);
        locked += tree->session->lock != 0;
        const bool stored = tree->session->redo_valid == 0;
        half += !stored;
        CHECK(work(&seed));
        if (kills % 16 == 0 || !stored) {
            const char *fault = tree_fault(tree);
            faults += fault != NULL;
            check_at(fault == NULL, fault == NULL ? "whole" : fault, __FILE__, __LINE__);
        }
    }
    printf("tree crash: %u kills, the lock was held at %u, half of it was stored at %u\n", kills, locked,
           half);
    CHECK(!marks_dead_owners() || (kills >= WANTED_KILLS && locked > 20));
    end("whole after the last kill");
}

/* The last system call of a mutation before it is stored: from there on the parent goes step by step. */
static long stopping_call(long number, long a, long b, long c, long d, long e, long f) {
    const long result = real_kernel.call(number, a, b, c, d, e, f);
    if (number == SYS_clock_gettime) {
        raise(SIGSTOP);
    }
    return result;
}

static const struct kernel stopping = {stopping_call};

/* Takes the place of one file with another, in another directory. */
static void replace_stepwise(void) {
    tree->kernel = &stopping;
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    move(tree, directories[0], "one", directories[1], "other", 0);
    _exit(0);
}

/* Starts a child, and stops it where its record is valid, and then this many instructions on: -1 where it had
 * cleared it before. */
static pid_t stop_after(unsigned steps) {
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        replace_stepwise();
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
    unsigned behind = 0;
    for (unsigned i = 0; behind <= steps && i < STEPS_MOST; i++) {
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid ||
            !WIFSTOPPED(status)) {
            CHECK(false);
            break;
        }
        if (tree->session->redo_valid != 0) {
            behind++;
        } else if (behind != 0) {
            break;
        }
    }
    if (tree->session->redo_valid != 0) {
        return pid;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return -1;
}

static bool kill_after(unsigned steps) {
    const pid_t pid = stop_after(steps);
    if (pid >= 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return pid >= 0;
}

/* From the first instruction behind the one that makes the record valid to the one that clears it. */
static void test_each_step(uint64_t seed) {
    unsigned steps = 0, kills = 0;
    begin();
    for (bool valid = true; valid && failures == 0; steps += 1 + draw(&seed, STRIDE), kills++) {
        const node_id one = add(tree, directories[0], "one", NODE_FILE);
        const node_id other = add(tree, directories[1], "other", NODE_LINK);
        struct node node;
        valid = kill_after(steps);
        CHECK(tree->session->lock != 0 && tree_note(tree, 1, steps, one) == 0);
        CHECK(find(tree, "d1/other") == one && find(tree, "d0/one") == NO_NODE);
        CHECK(tree_node(tree, other, &node) && node.links == 0);
        const char *fault = tree_fault(tree);
        check_at(fault == NULL, fault == NULL ? "whole" : fault, __FILE__, __LINE__);
        CHECK(unlink_from(tree, directories[1], "other", false) == 0);
    }
    printf("tree crash: %u kills in the %u instructions that store a rename\n", kills, steps);
    CHECK(kills > 20);
    end("whole after all instructions");
}

/* Ends while it holds the lock. */
static long dying_call(long number, long a, long b, long c, long d, long e, long f) {
    if (number == SYS_clock_gettime) {
        kill(getpid(), SIGKILL);
    }
    return real_kernel.call(number, a, b, c, d, e, f);
}

static const struct kernel dying = {dying_call};

/* As where there are no robust lists. */
static long listless_call(long number, long a, long b, long c, long d, long e, long f) {
    return number == SYS_get_robust_list || number == SYS_set_robust_list
               ? -ENOSYS
               : real_kernel.call(number, a, b, c, d, e, f);
}

static long listless_dying_call(long number, long a, long b, long c, long d, long e, long f) {
    return number == SYS_clock_gettime ? dying_call(number, a, b, c, d, e, f)
                                       : listless_call(number, a, b, c, d, e, f);
}

/* Nobody marks the lock of a dead owner there: it is found out, and a living one is waited for. */
static void test_no_lists(void) {
    static const struct kernel listless = {listless_call}, listless_dying = {listless_dying_call};
    int status = 0;
    begin();
    const node_id one = add(tree, directories[2], "one", NODE_FILE);
    const pid_t pid = fork();
    if (pid == 0) {
        tree->kernel = &listless_dying;
        move(tree, directories[2], "one", directories[2], "two", 0);
        _exit(0);
    }
    tree->kernel = &listless;
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
    CHECK((tree->session->lock & FUTEX_TID_MASK) == (uint32_t)pid);
    const double before = now();
    CHECK(link_to(tree, one, directories[2], "more") == 0 && tree->session->lock == 0);
    CHECK(now() - before > 0.5 && now() - before < 30);
    const pid_t holder = fork();
    if (holder == 0) {
        tree->session->lock = (uint32_t)getpid();
        usleep(2500000);
        __atomic_store_n(&tree->session->lock, 0, __ATOMIC_RELEASE);
        _exit(0);
    }
    while (tree->session->lock == 0) {
        usleep(1000);
    }
    CHECK(unlink_from(tree, directories[2], "more", false) == 0 && waitpid(holder, &status, 0) == holder);
    CHECK(now() - before > 2.5 && find(tree, "d2/one") == one);
    tree->kernel = &real_kernel;
    end("whole after owners that nobody marked");
}

/* How the lock is held: by a process with a robust list, one without, and one in its parent's memory. */
static void test_owners(void) {
    struct robust_list_head *before = NULL, *after = NULL;
    size_t size;
    begin();
    const node_id one = add(tree, directories[2], "one", NODE_FILE);
    for (unsigned kind = 0; kind < 3; kind++) {
        int status = 0;
        const pid_t pid = kind == 2 ? vfork() : fork();
        if (pid == 0) {
            tree->kernel = &dying;
            if (kind == 1) {
                syscall(SYS_set_robust_list, NULL, sizeof(struct robust_list_head));
            }
            move(tree, directories[2], "one", directories[2], "two", 0);
            _exit(0);
        }
        tree->kernel = &real_kernel;
        CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
        CHECK((tree->session->lock & FUTEX_OWNER_DIED) != 0);
        CHECK(link_to(tree, one, directories[2], "more") == 0 && tree->session->lock == 0);
        CHECK(unlink_from(tree, directories[2], "more", false) == 0 && find(tree, "d2/one") == one);
    }
    /* A thread is left as it was. */
    sigset_t blocked, left;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    syscall(SYS_get_robust_list, 0, &before, &size);
    struct robust_list *const pending = before->list_op_pending;
    CHECK(move(tree, directories[2], "one", directories[2], "two", 0) == 0);
    syscall(SYS_get_robust_list, 0, &after, &size);
    sigprocmask(SIG_SETMASK, NULL, &left);
    CHECK(before == after && after->list_op_pending == pending);
    CHECK(sigismember(&left, SIGUSR1) == 1 && sigismember(&left, SIGUSR2) == 0);
    syscall(SYS_set_robust_list, NULL, sizeof *after);
    CHECK(move(tree, directories[2], "two", directories[2], "one", 0) == 0);
    before = after;
    syscall(SYS_get_robust_list, 0, &after, &size);
    CHECK(after == NULL);
    syscall(SYS_set_robust_list, before, sizeof *before);
    end("whole after its owners died");
}

/* Of a node whose three numbers are always changed together. */
static void look_stepwise(node_id id) {
    struct node node;
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    const bool found = tree_node(tree, id, &node);
    _exit(found && node.mode == node.uid && node.uid == node.gid ? 0 : 1);
}

/* A mutation behind each instruction of a look: it is seen whole or not at all. False: the look was over. */
static bool change_after(unsigned steps, node_id id) {
    const struct node values = {.mode = steps & 07777, .uid = steps & 07777, .gid = steps & 07777};
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        look_stepwise(id);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
    for (unsigned i = 0; i < steps && WIFSTOPPED(status); i++) {
        ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
        CHECK(waitpid(pid, &status, 0) == pid);
    }
    const bool looking = WIFSTOPPED(status);
    CHECK(tree_change(tree, id, CHANGE_MODE | CHANGE_OWNER | CHANGE_GROUP, &values) == 0);
    if (looking) {
        ptrace(PTRACE_CONT, pid, NULL, NULL);
        CHECK(waitpid(pid, &status, 0) == pid);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return looking;
}

static void test_each_look(void) {
    unsigned steps = 1;
    begin();
    const node_id x = find(tree, "safe/x");
    CHECK(tree_change(tree, x, CHANGE_MODE | CHANGE_OWNER | CHANGE_GROUP, &(struct node){.mode = 0}) == 0);
    while (change_after(steps, x) && failures == 0) {
        steps++;
    }
    printf("tree crash: changed behind each of %u instructions of a look\n", steps);
    CHECK(steps > 50);
    end("whole after it was looked at");
}

/* Readers of a half-stored mutation finish it: nobody else might come. */
static void test_reader_recovers(void) {
    begin();
    const node_id one = add(tree, directories[0], "one", NODE_FILE);
    add(tree, directories[1], "other", NODE_FILE);
    CHECK(kill_after(20) && (tree->session->sequence & 1) == 1);
    CHECK(find(tree, "d1/other") == one && tree->session->lock == 0 && tree->session->redo_valid == 0);
    end("whole after a look");
}

static void go_on(pid_t pid) {
    int status;
    ptrace(PTRACE_CONT, pid, NULL, NULL);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* One was moved over other, or not at all. */
static bool is_moved(node_id one, node_id other) {
    const double begun = now();
    const node_id before = find(tree, "d0/one"), after = find(tree, "d1/other");
    CHECK(now() - begun < 1); /* though the owner of the lock does nothing */
    CHECK((before == one && after == other) || (before == NO_NODE && after == one));
    return after == one;
}

/* A thread that is stopped while it stores: others see all of it, or nothing, and wait for nothing. */
static void test_stopped(void) {
    unsigned steps = 0, moved = 0;
    for (pid_t pid = 0; pid >= 0 && failures == 0; steps += 31) {
        begin();
        const node_id one = add(tree, directories[0], "one", NODE_FILE);
        const node_id other = add(tree, directories[1], "other", NODE_FILE);
        pid = stop_after(steps);
        if (pid >= 0) {
            moved += is_moved(one, other);
            CHECK(tree->session->lock != 0); /* it has it still */
            go_on(pid);
            CHECK(is_moved(one, other) && tree->session->lock == 0 && tree->session->helper == 0);
            CHECK(move(tree, directories[1], "other", directories[0], "one", 0) == 0);
        }
        if (pid >= 0) {
            end("whole after its owner was stopped");
        } else {
            fixture_end(&fixture); /* its lock is left as it was */
        }
    }
    printf("tree crash: looked at while stopped at %u places, all was there at %u of them\n", steps / 31,
           moved);
    CHECK(moved > 8);
}

/* Where it begins to take a lock, having looked at the sequence some thousand times. */
static long helping_call(long number, long a, long b, long c, long d, long e, long f) {
    if (number == SYS_gettid) {
        raise(SIGSTOP);
    }
    return real_kernel.call(number, a, b, c, d, e, f);
}

static const struct kernel helping_kernel = {helping_call};

static void look_in_place(void) {
    tree->kernel = &helping_kernel;
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    _exit(find(tree, "d1/other") == NO_NODE ? 1 : 0);
}

static void move_back(uint64_t seed) {
    (void)seed;
    _exit(move(tree, directories[1], "other", directories[0], "one", 0) == 0 ? 0 : 1);
}

/*
 * A reader that stores in the place of a stopped owner, and is stopped itself after this many instructions.
 * The owner goes on, and another one changes the same places: nothing of what was before may come back.
 * False: the reader was done.
 */
static bool stop_helper(unsigned steps, bool dies, unsigned *helped) {
    int status;
    begin();
    const node_id one = add(tree, directories[0], "one", NODE_FILE);
    add(tree, directories[1], "other", NODE_FILE);
    const pid_t owner = stop_after(20), reader = owner < 0 ? -1 : fork();
    if (reader == 0) {
        look_in_place();
    }
    CHECK(reader > 0 && waitpid(reader, &status, 0) == reader && WIFSTOPPED(status));
    for (unsigned i = 0; i < steps && WIFSTOPPED(status); i++) {
        ptrace(PTRACE_SINGLESTEP, reader, NULL, NULL);
        CHECK(waitpid(reader, &status, 0) == reader);
    }
    const bool looking = WIFSTOPPED(status);
    const bool helping = tree->session->helper != 0;
    *helped += helping;
    ptrace(PTRACE_CONT, owner, NULL, NULL);
    const pid_t later = start(move_back, 0);
    if (helping) {
        usleep(3000);
        CHECK(tree->session->helper != 0);
    }
    if (looking && dies) {
        kill(reader, SIGKILL);
        waitpid(reader, NULL, 0);
    } else if (looking) {
        ptrace(PTRACE_CONT, reader, NULL, NULL);
        CHECK(waitpid(reader, &status, 0) == reader && WIFEXITED(status));
    }
    finish(owner);
    finish(later);
    CHECK(find(tree, "d0/one") == one && find(tree, "d1/other") == NO_NODE);
    end("whole after its reader was stopped");
    return looking;
}

static void test_stopped_helpers(void) {
    unsigned steps = 1, helped = 0, before = 0;
    while (failures == 0 && stop_helper(steps, steps % 2 == 0, &helped) && (helped == 0 || helped > before)) {
        before = helped;
        steps += 29;
    }
    printf("tree crash: readers stopped at %u places while they stored for another one\n", helped);
    CHECK(helped > 8);
}

static bool traces(void) {
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int count, char **arguments) {
    const uint64_t seed = count > 1 ? strtoull(arguments[1], NULL, 10) : (uint64_t)time(NULL);
    printf("tree crash: seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    test_together(seed);
    test_readers(seed);
    test_no_lists();
    if (marks_dead_owners()) {
        test_owners();
    } else {
        printf("SKIPPED: tree crash: owners that the kernel marks: there are no robust lists here\n");
    }
    if (traces()) {
        test_reader_recovers();
        test_stopped();
        test_stopped_helpers();
        test_each_look();
        test_each_step(seed);
    } else {
        printf("SKIPPED: tree crash: kills and looks at each instruction: nothing can be traced here\n");
    }
    test_killed(seed);
    return report("tree crash");
}
