#include "users.h"

#include <grp.h>

const struct user users[USERS] = {
    {"owner", 65534, 65534, 65531}, {"member", 65533, 65533, 65534}, {"stranger", 65532, 65532, 65530}};

static bool is_root(void) {
    return getuid() == 0;
}

void become(const struct user *user) {
    if (is_root()) {
        gid_t groups[] = {user->gid, user->more};
        NEED(setgroups(LENGTH(groups), groups));
        NEED(setresgid(user->gid, user->gid, user->gid));
        NEED(setresuid(user->uid, user->uid, user->uid));
    }
}

void become_for_now(const struct user *user) {
    if (is_root()) {
        gid_t groups[] = {user->gid, user->more};
        NEED(setgroups(LENGTH(groups), groups));
        NEED(setegid(user->gid));
        NEED(seteuid(user->uid));
    }
}

void become_root(void) {
    if (is_root()) {
        NEED(seteuid(0));
        NEED(setegid(0));
        NEED(setgroups(0, NULL));
    }
}

void give_to(const char *path, const struct user *user) {
    if (is_root()) {
        NEED(lchown(path, user->uid, user->gid));
    }
}

struct task {
    const struct user *user;
    void (*run)(enum origin origin, const struct user *user);
    enum origin origin;
};

static int run_task(void *with) {
    struct task *task = with;
    become(task->user);
    task->run(task->origin, task->user);
    return 0;
}

void as_user(const struct user *user, void (*run)(enum origin origin, const struct user *user),
             enum origin origin) {
    LINE(in_child(run_task, &(struct task){user, run, origin}), "%s %s ends", origins[origin], user->name);
}

void users_subject(void) {
    BOTH(origin) {
        user_acts(origin);
        user_rights(origin);
        user_turns(origin);
    }
}
