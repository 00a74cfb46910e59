#ifndef BATTERY_H
#define BATTERY_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * posix_battery SUBJECT DIRECTORY: what the system calls of one subject do in a copy of the fixture, a line
 * for each case: "case: result errno facts". Two runs in two places print the same, whatever the time, the
 * inode numbers and the owner: facts are relations. "posix_battery fixture DIRECTORY" makes the fixture.
 */

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ---- Lines. ---- */

/* Starts the line of a case. */
void begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What a call gave: -1 with errno's name, or the value. */
void result(long value);
void fact(const char *format, ...) __attribute__((format(printf, 1, 2)));
void end(void);
/* 0 for every value but a negative one: for descriptors and such. */
long ok(long value);
long got(const void *pointer);
/* The name of an error, "0" for none. */
const char *error_name(int number);

#define CASE(call, ...)                                                                                      \
    do {                                                                                                     \
        begin(__VA_ARGS__);                                                                                  \
        errno = 0;                                                                                           \
        result(call);                                                                                        \
    } while (0)
#define LINE(call, ...)                                                                                      \
    do {                                                                                                     \
        CASE(call, __VA_ARGS__);                                                                             \
        end();                                                                                               \
    } while (0)
/* For descriptors: they are closed again. */
#define OPENS(call, ...)                                                                                     \
    do {                                                                                                     \
        begin(__VA_ARGS__);                                                                                  \
        errno = 0;                                                                                           \
        int descriptor_ = (int)(call);                                                                       \
        result(ok(descriptor_));                                                                             \
        end();                                                                                               \
        drop(descriptor_);                                                                                   \
    } while (0)

/* What must go well for a case to make sense; else the program ends with a message. */
#define NEED(call) need((call) >= 0, #call)
void need(bool went_well, const char *call);

/* ---- Facts about files. ---- */

/* Type, mode, links, size and first bytes, or the error. */
void show(const char *path);
void show_as(const char *name, int at, const char *path);
/* Names of a directory, sorted, with what readdir says of their types. */
void show_names(const char *path);
/* A path with the battery's directory shown as "~". */
const char *shown(const char *path);
/* Whether both are the same file: "same", "other", or the error. */
const char *same(const char *one, const char *two);
void drop(int fd);
/* Writes a file anew; text may have no NUL. */
void put(const char *path, const char *text);
/* The first bytes of a file or of a descriptor, control characters as dots. */
const char *content(const char *path);
const char *content_of(int fd);
struct stat status(const char *path);
/* -1, 0, 1 as with strcmp. */
int compare_times(struct timespec one, struct timespec two);
/* The clock of the file system moves on. */
void tick(void);

/* An address where nothing is, which no compiler knows. */
extern void *volatile nowhere;

/* ---- Rooms. ---- */

/* A room is a directory with one thing of each kind. It comes with the fixture, or is made by this process.
 */
enum origin { OLD, MADE };
extern const char *const origins[];
#define BOTH(origin) for (enum origin origin = OLD; origin <= MADE; origin++)

/* The next unused room becomes the current directory. Its absolute path. */
const char *room(enum origin origin);
/* The battery's directory, as it was named. */
extern const char *home;
/* An absolute path below it; good until the eighth call from now. */
const char *in_home(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Makes things of each kind in the current directory. */
void furnish(void);
void make_fixture(void);
#define ROOMS 260
#define MANY 20000

/* ---- Chance: the same for the same seed. ---- */

void draw_from(uint64_t seed);
/* 0 and more. */
unsigned draw(unsigned below);
/* A sum that tells two orders apart. */
uint32_t mixed(uint32_t sum, uint32_t with);
uint32_t mixed_name(uint32_t sum, const char *name);

/* ---- Processes. ---- */

/* Runs this in a child; its exit status, or 128 and its signal. What the child prints comes in between. */
int in_child(int (*run)(void *with), void *with);

/* ---- Subjects. ---- */
void open_subject(void);
void rename_subject(void);
void unlink_subject(void);
void link_subject(void);
void symlink_subject(void);
void attribute_subject(void);
void directory_subject(void);
void identity_subject(void);
void dirfd_subject(void);
void cwd_subject(void);
void pointer_subject(void);
void data_subject(void);
void lock_subject(void);
void special_subject(void);
void stdio_subject(void);
void walker_subject(void);
void proc_subject(void);
void permission_subject(void);
void process_subject(void);
void matrix_subject(void);
void moments_subject(void);
void types_subject(void);
void owner_subject(void);
void opath_subject(void);
void resolve_subject(void);
void running_subject(void);
void unnamed_subject(void);
void model_subject(void);
void storm_subject(void);
void cursor_subject(void);
void values_subject(void);
void flow_subject(void);
void handles_subject(void);
void places_subject(void);
void peers_subject(void);
void holders_subject(void);
void events_subject(void);
void users_subject(void);

#endif
