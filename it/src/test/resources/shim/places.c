#include "battery.h"

#include <dirent.h>
#include <sched.h>
#include <sys/syscall.h>

/* The current directory and the root of a process while both move, go and come back. */

static const char *here(void) {
    static char text[2][PATH_MAX];
    static int turn;
    char *out = text[turn++ % 2];
    return getcwd(out, PATH_MAX) ? shown(out) : error_name(errno);
}

static void moving(enum origin origin) {
    room(origin);
    NEED(mkdir("full/sub/deep", 0755));
    NEED(chdir("full/sub/deep"));
    CASE(rename("../../../full", "../../../moved"), "%s an ancestor moves", origins[origin]);
    fact("%s %s", here(), content("../../inner"));
    end();
    CASE(rename("../deep", "../../deeper"), "%s it moves itself", origins[origin]);
    fact("%s %s", here(), content("../inner"));
    end();
    CASE(renameat2(AT_FDCWD, "../../moved", AT_FDCWD, "../../linkeddir", RENAME_EXCHANGE),
         "%s an ancestor changes places", origins[origin]);
    fact("%s %s", here(), content("../inner"));
    end();
    CASE(rename("../../linkeddir", "../../dir"), "%s an ancestor replaces an empty directory",
         origins[origin]);
    fact("%s %s", here(), content("../inner"));
    end();
    NEED(mkdir("below", 0755));
    CASE(rename("below", "../../upwards"), "%s a child moves up", origins[origin]);
    show_names("../..");
    end();
    NEED(chdir("../../upwards"));
    CASE(rename("../upwards", "../dir/deeper"), "%s onto an empty sibling", origins[origin]);
    fact("%s", here());
    end();
    static const char *const names[] = {".", "..", "./", "../", "../.", "../.."};
    for (size_t i = 0; i < LENGTH(names); i++) {
        LINE(rename(names[i], "../other-name"), "%s rename of '%s'", origins[origin], names[i]);
        LINE(rename("../../file", names[i]), "%s rename to '%s'", origins[origin], names[i]);
        LINE(rmdir(names[i]), "%s rmdir of '%s'", origins[origin], names[i]);
        LINE(unlink(names[i]), "%s unlink of '%s'", origins[origin], names[i]);
    }
}

static void going(enum origin origin) {
    char text[PATH_MAX];
    room(origin);
    NEED(chdir("dir"));
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    NEED(rmdir("../dir"));
    LINE(syscall(SYS_getcwd, text, sizeof text), "%s getcwd of what is gone", origins[origin]);
    LINE(syscall(SYS_getcwd, text, 1), "%s getcwd of it into little room", origins[origin]);
    NEED(mkdir(in_home("%s/again", origins[origin]), 0755));
    LINE(chdir(in_home("%s/again", origins[origin])), "%s away from it", origins[origin]);
    LINE(fchdir(fd), "%s and back", origins[origin]);
    DIR *directory = opendir(".");
    CASE(got(directory), "%s opendir of it", origins[origin]);
    fact("%d", directory && readdir(directory) == NULL);
    end();
    if (directory) {
        closedir(directory);
    }
    LINE(access("x", F_OK), "%s a name in it", origins[origin]);
    LINE(chdir("x"), "%s chdir below it", origins[origin]);
    NEED(chdir(in_home("%s/again", origins[origin])));
    LINE(syscall(SYS_getcwd, text, 2), "%s getcwd into 2", origins[origin]);
    LINE(syscall(SYS_getcwd, text, 0), "%s getcwd into 0", origins[origin]);
    LINE(syscall(SYS_getcwd, nowhere, 4096), "%s getcwd into nowhere", origins[origin]);
    drop(fd);
}

static int in_root(void *with) {
    const char *name = origins[*(enum origin *)with];
    LINE(chroot("file"), "%s chroot to a file", name);
    LINE(chroot("missing"), "%s chroot to nothing", name);
    LINE(chroot("loop"), "%s chroot to a loop", name);
    LINE(chroot("file/x"), "%s chroot below a file", name);
    LINE(chroot(nowhere), "%s chroot to nowhere", name);
    LINE(chroot(""), "%s chroot to no name", name);
    return 0;
}

static void by_descriptor(enum origin origin) {
    room(origin);
    char path[64], text[32] = "";
    int fd = open("file", O_RDWR);
    NEED(lseek(fd, 8, SEEK_SET));
    static const char *const forms[] = {"/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"};
    for (size_t i = 0; i < LENGTH(forms); i++) {
        snprintf(path, sizeof path, "%s/%d", forms[i], fd);
        int again = open(path, O_RDONLY);
        CASE(ok(again), "%s open of %s", origins[origin], forms[i]);
        fact("%zd %.7s", read(again, text, 7), text);
        struct stat is = {0};
        int seen = stat(path, &is);
        fact("%d %d", seen, is.st_ino == status("file").st_ino);
        fact("%d", lstat(path, &is) == 0 && S_ISLNK(is.st_mode));
        end();
        drop(again);
    }
    int directory = open("full", O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "/dev/fd/%d/inner", directory);
    CASE(access(path, R_OK), "%s below a directory's descriptor", origins[origin]);
    fact("%s", content(path));
    end();
    snprintf(path, sizeof path, "/proc/self/fd/%d/../file", directory);
    CASE(access(path, R_OK), "%s beside a directory's descriptor", origins[origin]);
    fact("%s", content(path));
    end();
    snprintf(path, sizeof path, "/dev/fd/%d", directory);
    CASE(chdir(path), "%s chdir by a descriptor", origins[origin]);
    fact("%s", here());
    end();
    CASE(0, "%s the current directory by /proc", origins[origin]);
    fact("%s %s", content("/proc/self/cwd/inner"), content("/proc/self/cwd/../file"));
    end();
    drop(directory);
    drop(fd);
}

/* Threads may have a current directory of their own. */
static int apart(void *with) {
    const char *name = origins[*(enum origin *)with];
    CASE(unshare(CLONE_FS), "%s unshare", name);
    NEED(chdir("full"));
    fact("%s", content("inner"));
    end();
    return 0;
}

void places_subject(void) {
    BOTH(origin) {
        moving(origin);
        going(origin);
        room(origin);
        LINE(in_child(in_root, &origin), "%s chroots end", origins[origin]);
        LINE(in_child(apart, &origin), "%s apart", origins[origin]);
        by_descriptor(origin);
    }
}
