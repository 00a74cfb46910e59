#ifndef VELO_EXECUTION_H
#define VELO_EXECUTION_H

#include "sys.h"

/* As execvp(3), with this environment, along the PATH of this process. Comes back with -errno alone. */
long execute_searched(const char *file, char *const argv[], char *const envp[], bool shell);

/* /bin/sh with the script that the kernel did not know as a program. */
long execute_shell(const char *script, char *const argv[], char *const envp[]);

/* Room for a list of pointers: in the caller's array, or, where it is too small, mapped. NULL: no memory. */
char **pointer_room(char **small, size_t small_count, size_t count);
void pointer_free(char **list, char *const *small, size_t count);

/* Pointers before the NULL, or -EFAULT where one leads nowhere. NULL is an empty list. */
long pointer_count(char *const *list);

#endif
