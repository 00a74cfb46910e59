#ifndef USERS_H
#define USERS_H

#include "acts.h"

/* Users that a process of root becomes. Who runs this as an ordinary user stays that one, in both places. */
struct user {
    const char *name;
    uid_t uid;
    gid_t gid, more; /* more: a supplementary group */
};

/* "owner" has things, "member" is in their group, "stranger" is neither. */
enum { OWNER, MEMBER, STRANGER, USERS };
extern const struct user users[USERS];

/* For good, or until become_root. */
void become(const struct user *user);
void become_for_now(const struct user *user);
void become_root(void);

/* Gives a thing away, where the process may. */
void give_to(const char *path, const struct user *user);

/* In a child that has become the user. */
void as_user(const struct user *user, void (*run)(enum origin origin, const struct user *user),
             enum origin origin);

/* ---- The parts of the subject. ---- */
void user_acts(enum origin origin);
void user_rights(enum origin origin);
void user_turns(enum origin origin);

#endif
