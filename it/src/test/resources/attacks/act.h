#ifndef ACT_H
#define ACT_H

#include <errno.h>

/* An act returns 0 where it was done, with the effect that it is for, else -1 with errno. */
struct act {
    const char *name;
    long (*act)(void);
};

#define ACT(name)                                                                                            \
    { #name, name }
#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* Each ends with an act without a name. */
extern const struct act namespace_acts[];
extern const struct act process_acts[];
extern const struct act call_acts[];
extern const struct act network_acts[];
extern const struct act kernel_acts[];
extern const struct act file_acts[];

long opens(const char *path, int flags);
/* At least a byte; ENODATA where there is none. */
long reads(const char *path);
long writes(const char *path, const char *text);

/* 0 where a child could be told apart from a failure, else -1 with what the child gave as its exit status. */
long ended_with_success(int status);

#endif
