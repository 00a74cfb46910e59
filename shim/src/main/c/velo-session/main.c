#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

static struct run run = {.directory = -1};

/* A resident process may just begin its notes in there (docs/formats/session-digests.md): it does so once. */
static bool is_removed(void) {
    enum { ATTEMPTS = 4 };
    int result = -1;
    for (int i = 0; i < ATTEMPTS && result != 0; i++) {
        result = remove_tree(AT_FDCWD, run.plan->directory);
        if (result != 0 && errno != ENOTEMPTY) {
            return errno == ENOENT;
        }
    }
    return result == 0;
}

static void remove_directory(void) {
    if (!is_removed()) {
        message("warning: cannot remove the run directory %s: %s; the next start of velo removes it",
                run.plan->directory, strerror(errno));
    }
}

static void abandon(void) {
    if (run.record != NULL) {
        record_write(run.record, &run, EXIT_LAUNCH);
    }
    remove_directory();
}

/* They stay pending until watch_payload takes them. No signal gets a handler, so what the caller ignores the
 * program ignores. */
static void block_signals(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void prepare(const char *kept, int lock) {
    at_failure = abandon;
    block_signals();
    sort_descriptors(kept, lock);
    if (run.plan->result != NULL) {
        run.record = record_open(run.plan->result);
    }
    run.directory = open(run.plan->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run.directory < 0) {
        fail_errno("start it through velo run", "cannot enter the directory of the run %s",
                   run.plan->directory);
    }
    session_make(&run);
    supervision_prepare(&run);
    door_prepare(&run);
}

static int outcome(void) {
    if (run.timed_out) {
        return EXIT_TIME_LIMIT;
    }
    if (!run.executed) {
        return run.start_status;
    }
    return WIFEXITED(run.status) ? WEXITSTATUS(run.status) : 128 + WTERMSIG(run.status);
}

/* False: what the program has changed is lost. */
static bool capture(void) {
    if (run.plan->finish.count == 0 || !run.executed) {
        return true; /* a program that was never executed has changed nothing */
    }
    stage = "finish";
    if (!write_changes(&run)) {
        const char *reason = strerror(errno);
        static const char remedy[] = "free some space in the store and run it again";
        note_failure("cannot capture the changes of the run", reason, errno, remedy);
        message("cannot capture the changes of the run: %s; %s", reason, remedy);
        return false;
    }
    if (!run_finish(run.plan)) {
        note_failure("cannot capture the changes of the run", "velo finish failed", 0,
                     "see what it printed on standard error");
        return false;
    }
    return true;
}

static int number(const char *text) {
    char *end = NULL;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 0 || value > INT_MAX) {
        fail("start it through velo run", "cannot run: %s is no descriptor", text);
    }
    return (int)value;
}

int main(int argc, char **argv) {
    if (getauxval(AT_SECURE) != 0 || geteuid() != getuid()) {
        fail("remove its set-user-id bit", "cannot run: velo-session must not be set-user-id");
    }
    if (argc != 4) {
        fail("start it through velo run", "cannot run: velo-session takes a plan, a lock and descriptors");
    }
    run.plan = plan_read(number(argv[1]));
    prepare(argv[3], number(argv[2]));
    start_payload(&run);
    supervision_begin(&run);
    door_begin(&run);
    watch_payload(&run);
    end_others(&run);
    supervision_end(&run);
    door_end(&run);
    hear_from_start(&run);
    supervision_tell(&run);
    int code = outcome();
    if (!capture()) {
        code = EXIT_LAUNCH;
    }
    /* First the record: whoever reads that the directory is gone finds it. */
    if (run.record != NULL && !record_write(run.record, &run, code)) {
        code = EXIT_LAUNCH;
    }
    remove_directory();
    _exit(code);
}
