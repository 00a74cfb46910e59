#include "battery.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

static int write_to_fifo(void *with) {
    (void)with;
    int fd = open("fifo", O_WRONLY);
    return write(fd, "through", 7) == 7 ? 0 : 1;
}

static void fifos(enum origin origin) {
    room(origin);
    CASE(mkfifo("fifo", 0640), "%s mkfifo", origins[origin]);
    show("fifo");
    end();
    LINE(mkfifo("fifo", 0640), "%s mkfifo twice", origins[origin]);
    LINE(mkfifo("dangling", 0640), "%s mkfifo at a dangling link", origins[origin]);
    LINE(mkfifo("lacks/fifo", 0640), "%s mkfifo nowhere", origins[origin]);
    OPENS(open("fifo", O_WRONLY | O_NONBLOCK), "%s no reader yet", origins[origin]);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    CASE(in_child(write_to_fifo, NULL), "%s a child writes", origins[origin]);
    char text[16] = "";
    fact("%zd %s", read(reader, text, sizeof text), text);
    struct stat is;
    NEED(fstat(reader, &is));
    fact("fifo=%d same=%d", S_ISFIFO(is.st_mode), is.st_ino == status("fifo").st_ino);
    end();
    drop(reader);
    CASE(rename("fifo", "dir/pipe"), "%s rename", origins[origin]);
    show("dir/pipe");
    end();
    CASE(chmod("dir/pipe", 0600), "%s chmod", origins[origin]);
    show("dir/pipe");
    end();
    CASE(link("dir/pipe", "second"), "%s link", origins[origin]);
    fact("%s", same("dir/pipe", "second"));
    end();
    CASE(unlink("dir/pipe"), "%s unlink", origins[origin]);
    show("second");
    end();
    LINE(mknod("regular", S_IFREG | 0600, 0), "%s mknod of a file", origins[origin]);
    LINE(mknod("nothing", 0600, 0), "%s mknod without a type", origins[origin]);
    LINE(mknod("directory", S_IFDIR | 0600, 0), "%s mknod of a directory", origins[origin]);
    CASE(0, "%s made", origins[origin]);
    show("regular");
    show("nothing");
    end();
}

static struct sockaddr_un address(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    return name;
}

static long bound(int type, int fd, const char *path) {
    struct sockaddr_un name = address(path);
    (void)type;
    return bind(fd, (struct sockaddr *)&name, sizeof name);
}

static int connect_and_write(void *with) {
    struct sockaddr_un name = address(with);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&name, sizeof name) != 0) {
        return errno;
    }
    return write(fd, "hello", 5) == 5 ? 0 : 1;
}

static void sockets(enum origin origin) {
    const char *here = room(origin);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CASE(bound(SOCK_STREAM, fd, "socket"), "%s bind", origins[origin]);
    show("socket");
    end();
    struct sockaddr_un name = {0};
    socklen_t length = sizeof name;
    CASE(getsockname(fd, (struct sockaddr *)&name, &length), "%s getsockname", origins[origin]);
    fact("%s", name.sun_path);
    end();
    LINE(in_child(connect_and_write, (char[]){"socket"}), "%s connect before listen", origins[origin]);
    LINE(listen(fd, 4), "%s listen", origins[origin]);
    CASE(in_child(connect_and_write, (char[]){"socket"}), "%s connect", origins[origin]);
    int peer = accept(fd, NULL, NULL);
    char text[8] = "";
    fact("%zd %s", read(peer, text, sizeof text), text);
    end();
    drop(peer);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/socket", here);
    LINE(in_child(connect_and_write, path), "%s connect by an absolute path", origins[origin]);
    NEED(rename("socket", "dir/moved"));
    LINE(in_child(connect_and_write, (char[]){"dir/moved"}), "%s connect to the renamed one",
         origins[origin]);
    LINE(in_child(connect_and_write, (char[]){"socket"}), "%s connect to the old name", origins[origin]);
    LINE(in_child(connect_and_write, (char[]){"file"}), "%s connect to a file", origins[origin]);
    int second = socket(AF_UNIX, SOCK_STREAM, 0);
    LINE(bound(SOCK_STREAM, second, "file"), "%s bind to a name that is taken", origins[origin]);
    LINE(bound(SOCK_STREAM, second, "lacks/s"), "%s bind nowhere", origins[origin]);
    LINE(bound(SOCK_STREAM, second, "dangling"), "%s bind to a dangling link", origins[origin]);
    OPENS(open("dir/moved", O_RDWR), "%s open of a socket", origins[origin]);
    LINE(unlink("dir/moved"), "%s unlink", origins[origin]);
    LINE(in_child(connect_and_write, (char[]){"dir/moved"}), "%s connect to none", origins[origin]);
    drop(fd);
    drop(second);
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    second = socket(AF_UNIX, SOCK_DGRAM, 0);
    NEED(bound(SOCK_DGRAM, fd, "datagrams"));
    NEED(bound(SOCK_DGRAM, second, "sender"));
    name = address("datagrams");
    CASE(sendto(second, "packet", 6, 0, (struct sockaddr *)&name, sizeof name), "%s sendto", origins[origin]);
    length = sizeof name;
    memset(&name, 0, sizeof name);
    char packet[16] = "";
    fact("%zd %s", recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&name, &length), packet);
    fact("from=%s", name.sun_path);
    end();
    drop(fd);
    drop(second);
}

/* Waits for an event of these kinds; which it was. */
static void event(int watch) {
    struct pollfd asked = {watch, POLLIN, 0};
    char bytes[4096] __attribute__((aligned(8)));
    ssize_t length = poll(&asked, 1, 1000) > 0 ? read(watch, bytes, sizeof bytes) : 0;
    for (char *at = bytes; at < bytes + length;) {
        const struct inotify_event *one = (const void *)at;
        fact("%x,%s", one->mask, one->len ? one->name : "");
        at += sizeof *one + one->len;
    }
    fact("%s", length > 0 ? "" : "none");
}

static void watches(enum origin origin) {
    room(origin);
    int watch = inotify_init1(IN_CLOEXEC);
    CASE(ok(inotify_add_watch(watch, "other", IN_MODIFY | IN_ATTRIB)), "%s watch of a file", origins[origin]);
    int fd = open("other", O_WRONLY | O_APPEND);
    NEED(write(fd, "x", 1));
    event(watch);
    NEED(fchmod(fd, 0600));
    event(watch);
    drop(fd);
    end();
    LINE(inotify_add_watch(watch, "missing", IN_MODIFY), "%s watch of nothing", origins[origin]);
    LINE(inotify_add_watch(watch, "file", IN_ONLYDIR | IN_CREATE), "%s watch of a file as a directory",
         origins[origin]);
    drop(watch);
    watch = inotify_init1(IN_CLOEXEC);
    CASE(ok(inotify_add_watch(watch, "dir", IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)),
         "%s watch of a directory", origins[origin]);
    end();
    CASE(ok(creat("dir/new", 0644)), "%s event of a new file", origins[origin]);
    event(watch);
    end();
    CASE(mkdir("dir/sub", 0755), "%s event of a new directory", origins[origin]);
    event(watch);
    end();
    CASE(rename("dir/new", "away"), "%s event of a rename", origins[origin]);
    event(watch);
    end();
    CASE(rmdir("dir/sub"), "%s event of a removal", origins[origin]);
    event(watch);
    end();
    drop(watch);
}

static void extended(enum origin origin) {
    static const char *const names[] = {"file", "dir", "link", "dlink", "dangling", "missing"};
    room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        const char *name = names[i];
        char value[64] = "", list[256] = "";
        LINE(getxattr(name, "user.none", value, sizeof value), "%s getxattr %s of none", origins[origin],
             name);
        LINE(setxattr(name, "user.first", "value", 5, 0), "%s setxattr %s", origins[origin], name);
        LINE(setxattr(name, "user.first", "more", 4, XATTR_CREATE), "%s setxattr %s create", origins[origin],
             name);
        LINE(setxattr(name, "user.second", "", 0, XATTR_REPLACE), "%s setxattr %s replace", origins[origin],
             name);
        CASE(getxattr(name, "user.first", value, sizeof value), "%s getxattr %s", origins[origin], name);
        fact("%s", value);
        end();
        LINE(getxattr(name, "user.first", value, 2), "%s getxattr %s into little room", origins[origin],
             name);
        LINE(getxattr(name, "user.first", NULL, 0), "%s getxattr %s asks", origins[origin], name);
        CASE(listxattr(name, list, sizeof list), "%s listxattr %s", origins[origin], name);
        fact("%s", list);
        end();
        LINE(lsetxattr(name, "user.link", "v", 1, 0), "%s lsetxattr %s", origins[origin], name);
        LINE(lgetxattr(name, "user.link", value, 8), "%s lgetxattr %s", origins[origin], name);
        LINE(removexattr(name, "user.first"), "%s removexattr %s", origins[origin], name);
        LINE(removexattr(name, "user.first"), "%s removexattr %s twice", origins[origin], name);
        LINE(setxattr(name, "nowhere.name", "v", 1, 0), "%s setxattr %s in no space", origins[origin], name);
        LINE(setxattr(name, "user.", "v", 1, 0), "%s setxattr %s without a name", origins[origin], name);
    }
    int fd = open("other", O_RDONLY);
    char value[8] = "";
    LINE(fsetxattr(fd, "user.by-descriptor", "v", 1, 0), "%s fsetxattr of a reader", origins[origin]);
    CASE(getxattr("other", "user.by-descriptor", value, sizeof value), "%s and by path", origins[origin]);
    fact("%s twin=%zd", value, getxattr("twin", "user.by-descriptor", value, sizeof value));
    end();
    NEED(rename("other", "renamed"));
    LINE(getxattr("renamed", "user.by-descriptor", value, sizeof value), "%s after a rename",
         origins[origin]);
    drop(fd);
}

void special_subject(void) {
    BOTH(origin) {
        fifos(origin);
        sockets(origin);
        watches(origin);
        extended(origin);
    }
}
