#include "battery.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/time.h>
#include <sys/wait.h>

extern char **environ;

#define THREADS 8
#define OPERATIONS 1000

static unsigned failures[THREADS];

/* Each thread in its own directory and in the one that all share. */
static void *work(void *with) {
    unsigned me = (unsigned)(uintptr_t)with;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        char name[64], other[64];
        struct stat is;
        snprintf(name, sizeof name, "full/t%u-%u", me, i);
        snprintf(other, sizeof other, "dir/t%u-%u", me, i);
        unsigned wrong = 0;
        int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
        wrong += fd < 0 || write(fd, name, strlen(name)) < 0;
        drop(fd);
        wrong += rename(name, other) != 0;
        wrong += access(name, F_OK) == 0 || errno != ENOENT;
        wrong += stat(other, &is) != 0 || (size_t)is.st_size != strlen(name);
        wrong += stat("file", &is) != 0;
        wrong += i % 3 != 0 && unlink(other) != 0;
        failures[me] += wrong;
    }
    return NULL;
}

static void threads(enum origin origin) {
    room(origin);
    pthread_t all[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        failures[i] = 0;
        NEED(-pthread_create(&all[i], NULL, work, (void *)i));
    }
    CASE(0, "%s threads", origins[origin]);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(all[i], NULL);
        fact("%u", failures[i]);
    }
    struct stat is = status("full");
    fact("links=%ju", (uintmax_t)is.st_nlink);
    show_names("full");
    end();
    LINE(system("test $(ls dir | wc -l) = 2672"), "%s what the threads left", origins[origin]);
}

static int works(void *with) {
    work(with);
    return failures[(uintptr_t)with] ? 1 : 0;
}

static void processes(enum origin origin) {
    room(origin);
    pid_t all[4];
    for (uintptr_t i = 0; i < LENGTH(all); i++) {
        failures[i] = 0;
        all[i] = fork();
        NEED(all[i]);
        if (all[i] == 0) {
            _exit(works((void *)i));
        }
    }
    CASE(0, "%s processes", origins[origin]);
    for (size_t i = 0; i < LENGTH(all); i++) {
        int status;
        need(waitpid(all[i], &status, 0) == all[i], "waitpid");
        fact("%d", status);
    }
    show_names("full");
    end();
    LINE(system("test $(ls dir | wc -l) = 1336"), "%s what the processes left", origins[origin]);
}

static int wait_for(pid_t child) {
    int status;
    return waitpid(child, &status, 0) == child ? status : -1;
}

static void programs(enum origin origin) {
    room(origin);
    put("made", "by the parent\n");
    NEED(rename("full", "renamed"));
    fflush(stdout);
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "cat made renamed/inner >seen; rm twin; cd dir && echo here >there",
              (char *)0);
        _exit(127);
    }
    CASE(wait_for(child), "%s vfork and exec", origins[origin]);
    show("seen");
    show("twin");
    show("dir/there");
    end();
    child = vfork();
    if (child == 0) {
        if (chdir("renamed") != 0) {
            _exit(1);
        }
        execl("/bin/sh", "sh", "-c", "cat inner >by-vfork", (char *)0);
        _exit(127);
    }
    CASE(wait_for(child), "%s vfork, chdir and exec", origins[origin]);
    show("renamed/by-vfork");
    show("by-vfork");
    end();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_addchdir_np(&actions, "renamed");
    char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"cat inner"}, NULL};
    int error = posix_spawn(&child, "/bin/sh", &actions, NULL, arguments, environ);
    errno = error;
    CASE(error ? -1 : wait_for(child), "%s posix_spawn", origins[origin]);
    show("spawned");
    end();
    posix_spawn_file_actions_destroy(&actions);
    put("script", "#!/bin/sh\necho \"$0 $*\" >ran\n");
    NEED(chmod("script", 0755));
    char *const words[] = {(char[]){"zero"}, (char[]){"one"}, NULL};
    error = posix_spawn(&child, "./script", NULL, NULL, words, environ);
    errno = error;
    CASE(error ? -1 : wait_for(child), "%s script", origins[origin]);
    show("ran");
    end();
    LINE(execl("file", "file", (char *)0), "%s exec of what is no program", origins[origin]);
    LINE(execl("missing", "file", (char *)0), "%s exec of nothing", origins[origin]);
    LINE(execl("dir", "file", (char *)0), "%s exec of a directory", origins[origin]);
    LINE(system("cp /bin/sh shell && ./shell -c 'echo copied >by-copy; readlink /proc/$$/exe | sed s,.*/,, "
                ">>by-copy'"),
         "%s a program of the tree", origins[origin]);
    CASE(0, "%s it ran", origins[origin]);
    show("by-copy");
    end();
}

static volatile sig_atomic_t rings, wrong;

static void ring(int number) {
    int error = errno;
    struct stat is;
    (void)number;
    rings++;
    wrong += stat("other", &is) != 0 || !S_ISREG(is.st_mode);
    int fd = open("other", O_RDONLY);
    wrong += fd < 0;
    drop(fd);
    fd = open("from-handler", O_WRONLY | O_CREAT | O_APPEND, 0644);
    wrong += fd < 0 || write(fd, "x", 1) != 1;
    drop(fd);
    wrong += rename("from-handler", "of-handler") != 0 || rename("of-handler", "from-handler") != 0;
    errno = error;
}

static void handlers(enum origin origin) {
    room(origin);
    struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART}, before;
    rings = wrong = 0;
    NEED(sigaction(SIGALRM, &action, &before));
    NEED(setitimer(ITIMER_REAL, &(struct itimerval){{0, 500}, {0, 500}}, NULL));
    int failed = 0;
    time_t limit = time(NULL) + 20;
    int i = 0;
    while ((i < 3000 || rings < 50) && time(NULL) < limit) {
        char name[32];
        snprintf(name, sizeof name, "dir/%d", i % 100);
        int fd = open(name, O_RDWR | O_CREAT, 0644);
        failed += fd < 0;
        drop(fd);
        failed += rename(name, "full/moved") != 0;
        failed += rename("full/moved", name) != 0;
        failed += unlink(name) != 0;
        i++;
    }
    NEED(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL));
    NEED(sigaction(SIGALRM, &before, NULL));
    CASE(failed, "%s signal handler", origins[origin]);
    fact("wrong=%d enough=%d grown=%d", (int)wrong, rings >= 50, status("from-handler").st_size == rings);
    show_names("dir");
    end();
    alarm(200);
}

static int killed(void *with) {
    (void)with;
    for (;;) {
        drop(open("dir/killed", O_RDWR | O_CREAT, 0644));
        if (rename("dir/killed", "full/killed") != 0 || unlink("full/killed") != 0 ||
            mkdir("dir/k", 0755) != 0 || rmdir("dir/k") != 0) {
            return 1;
        }
    }
}

/* Processes that die in the middle of what they change leave nothing half done. */
static void deaths(enum origin origin) {
    room(origin);
    int strange = 0;
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        NEED(child);
        if (child == 0) {
            _exit(killed(NULL));
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000 + i * 37000}, NULL);
        kill(child, SIGKILL);
        strange += wait_for(child) != SIGKILL;
        unlink("dir/killed");
        unlink("full/killed");
        rmdir("dir/k");
        strange += mkdir("dir/k", 0755) != 0 || rmdir("dir/k") != 0;
    }
    CASE(strange, "%s processes that are killed", origins[origin]);
    show_names("dir");
    show_names("full");
    show("dir");
    end();
}

void process_subject(void) {
    BOTH(origin) {
        threads(origin);
        processes(origin);
        programs(origin);
        handlers(origin);
        deaths(origin);
    }
}
