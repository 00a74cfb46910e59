/* System calls by name: what the filter does about each, and what a plan may change about that. */
#ifndef VELO_CALLS_H
#define VELO_CALLS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_rule {
    CALL_FREE,    /* allowed; a plan may deny it */
    CALL_DENIED,  /* a plan may allow it */
    CALL_FIXED,   /* denied, whatever a plan says */
    CALL_CHECKED, /* by its arguments: a plan may deny it, but not take the check away */
    CALL_NEEDED   /* allowed, whatever a plan says */
};

struct call {
    const char *name;
    uint32_t number;
};

struct denial {
    struct call call;
    bool liftable;
};

/* Of syscalls.table, in its order. */
extern const struct denial denials[];
extern const size_t denial_count;

/* Every one that this architecture has, by name; NULL for what is none. */
const struct call *find_call(const char *name);
enum call_rule rule_of(const struct call *call);
/* Prints the name of each, and what a plan may change about it. */
int list_calls(void);

/* filter.c: what prepare_filter has made. */
struct sock_fprog prepared_filter(void);

#endif
