#include "battery.h"

#include <signal.h>

static const struct subject {
    const char *name;
    void (*run)(void);
} subjects[] = {
    {"fixture", make_fixture},
    {"open", open_subject},
    {"rename", rename_subject},
    {"unlink", unlink_subject},
    {"link", link_subject},
    {"symlink", symlink_subject},
    {"attribute", attribute_subject},
    {"directory", directory_subject},
    {"identity", identity_subject},
    {"dirfd", dirfd_subject},
    {"cwd", cwd_subject},
    {"pointer", pointer_subject},
    {"data", data_subject},
    {"lock", lock_subject},
    {"special", special_subject},
    {"stdio", stdio_subject},
    {"walker", walker_subject},
    {"proc", proc_subject},
    {"permission", permission_subject},
    {"process", process_subject},
    {"matrix", matrix_subject},
    {"moments", moments_subject},
    {"types", types_subject},
    {"owner", owner_subject},
    {"opath", opath_subject},
    {"resolve", resolve_subject},
    {"running", running_subject},
    {"unnamed", unnamed_subject},
    {"model", model_subject},
    {"storm", storm_subject},
    {"cursor", cursor_subject},
    {"values", values_subject},
    {"flow", flow_subject},
    {"handles", handles_subject},
    {"places", places_subject},
    {"peers", peers_subject},
    {"holders", holders_subject},
    {"events", events_subject},
    {"users", users_subject},
};

/* So that the case that kills or hangs is named. */
static void tell_case(int number) {
    fact("signal %d", number);
    end();
    signal(number, SIG_DFL);
    raise(number);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "subjects") == 0) {
        for (size_t i = 1; i < LENGTH(subjects); i++) {
            puts(subjects[i].name);
        }
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "wait") == 0) {
        char byte = 'r';
        return write(STDOUT_FILENO, &byte, 1) == 1 && read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
    }
    if (count > 1 && strcmp(arguments[1], "nothing") == 0) {
        return 0;
    }
    if (count != 3) {
        fputs("usage: posix_battery SUBJECT DIRECTORY\n", stderr);
        return 2;
    }
    home = arguments[2];
    umask(022);
    NEED(chdir(home));
    for (size_t i = 0; i < LENGTH(subjects); i++) {
        if (strcmp(subjects[i].name, arguments[1]) == 0) {
            static const int deadly[] = {SIGSEGV, SIGBUS, SIGALRM, SIGABRT};
            for (size_t k = 0; k < LENGTH(deadly); k++) {
                signal(deadly[k], tell_case);
            }
            alarm(200);
            subjects[i].run();
            return 0;
        }
    }
    fprintf(stderr, "there is no subject %s\n", arguments[1]);
    return 2;
}
