#ifndef VELO_STATIC_PROGRAM_H
#define VELO_STATIC_PROGRAM_H

#include "sys.h"

/* Why nothing loads this library into a program. */
enum blindness {
    BLIND_NOT,     /* something does, or it does not matter: Velo's own, or below the supervisor's filter */
    BLIND_STATIC,  /* it has no dynamic linker */
    BLIND_SET_ID,  /* its linker takes no library from the caller's environment: it has more rights than he */
    BLIND_DIVIDED, /* real and effective user or group of the process differ, so its linker takes none, either
                    */
    BLIND_FOREIGN  /* static or not, it is of another word length, for which there is no supervisor either */
};
enum blindness blindness_of(int at, const char *path, int flags, const struct program *program);

/* There is a supervisor, which shows the tree to such a program (supervised.h). */
bool static_program_supervised(void);

/*
 * Behind another root, in other mounts or as another user the session or this library may not be there. What
 * is executed there would go without the tree, and does not. Said on standard error, once a process. 0 or
 * -EACCES. The static program is one for which static_program_supervised said no.
 */
long static_program_reaches(const char *name);
long dynamic_program_reaches(const char *name);

/*
 * For what runs without a supervisor. It sees the directories of the session as they are, from which ".."
 * leads into the store, and may open a blob that it was given for writing. So it is not started where it or
 * its script is of the tree, or where it has anything of the tree to begin with: its current directory, or a
 * blob as descriptor 0, 1 or 2. Said on standard error, once a process. 0 or -EACCES.
 */
long static_program_allowed(const char *name, const struct program *program);

/*
 * For BLIND_DIVIDED. Who is root can have the supervisor's filter as he is; of others the kernel would make
 * the effective ids the real ones. So their programs are not started: said on standard error. 0 or -EACCES.
 */
long static_program_divided(const char *name);

#endif
