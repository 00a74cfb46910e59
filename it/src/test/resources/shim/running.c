#include "battery.h"

#include <signal.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A program of the tree that runs cannot be written to, and one that is written to does not run. */

static void copy_program(const char *path) {
    int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    need(from >= 0 && to >= 0, "copy of the program");
    while (sendfile(to, from, NULL, 1 << 20) > 0) {
    }
    drop(from);
    drop(to);
}

/* "posix_battery wait" says that it runs and waits until its input ends. */
static pid_t start(const char *path, int *input) {
    int to[2], from[2];
    NEED(pipe2(to, O_CLOEXEC));
    NEED(pipe2(from, O_CLOEXEC));
    pid_t child = fork();
    NEED(child);
    if (child == 0) {
        char *words[] = {(char[]){"program"}, (char[]){"wait"}, NULL};
        dup2(to[0], 0);
        dup2(from[1], 1);
        execv(path, words);
        _exit(errno);
    }
    drop(to[0]);
    drop(from[1]);
    char byte;
    need(read(from[0], &byte, 1) == 1, "the program's start");
    drop(from[0]);
    *input = to[1];
    return child;
}

static int finish(pid_t child, int input) {
    int how = 0;
    drop(input);
    NEED(waitpid(child, &how, 0));
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static void writes(enum origin origin, const char *when, const char *path) {
    static const int flags[] = {O_RDONLY,           O_WRONLY,           O_RDWR,
                                O_WRONLY | O_TRUNC, O_RDONLY | O_TRUNC, O_PATH,
                                O_WRONLY | O_CREAT, O_WRONLY | O_APPEND};
    for (size_t i = 0; i < LENGTH(flags); i++) {
        OPENS(open(path, flags[i], 0755), "%s %s open %x", origins[origin], when, flags[i]);
    }
    LINE(truncate(path, 1 << 30), "%s %s truncate", origins[origin], when);
    LINE(access(path, W_OK), "%s %s access", origins[origin], when);
    LINE(chmod(path, 0711), "%s %s chmod", origins[origin], when);
    LINE(utimensat(AT_FDCWD, path, NULL, 0), "%s %s utimens", origins[origin], when);
}

static int run_it(void *with) {
    char *words[] = {(char[]){"program"}, (char[]){"nothing"}, NULL};
    execv(with, words);
    return errno;
}

static void running(enum origin origin) {
    room(origin);
    copy_program("program");
    NEED(link("program", "second"));
    int input;
    pid_t child = start("./program", &input);
    writes(origin, "while it runs", "program");
    writes(origin, "by its second name", "second");
    LINE(rename("program", "moved"), "%s rename of what runs", origins[origin]);
    writes(origin, "by its new name", "moved");
    LINE(unlink("moved"), "%s unlink of what runs", origins[origin]);
    put("fresh", "fresh\n");
    LINE(rename("fresh", "second"), "%s over what runs", origins[origin]);
    LINE(finish(child, input), "%s it ends", origins[origin]);
}

static void writing(enum origin origin) {
    room(origin);
    copy_program("program");
    int fd = open("program", O_WRONLY);
    LINE(in_child(run_it, (char[]){"./program"}), "%s start of what is open for writing", origins[origin]);
    drop(fd);
    fd = open("program", O_RDWR);
    LINE(in_child(run_it, (char[]){"./program"}), "%s start of what is open for both", origins[origin]);
    drop(fd);
    fd = open("program", O_RDONLY);
    LINE(in_child(run_it, (char[]){"./program"}), "%s start of what is open for reading", origins[origin]);
    drop(fd);
    LINE(in_child(run_it, (char[]){"./program"}), "%s start of what is closed", origins[origin]);
    int input;
    pid_t child = start("./program", &input);
    LINE(finish(child, input), "%s it ran", origins[origin]);
    OPENS(open("program", O_WRONLY), "%s open for writing after that", origins[origin]);
    put("script", "#!./program nothing\n");
    NEED(chmod("script", 0755));
    fd = open("script", O_WRONLY);
    LINE(in_child(run_it, (char[]){"./script"}), "%s start of a script that is written to", origins[origin]);
    drop(fd);
    LINE(in_child(run_it, (char[]){"./script"}), "%s start of a script", origins[origin]);
    fd = open("program", O_WRONLY);
    LINE(in_child(run_it, (char[]){"./script"}), "%s start of one whose interpreter is written to",
         origins[origin]);
    drop(fd);
}

static void refusals(enum origin origin) {
    room(origin);
    put("text", "no program\n");
    put("none", "");
    put("lost", "#!/vanished/interpreter\n");
    put("round", "#!./round\n");
    put("bare", "#!\n");
    put("elf", "\177ELFbroken");
    static const char *const names[] = {"text", "none", "lost",     "round", "bare", "elf",
                                        "dir",  "link", "dangling", "loop",  "file", "text/"};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < LENGTH(names); i++) {
            char path[32];
            snprintf(path, sizeof path, "./%s", names[i]);
            CASE(in_child(run_it, path), "%s start of %s%s", origins[origin], names[i],
                 k ? ", which may be run" : "");
            fact("%s", error_name(in_child(run_it, path)));
            end();
        }
        NEED(chmod("text", 0755) + chmod("none", 0755) + chmod("lost", 0755) + chmod("round", 0755) +
             chmod("bare", 0755) + chmod("elf", 0755) + chmod("linked", 0755));
    }
}

void running_subject(void) {
    BOTH(origin) {
        running(origin);
        writing(origin);
        refusals(origin);
    }
}
