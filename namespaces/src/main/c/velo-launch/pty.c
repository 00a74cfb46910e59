#include "kernel.h"
#include "launch.h"

#include <errno.h>
#include <sys/ioctl.h>

int make_terminal(const struct terminal *caller, int control) {
    int locked = 0;
    int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) != 0) {
        fail_errno("raise the sysctl kernel.pty.max, or leave --tty out", "cannot make a terminal");
    }
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        fail_errno("see velo doctor, or leave --tty out", "cannot open the program's terminal");
    }
    terminal_copy(caller, slave);
    send_descriptor(control, DESCRIPTOR_TERMINAL, master);
    close(master);
    return slave;
}

void take_terminal(int terminal) {
    if (ioctl(terminal, TIOCSCTTY, 0) != 0) {
        fail_errno("see velo doctor, or leave --tty out", "cannot take the program's terminal");
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (dup2(terminal, fd) < 0) {
            fail_errno("see velo doctor, or leave --tty out", "cannot use the program's terminal");
        }
    }
}
