#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char SEE_DOCTOR[] = "see velo doctor for what this host can do";

/*
 * Ceilings of the first user namespace (namespaces(7), /proc/sys/user): what is made inside counts here, too.
 * One user namespace more, the payload's own; no other namespace at all. The watches are what a build tool
 * may need and far below what a host allows its users.
 */
static const struct ceiling {
    const char *name;
    unsigned long most;
    bool young; /* an old kernel has none */
    bool
        late; /* init itself still needs one: for each mount that is nowhere yet, and for its control group */
} ceilings[] = {{"max_mnt_namespaces", 0, false, true},     {"max_cgroup_namespaces", 0, false, true},
                {"max_net_namespaces", 0, false, false},    {"max_pid_namespaces", 0, false, false},
                {"max_ipc_namespaces", 0, false, false},    {"max_uts_namespaces", 0, false, false},
                {"max_time_namespaces", 0, true, false},    {"max_user_namespaces", 1, false, false},
                {"max_inotify_instances", 64, true, false}, {"max_inotify_watches", 65536, true, false},
                {"max_fanotify_groups", 0, true, false},    {"max_fanotify_marks", 0, true, false}};

/*
 * A new user namespace begins without ceilings of its own, and what its parents allow stays in force whatever
 * is written here: so nothing is raised by this, and there is nothing to read first.
 */
static void lower(int directory, const struct ceiling *ceiling) {
    char text[24];
    snprintf(text, sizeof text, "%lu", ceiling->most);
    if (!put_text(directory, ceiling->name, text) && !(errno == ENOENT && ceiling->young)) {
        fail_errno(SEE_DOCTOR, "cannot write /proc/sys/user/%s", ceiling->name);
    }
}

void lower_ceilings(int proc, bool late) {
    int user = openat(proc, "sys/user", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (user < 0) {
        fail_errno(SEE_DOCTOR, "cannot open /proc/sys/user");
    }
    for (size_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        if (ceilings[i].late == late) {
            lower(user, &ceilings[i]);
        }
    }
    close(user);
}
