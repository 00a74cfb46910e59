/* Included before plan.c where it is built for the fuzzer, so that its memory is what plan_fuzz.c gives. */
#ifndef VELO_PLAN_FUZZ_MEMORY_H
#define VELO_PLAN_FUZZ_MEMORY_H

#include <stdlib.h>

void *fuzz_realloc(void *old, size_t size);
void fuzz_free(void *old);

#define realloc fuzz_realloc
#define free fuzz_free

#endif
