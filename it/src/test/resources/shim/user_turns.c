#include "users.h"

#include <sys/syscall.h>

/* One process that is now this user, now that one: descriptors keep what they were opened for. */

static void look(enum origin origin, const char *who) {
    static const char *const things[] = {"file", "other", "closed/inner", "lent"};
    for (size_t i = 0; i < LENGTH(things); i++) {
        CASE(0, "%s %s: %s", origins[origin], who, things[i]);
        int fd = open(things[i], O_RDONLY);
        fact("read=%s", fd < 0 ? error_name(errno) : content_of(fd));
        drop(fd);
        fd = open(things[i], O_WRONLY | O_APPEND);
        fact("write=%s", fd < 0 ? error_name(errno) : write(fd, "+", 1) == 1 ? "0" : "failed");
        drop(fd);
        fact("access=%d eaccess=%d", access(things[i], R_OK), eaccess(things[i], R_OK));
        fact("faccessat2=%ld", syscall(SYS_faccessat2, AT_FDCWD, things[i], W_OK, AT_EACCESS));
        end();
    }
}

static void turns(enum origin origin) {
    room(origin);
    NEED(rename("full", "closed"));
    put("lent", "lent\n");
    static const char *const given[] = {"other", "closed", "closed/inner", "lent", "."};
    for (size_t i = 0; i < LENGTH(given); i++) {
        give_to(given[i], &users[OWNER]);
    }
    NEED(chmod("closed", 0700) + chmod("lent", 0660));
    for (size_t i = 0; i < USERS; i++) {
        become_for_now(&users[i]);
        look(origin, users[i].name);
        become_root();
    }
    look(origin, "root");
}

/* What root has opened its children read and write, whoever they are. */
static int fds[3];

static void inherited(enum origin origin, const struct user *user) {
    CASE(0, "%s %s has what root opened", origins[origin], user->name);
    fact("%s %zd", content_of(fds[0]), pwrite(fds[1], "user", 4, 0));
    fact("%d", openat(fds[2], "inner", O_RDONLY) >= 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
    int again = open(path, O_RDONLY);
    fact("again=%s", again < 0 ? error_name(errno) : "0");
    drop(again);
    fact("fchmod=%s", fchmod(fds[1], 0600) ? error_name(errno) : "0");
    end();
}

static void descriptors(enum origin origin) {
    for (size_t i = 0; i < USERS; i++) {
        room(origin);
        NEED(chmod("file", 0600) + chmod("full", 0700));
        fds[0] = open("file", O_RDONLY);
        fds[1] = open("other", O_RDWR);
        fds[2] = open("full", O_RDONLY | O_DIRECTORY);
        as_user(&users[i], inherited, origin);
        CASE(0, "%s %s left", origins[origin], users[i].name);
        show("file");
        show("other");
        end();
        for (size_t k = 0; k < LENGTH(fds); k++) {
            drop(fds[k]);
        }
    }
}

void user_turns(enum origin origin) {
    turns(origin);
    descriptors(origin);
}
