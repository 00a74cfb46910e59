#ifndef VELO_SHIM_TEST_H
#define VELO_SHIM_TEST_H

#include "manifest_writer.h"
#include "tree.h"

#include <string.h>

/* What the tests of the tree have in common. */

extern int checks, failures;
void check_at(bool right, const char *what, const char *file, int line);
#define CHECK(right) check_at((right), #right, __FILE__, __LINE__)

/* Prints the sum. What main returns. */
int report(const char *name);

/* The kernel itself. */
extern const struct kernel real_kernel;

struct fixture {
    uint8_t *bytes;
    struct manifest lower;
    struct tree tree;
    int file;
};

/* A session over a manifest of these entries; the test ends where that fails. */
void fixture_make(struct fixture *fixture, const struct made_entry *entries, size_t count,
                  const struct kernel *kernel);
void fixture_end(struct fixture *fixture);

node_id find(const struct tree *tree, const char *path);
node_id make_node(struct tree *tree, enum node_type type, const char *target);
/* A new node under this name. */
node_id add(struct tree *tree, node_id directory, const char *name, enum node_type type);
long link_to(struct tree *tree, node_id id, node_id directory, const char *name);
long unlink_from(struct tree *tree, node_id directory, const char *name, bool directories);
long move(struct tree *tree, node_id from, const char *name, node_id to, const char *new_name,
          unsigned flags);

/* Small numbers from a seed: the same everywhere. */
uint32_t draw(uint64_t *seed, uint32_t below);

/* Looks at everything in the shared memory: what is wrong, or NULL. Nobody else is at work. */
const char *tree_fault(const struct tree *tree);

#endif
