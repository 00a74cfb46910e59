/*
 * A sandbox that is begun before its plan is there: while somebody else still plans the run, its namespaces
 * are made. Only an offer: where it cannot be had, fails or does not fit the plan, nobody hears of it, and
 * the sandbox is made as without it.
 */
#ifndef VELO_EARLY_H
#define VELO_EARLY_H

#include <stdbool.h>
#include <stddef.h>

struct plan;
struct limits;
struct run;

/* Called in init before anything else: what this process was told by its caller has to go from init's memory,
 * and what is set in the supervisor before it begins is set there, too. */
typedef void early_cleaner(void *with);
void early_begin(early_cleaner *clean, void *with);
/* The bytes that plan_decode has accepted, for init to decode them, too. */
void early_offer(const unsigned char *plan, size_t length);
/* Kills it and waits until it is gone. Nothing happens where there is none. */
void early_discard(void);
/* To be kept open until it is taken; -1: there is none. */
int early_descriptor(void);
/* Makes it the one of this run, whose plan it must have been offered; false where that is not possible, and
 * then it is gone. */
bool early_take(struct run *run);

/* Whom init becomes before it has a plan: in there root, out here whoever has called. */
extern struct plan early_identity;
/* In init: waits until it is taken, and returns the plan of the run. */
const struct plan *early_plan(int control, const struct limits **limits);

#endif
