#ifndef VELO_MAPS_H
#define VELO_MAPS_H

#include "sys.h"

/*
 * /proc/PID/maps and smaps, as they are opened: of a process of the run the kernel names files of the session
 * and of the store where it has mapped files of the tree. A descriptor of a copy that names these, or PASS:
 * the path is another one, or the process is of no run or of another one. The copy is as old as its opening.
 */
long maps_open(int at, const char *path, int flags);

#endif
