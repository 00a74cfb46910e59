/* What can be read of a host, and asked of its kernel, when something failed. */
#ifndef VELO_HOST_H
#define VELO_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* The caller's procfs, and what the kernel answers when it is asked again. Tests have others. */
struct host {
    const char *proc;
    /* A child in new namespaces that ends at once; its errno, 0 where it was made. */
    int (*try_clone)(int flags);
    /* Whether a filter answers instead of the kernel: a call with arguments that the kernel refuses
     * otherwise.
     */
    bool (*filtered)(const char *call);
};
extern const struct host this_host;

/* process is a number or "self", or "sys". False, and an empty text, where there is no such file. */
bool read_proc(const struct host *host, const char *process, const char *name, char *text, size_t size);
bool proc_has(const struct host *host, const char *process, const char *name);
/* -1 where there is none. */
long sysctl_value(const struct host *host, const char *name);
/* A line "name: value" of a process's status, in that base; 0 where there is none. */
unsigned long long status_value(const struct host *host, const char *process, const char *name, int base);
bool has_admin_rights(const struct host *host);
bool in_initial_namespace(const struct host *host);
/* Whether a map of /proc/self has this id in its first column, which is the caller's view; true where nobody
 * knows. */
bool is_mapped(const struct host *host, const char *file, unsigned id);
bool apparmor_profile(const struct host *host, const char *process, char *profile, size_t size);
bool apparmor_restricts(const struct host *host);
bool chrooted(const struct host *host);
void pause_for(unsigned milliseconds);

#endif
