#ifndef VELO_SUPERVISION_H
#define VELO_SUPERVISION_H

#include "world_file.h"

/* What tests of the supervisor have in common; they end the process where something is not there. */
void need(bool good, const char *what);
/* A session as session_maker makes it. */
void read_world(const char *session, struct world *world);
void send_descriptor(int to, int fd);
int receive_descriptor(int from);

#endif
