#ifndef VELO_BACKING_H
#define VELO_BACKING_H

#include "world.h"

/* Where the real files are that stand behind nodes: of the session's directory and of the store. */
struct real_path {
    char text[PATH_MAX / 4 + 112];
    size_t length;
};

void real_file(const struct world *world, node_id id, struct real_path *out);      /* files/<node> */
void real_directory(const struct world *world, node_id id, struct real_path *out); /* dirs/<node> */
void real_copy(const struct world *world, node_id id, struct real_path *out);      /* exec/<node> */
void real_blob(const struct world *world, const uint8_t *digest, struct real_path *out);
void real_twin(const struct world *world, const uint8_t *digest, struct real_path *out);
void real_descriptor(int fd, struct real_path *out); /* /proc/self/fd/<fd> */
void real_files(const struct world *world, struct real_path *out);

/* A real file, by its path, is what is executed for the node. */
bool real_stands_for(const struct world *world, const char *path, node_id id);

void path_add(struct real_path *path, const char *text);
void path_number(struct real_path *path, unsigned long number, unsigned base, unsigned digits);

/*
 * A file under another name, which no other thread has: path gets a suffix. A descriptor for reading and
 * writing, close-on-exec, or -errno.
 */
long make_beside(const struct kernel *kernel, struct real_path *path, unsigned mode);

/* Gives a file another name for a moment. */
void link_beside(const struct kernel *kernel, const struct real_path *path);

/* dirs/<node>, made and noted where it is not there yet. 0 or -errno. */
long have_directory(struct world *world, node_id id, struct real_path *out);

/* files/<node> of a symbolic link, for those few calls that need one the kernel can see. */
long have_link(struct world *world, node_id id, const char *target, struct real_path *out);

/* The inode of a descriptor stands for a node from now on. */
long note_descriptor(struct world *world, int fd, node_id id);
long note_path(struct world *world, const char *path, node_id id);

/* The inode stands for nothing: its file never was shown. */
void forget_descriptor(struct world *world, int fd);

/*
 * The path of the real file of a node that is BACKING_UPPER or NODE_OTHER: files/<node>; where that is gone,
 * because the last name is, the descriptor fd, if it is of that very file. fd -1: none. -ENOENT: neither.
 */
long real_standing(const struct world *world, node_id id, int fd, struct real_path *out);

#endif
