#ifndef VELO_WAITING_H
#define VELO_WAITING_H

/* Children of the supervisor that wait in the kernel for one call each, as its process would. */
unsigned waiting_count(void);
/* To be called often while there are any, every 20 ms at least: ends those for whose call nobody waits any
 * more, which have this listener, or whose process has got a signal. */
void waiting_look(int closed);
void waiting_end(void);

#endif
