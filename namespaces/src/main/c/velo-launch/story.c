#include "story.h"
#include "launch.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <time.h>

struct story *story;
const char *failure_type = "";

const char *const phase_names[PHASES] = {"prepare", "namespaces", "root",  "confine",
                                         "payload", "exec",       "finish"};
const char *const space_names[SPACES] = {"/", "/tmp", "/dev/shm"};

uint64_t now_ns(void) {
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0
               ? (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec
               : 0;
}

static struct story *reserved;

bool story_reserve(void) {
    if (reserved == NULL) {
        void *shared = mmap(NULL, sizeof *story, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        reserved = shared == MAP_FAILED ? NULL : shared;
    }
    return reserved != NULL;
}

void story_join(void) {
    story = reserved;
}

void story_begin(void) {
    if (!story_reserve()) {
        fail_errno("free some memory", "cannot write down what happens");
    }
    story_join();
    enter_phase(PHASE_PREPARE);
}

void enter_phase(enum phase phase) {
    if (story != NULL) {
        story->began[phase] = now_ns();
        story->stage = phase;
    }
}

void look_at_spaces(void) {
    for (size_t i = 0; story != NULL && i < SPACES; i++) {
        struct statfs where;
        if (statfs(space_names[i], &where) == 0) {
            const uint64_t block = (uint64_t)where.f_bsize;
            story->spaces[i] = (struct space){.size = where.f_blocks * block,
                                              .used = (where.f_blocks - where.f_bfree) * block,
                                              .inodes = where.f_files,
                                              .inodes_used = where.f_files - where.f_ffree};
        }
    }
}

void note_failure(const char *text, const char *reason, int errnum, const char *remedy) {
    if (story == NULL || __atomic_test_and_set(&story->failed, __ATOMIC_ACQ_REL)) {
        return;
    }
    story->failed_in = story->stage;
    story->errnum = errnum;
    snprintf(story->type, sizeof story->type, "%s", failure_type);
    snprintf(story->what, sizeof story->what, "%s", text);
    snprintf(story->reason, sizeof story->reason, "%s", reason);
    snprintf(story->remedy, sizeof story->remedy, "%s", remedy == NULL ? "" : remedy);
}
