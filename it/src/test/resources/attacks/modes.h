#ifndef MODES_H
#define MODES_H

/* Prints what becomes of a connection to each of abstract:NAME, path:NAME, udp:ADDRESS and tcp:ADDRESS. */
int reach(char **targets);
/* Until standard input ends. */
int listen_abstract(const char *name);
/* Lets two names change places until standard input ends; prints how often. */
int flip(const char *one, const char *other);
/* Runs a command whose standard input is a directory that was opened by its path alone. */
int with_directory(const char *path, char **command);

#endif
