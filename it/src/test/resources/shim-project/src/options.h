#ifndef OPTIONS_H
#define OPTIONS_H

struct options {
    const char *file;
    unsigned base;
};

/* 0, or -1. */
int options_read(int argc, char **argv, struct options *into);

#endif
