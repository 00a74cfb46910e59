#ifndef VELO_AUDITING_H
#define VELO_AUDITING_H

#include "sys.h"

/*
 * ld.so finds libraries of the tree where it has libvelo-audit.so, which is beside this library, in LD_AUDIT.
 * That costs every program's start, so only those get it for which it can matter: the program is of the tree,
 * or LD_LIBRARY_PATH or LD_PRELOAD leads there. Auditors of the user's own stay, behind it.
 */
enum auditing {
    AUDITING_STAYS,   /* LD_AUDIT is as it must be */
    AUDITING_CHANGES, /* entry is what stands in the environment instead: LD_AUDIT=... */
    AUDITING_GOES     /* there is no LD_AUDIT any more */
};

/* For a program that is about to be executed, of the tree or ROOT_NODE. entry has PATH_MAX bytes. */
enum auditing auditing_of(char *const envp[], node_id program, char *entry);

/* This process was started with it: ld.so knows names of the tree. */
bool auditing_here(void);

#endif
