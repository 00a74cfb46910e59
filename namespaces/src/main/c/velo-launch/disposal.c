#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Empties a directory on several threads, a directory at a time: the kernel lets only one thread change a
 * directory, and most of the time goes into inodes. Work is taken last in, first out, and a directory stays
 * open until those in it are gone, so the number of descriptors grows with depth and threads, not with width.
 */
enum { DEPTH = 48, THREADS = 5 };

struct node {
    struct node *parent; /* NULL: the directory that is to be emptied */
    struct node *next;
    int descriptor; /* -1 before its turn */
    unsigned depth;
    unsigned unfinished; /* itself and the directories in it; under the lock */
    char name[];
};

struct disposal {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct node *stack;
    size_t pending; /* nodes on the stack or at work */
    int failure;
};

static void note(struct disposal *d, int errnum) {
    pthread_mutex_lock(&d->lock);
    d->failure = errnum;
    pthread_mutex_unlock(&d->lock);
}

static void push(struct disposal *d, struct node *parent, const char *name) {
    size_t length = strlen(name) + 1;
    struct node *node = malloc(sizeof *node + length);
    if (node == NULL) {
        abort(); /* the next start goes on */
    }
    *node = (struct node){.parent = parent, .descriptor = -1, .depth = parent->depth + 1, .unfinished = 1};
    memcpy(node->name, name, length);
    pthread_mutex_lock(&d->lock);
    parent->unfinished++;
    node->next = d->stack;
    d->stack = node;
    d->pending++;
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static struct node *pop(struct disposal *d) {
    pthread_mutex_lock(&d->lock);
    while (d->stack == NULL && d->pending > 0) {
        pthread_cond_wait(&d->changed, &d->lock);
    }
    struct node *node = d->stack;
    if (node != NULL) {
        d->stack = node->next;
    }
    pthread_mutex_unlock(&d->lock);
    return node;
}

/* The last one out of a directory closes and removes it, and tells the one above. */
static void finish(struct disposal *d, struct node *node) {
    while (node != NULL) {
        pthread_mutex_lock(&d->lock);
        bool last = --node->unfinished == 0;
        pthread_mutex_unlock(&d->lock);
        struct node *parent = node->parent;
        if (!last || parent == NULL) {
            return;
        }
        if (node->descriptor >= 0) {
            close(node->descriptor);
        }
        if (unlinkat(parent->descriptor, node->name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
            note(d, errno);
        }
        free(node);
        node = parent;
    }
}

static bool is_directory(int parent, const struct dirent *entry) {
    struct stat status;
    if (entry->d_type != DT_UNKNOWN) {
        return entry->d_type == DT_DIR;
    }
    return fstatat(parent, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static void empty(struct disposal *d, struct node *node) {
    int copy = dup(node->descriptor);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL) {
        note(d, errno);
        return;
    }
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (!is_directory(node->descriptor, entry)) {
            if (unlinkat(node->descriptor, entry->d_name, 0) != 0 && errno != ENOENT) {
                note(d, errno);
            }
        } else if (node->depth < DEPTH) {
            push(d, node, entry->d_name);
        } else if (remove_tree(node->descriptor, entry->d_name) != 0) {
            note(d, errno);
        }
    }
    closedir(stream);
}

static void *work(void *argument) {
    struct disposal *d = argument;
    for (struct node *node = pop(d); node != NULL; node = pop(d)) {
        if (node->parent != NULL) {
            node->descriptor = open_for_removal(node->parent->descriptor, node->name);
        }
        if (node->descriptor >= 0) {
            empty(d, node);
        } else if (errno != ENOENT) {
            note(d, errno);
        }
        finish(d, node);
        pthread_mutex_lock(&d->lock);
        if (--d->pending == 0) {
            pthread_cond_broadcast(&d->changed);
        }
        pthread_mutex_unlock(&d->lock);
    }
    return NULL;
}

int dispose(int directory) {
    struct disposal d = {.pending = 1};
    struct node top = {.descriptor = directory, .unfinished = 1};
    pthread_t threads[THREADS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    /* One more than there are processors: threads wait for each other's locks in the file system (measured:
     * 214 instead of 258 ms). */
    long wanted = processors < THREADS ? processors + 1 : THREADS;
    int started = 0;
    pthread_mutex_init(&d.lock, NULL);
    pthread_cond_init(&d.changed, NULL);
    d.stack = &top;
    while (started < wanted - 1 && pthread_create(&threads[started], NULL, work, &d) == 0) {
        started++;
    }
    work(&d);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
    errno = d.failure;
    return d.failure == 0 ? 0 : -1;
}

/* With wait false it goes on by itself, out of the caller's session: nobody's terminal ends it. */
int run_disposal(const char *path, bool wait) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        fail_errno("check the store with velo verify", "cannot empty %s", path);
    }
    if (!wait) {
        pid_t child = fork();
        if (child != 0) {
            return child > 0 ? 0 : EXIT_LAUNCH;
        }
        setsid();
        prctl(PR_SET_NAME, "velo-removal");
    }
    if (dispose(directory) != 0) {
        fail_errno("check the permissions in the store", "cannot empty %s", path);
    }
    return 0;
}
