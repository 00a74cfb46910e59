/* The parts of the fuzz target of the plan decoder. */
#ifndef VELO_PLAN_FUZZ_H
#define VELO_PLAN_FUZZ_H

#include "launch.h"

enum { PLAN_HEADER = 16, PLAN_TRAILER = 4, PLAN_RECORD = 8 };

/* plan_frame.c: numbers of the format, and its frame. */
uint32_t get32(const unsigned char *p);
uint64_t get64(const unsigned char *p);
void put32(unsigned char *p, uint32_t value);
void put64(unsigned char *p, uint64_t value);
uint32_t checksum(const unsigned char *p, size_t length);
/* Puts header and checksum around length bytes of records, which are in their place already. Returns the
 * length of the plan. */
size_t frame(unsigned char *plan, size_t length);

/* plan_oracle.c: a second reading of docs/formats/launch-plan.md, which keeps nothing. NULL where the bytes
 * are a good plan, else what is wrong with them. */
const char *oracle(const unsigned char *bytes, size_t length);
/* Whether the plan says what the bytes, which are good, say. NULL, or what differs. */
const char *compare(const struct plan *plan, const unsigned char *bytes, size_t length);

#endif
