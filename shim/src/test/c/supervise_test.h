#ifndef VELO_SUPERVISE_TEST_H
#define VELO_SUPERVISE_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/*
 * supervise_test SESSION: processes under the filter that are killed at any moment, stop, have threads
 * and signals all the time, give bad pointers and wait at FIFOs; the supervisor must answer the others all
 * the while. Each process has a filter of its own, which comes while the loop runs.
 */
#define TREE "/velo-hooks-tree"

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno));            \
            return false;                                                                                    \
        }                                                                                                    \
    } while (0)

/* A process under the filter, which ends with 0 where the body is true. */
pid_t start(bool (*body)(void));
/* Its status, or -1: it had to be killed. */
int wait_for(pid_t child, int seconds);
/* The name of a file of the tree that no other thread has. 128 bytes. */
char *fresh(char *room, const char *name);
bool has(const char *path, const char *text);
/* Comes back only where that fails. */
void execute_script(int output);

/* ---- Bodies: what a process under the filter does, and whether it went as it should. ---- */

bool answers(void);
bool bad_pointers(void);
bool blobs(void);
bool signals(void);
bool threads(void);
bool vforks(void);
bool thread_executes(void);
bool fifos(void);
bool many_wait(void);
bool host_fifos(void);
bool leases(void);
bool waits_for_ever(void);

bool full_table(void);
bool own_descriptors(void);
bool failed_execution(void);
bool traced(void);
bool sockets(void);
/* These take root. */
bool watches(void);
bool capabilities(void);

/* Processes that are killed at any moment. */
bool killed(unsigned rounds);
/* One that is stopped and told to go on at any moment goes on. */
bool stopped(unsigned rounds);

#endif
