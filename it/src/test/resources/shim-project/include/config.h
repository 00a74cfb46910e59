#ifndef CONFIG_H
#define CONFIG_H

enum { MOST_NUMBERS = 256, MOST_STEPS = 1000 };

#endif
