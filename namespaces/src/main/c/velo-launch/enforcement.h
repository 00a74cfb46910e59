/* What a payload may use at most, and what sees to it. */
#ifndef VELO_ENFORCEMENT_H
#define VELO_ENFORCEMENT_H

#include "launch.h"

enum controller { CONTROLLER_MEMORY, CONTROLLER_PIDS, CONTROLLER_CPU, CONTROLLERS };

/* The control group of a run for one controller. Of version 2 there is one directory for all controllers. */
struct group {
    int version; /* 0: there is none */
    int parent;
    int directory;
    char refusal[320]; /* why there is none */
};

struct groups {
    struct group of[CONTROLLERS];
    char name[80]; /* of the directories of this run */
};

/* cgroup.c: control groups for the controllers of the bits wanted, where this process may make them. */
void groups_make(struct groups *groups, unsigned wanted, const char *run);
/* A group of version 2 into which a child may be cloned; -1: none. */
int groups_birthplace(const struct groups *groups);
/* Puts a process into the groups of version 1, and of version 2 where it was not born in it. */
void groups_enter(const struct groups *groups, pid_t process, bool born);
bool group_write(const struct group *group, const char *file, const char *text);
/* A number alone, or the one behind this word; UINT64_MAX: there is none. */
uint64_t group_read(const struct group *group, const char *file, const char *word);
/* Bytes; UINT64_MAX: not known. */
uint64_t groups_peak_memory(const struct groups *groups);
bool groups_exist(const struct groups *groups);
/* After all in them have ended; and those of runs whose supervisors were killed. */
void groups_remove(struct groups *groups);

/* cgroup_place.c: the directory of this process's own control group for a controller ("memory"), of version 1
 * or 2; 0 and *refusal where there is none. */
int own_group(const char *controller, char *path, size_t size, const char **refusal);

enum resource_kind {
    LIMIT_TIME,
    LIMIT_MEMORY,
    LIMIT_PIDS,
    LIMIT_CPUS,
    LIMIT_DISK,
    LIMIT_OUTPUT,
    LIMIT_FILE_SIZE,
    LIMITS
};
enum hit { HIT_UNKNOWN = -1, HIT_NO, HIT_YES };

/* One limit that was asked for. */
struct enforcement {
    uint64_t asked;        /* 0: it was not */
    const char *mechanism; /* NULL: nothing enforces it */
    bool whole;            /* of all processes together, and no payload can get around it */
    enum hit hit;
    char reason[320]; /* why not better */
};

extern const char *const limit_names[LIMITS];

struct limits {
    struct enforcement of[LIMITS];
    struct groups groups;
    int out_of_memory; /* an eventfd of version 1; -1: none */
};

/* Decides what sees to each limit, and refuses the run where nothing can and the plan is strict. */
void limits_prepare(struct limits *limits, const struct plan *plan);
/* In the payload's process. */
void limits_apply(const struct limits *limits, const struct plan *plan);
bool limits_out_of_memory(const struct limits *limits);
/* After the eventfd of version 1 was ready. */
bool limits_reached_memory(const struct limits *limits);
/* After all have ended. */
void limits_conclude(struct limits *limits);

/* output.c: the payload's output through pipes of the supervisor, which counts it. */
struct output;
/* NULL where the plan has no such limit. Standard output and error of this process are the pipes from now on,
 * until output_started. */
struct output *output_prepare(const struct plan *plan);
void output_started(struct output *output);
enum { OUTPUT_POLLS = 2 }; /* elements of output_poll and output_move */
struct pollfd;
void output_poll(const struct output *output, struct pollfd *wait);
/* Moves what can be moved without waiting. False: the limit is exceeded. */
bool output_move(struct output *output, const struct pollfd *wait);
/* For what goes through the supervisor anyway: as write(2), and EPIPE behind the limit. */
ssize_t output_write(struct output *output, int to, const char *bytes, size_t count);
bool output_exceeded(const struct output *output);
/* Not all that the payload wrote was passed on, because its reader had closed or its place was full. */
bool output_lost(const struct output *output);
bool output_open(const struct output *output);
/* An errno of the place that it should have gone to; 0: none. */
int output_error(const struct output *output);
uint64_t output_bytes(const struct output *output);

#endif
