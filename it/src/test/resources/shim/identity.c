#include "battery.h"

static const char *same_as(int fd, struct stat is) {
    struct stat found;
    if (fstat(fd, &found) != 0) {
        return error_name(errno);
    }
    return found.st_dev == is.st_dev && found.st_ino == is.st_ino ? "same" : "other";
}

static void stable(enum origin origin) {
    static const char *const names[] = {"file", "dir", "link", "full", "other", "empty", "dangling"};
    room(origin);
    for (size_t i = 0; i < LENGTH(names); i++) {
        for (size_t k = 0; k < i; k++) {
            CASE(0, "%s %s and %s", origins[origin], names[i], names[k]);
            fact("%s", same(names[i], names[k]));
            end();
        }
    }
    CASE(0, "%s files of equal content", origins[origin]);
    fact("%s", same("file", "twin"));
    end();
    struct stat before = status("file");
    int reader = open("file", O_RDONLY);
    CASE(0, "%s reader", origins[origin]);
    fact("%s", same_as(reader, before));
    end();
    int twin = open("twin", O_RDONLY);
    CASE(0, "%s reader of its twin", origins[origin]);
    fact("%s %s", same_as(twin, status("twin")), same_as(twin, before));
    end();
    int writer = open("file", O_RDWR);
    NEED(pwrite(writer, "W", 1, 0));
    CASE(0, "%s first write", origins[origin]);
    fact("path=%d writer=%s reader=%s", status("file").st_ino == before.st_ino, same_as(writer, before),
         same_as(reader, before));
    end();
    CASE(0, "%s the reader sees what was written", origins[origin]);
    fact("%s size=%jd", content_of(reader), (intmax_t)lseek(reader, 0, SEEK_END));
    end();
    int later = open("file", O_RDONLY);
    CASE(0, "%s a later reader", origins[origin]);
    fact("%s %s twin=%s", same_as(later, before), content_of(later), content_of(twin));
    end();
    NEED(rename("file", "full/renamed"));
    CASE(0, "%s renamed", origins[origin]);
    fact("path=%d writer=%s reader=%s", status("full/renamed").st_ino == before.st_ino,
         same_as(writer, before), same_as(reader, before));
    end();
    NEED(unlink("full/renamed"));
    put("file", "another\n");
    CASE(0, "%s another of the name", origins[origin]);
    fact("writer=%s reader=%s twin=%s", same_as(writer, before), same_as(reader, before),
         same_as(twin, status("twin")));
    end();
    drop(reader);
    drop(writer);
    drop(later);
    drop(twin);
}

static void duplicates(enum origin origin) {
    room(origin);
    struct stat file = status("file"), twin = status("twin");
    int one = open("file", O_RDONLY), two = open("twin", O_RDONLY);
    int copies[] = {dup(one), fcntl(one, F_DUPFD, 100), fcntl(one, F_DUPFD_CLOEXEC, 50), dup2(one, 77),
                    dup3(one, 78, O_CLOEXEC)};
    static const char *const names[] = {"dup", "F_DUPFD", "F_DUPFD_CLOEXEC", "dup2", "dup3"};
    for (size_t i = 0; i < LENGTH(copies); i++) {
        CASE(ok(copies[i]), "%s %s", origins[origin], names[i]);
        fact("%s cloexec=%d", same_as(copies[i], file), fcntl(copies[i], F_GETFD));
        end();
    }
    NEED(dup2(two, 77));
    CASE(0, "%s dup2 over it", origins[origin]);
    fact("%s %s", same_as(77, twin), content_of(77));
    end();
    drop(one);
    one = open("twin", O_RDONLY);
    CASE(0, "%s a number that is used again", origins[origin]);
    fact("%s", same_as(one, twin));
    end();
    drop(77);
    drop(copies[0]);
    int again = open("other", O_RDONLY);
    CASE(0, "%s and again", origins[origin]);
    fact("%s", same_as(again, status("other")));
    end();
    lseek(copies[1], 3, SEEK_SET);
    CASE(lseek(copies[2], 0, SEEK_CUR), "%s duplicates share the position", origins[origin]);
    end();
    for (size_t i = 1; i < LENGTH(copies); i++) {
        drop(copies[i]);
    }
    drop(one);
    drop(two);
    drop(again);
}

static void hard_links(enum origin origin) {
    room(origin);
    NEED(link("file", "second"));
    NEED(link("twin", "third"));
    int first = open("file", O_RDONLY), second = open("second", O_RDWR);
    CASE(0, "%s two names", origins[origin]);
    fact("%s %s", same_as(first, status("second")), same_as(second, status("file")));
    fact("twin=%s %s", same("file", "twin"), same("third", "twin"));
    end();
    NEED(pwrite(second, "W", 1, 0));
    CASE(0, "%s written through one", origins[origin]);
    show("file");
    show("second");
    show("twin");
    fact("%s %s", same("file", "second"), same("file", "third"));
    end();
    drop(first);
    drop(second);
}

static int inode_in_child(void *with) {
    struct stat *is = with;
    return status("file").st_ino == is->st_ino ? 0 : 1;
}

static int write_in_child(void *with) {
    (void)with;
    put("other", "by the child\n");
    return rename("twin", "by-child") == 0 && mkdir("child-dir", 0755) == 0 ? 0 : 1;
}

static void over_processes(enum origin origin) {
    room(origin);
    struct stat is = status("file"), other = status("other");
    int reader = open("other", O_RDWR);
    CASE(in_child(inode_in_child, &is), "%s a child sees the same number", origins[origin]);
    end();
    CASE(in_child(write_in_child, NULL), "%s a child writes", origins[origin]);
    fact("%s %s", same_as(reader, other), content_of(reader));
    show("by-child");
    show("child-dir");
    show("twin");
    end();
    drop(reader);
}

void identity_subject(void) {
    BOTH(origin) {
        stable(origin);
        duplicates(origin);
        hard_links(origin);
        over_processes(origin);
    }
}
